import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChatMessage, type ChatServer, serveChat } from '../support/chat-server.ts'
import { repository, runCli, runProgram, workspace } from '../support/cli.ts'

const key = `sk-proj-${'k'.repeat(40)}`

/** Questions, and the answers the model of this test comes to. */
const questions = {
  'Where is my order W12?': 'W12 was delivered 4 days ago.',
  'Please refund W12, the tea is stale.': 'I refunded 18.5 euros for W12.',
  'Refund W13, I do not like it.': 'A colleague will answer you: T-1.',
  'Where is W14? ☕': 'W14 is on its way.',
  'What did I order?': 'You ordered W12, W13, W14.',
  'Where is W99?': 'I cannot find W99.',
}

/** What a careful clerk does next, from what was said and what tools brought. */
function clerk(messages: readonly ChatMessage[]): ReturnType<Parameters<typeof serveChat>[0]> {
  const question = messages.find(({ role }) => role === 'user')?.content ?? ''
  const order = /W\d+/.exec(question)?.[0] ?? ''
  const results = messages
    .filter(({ role }) => role === 'tool')
    .map(({ content }) => JSON.parse(content ?? ''))
  const [first, second] = results
  if (first === undefined)
    return order === '' ? { call: ['list_orders', {}] } : { call: ['get_order', { order }] }
  if (Array.isArray(first)) return { text: `You ordered ${first.join(', ')}.` }
  if (first.error !== undefined) return { text: `I cannot find ${order}.` }
  if (second !== undefined) {
    return {
      text:
        second.ticket === undefined
          ? `I refunded ${second.refunded} euros for ${order}.`
          : `A colleague will answer you: ${second.ticket}.`,
    }
  }
  if (/refund/i.test(question)) {
    return first.total > 50
      ? { call: ['hand_over', { summary: question }] }
      : { call: ['refund', { order, reason: question }] }
  }
  return {
    text:
      first.status === 'delivered'
        ? `${order} was delivered ${first.days_ago} days ago.`
        : `${order} is ${first.status}.`,
  }
}

describe('a program in Python, with its standard library alone', () => {
  const dir = workspace()
  let model: ChatServer
  const evalkit = (...args: string[]) => runCli({}, args, { dir })
  const agent = join(dir, 'agent.py')
  const edit = (from: string, to: string): void => {
    const text = readFileSync(agent, 'utf8')
    if (!text.includes(from)) throw new Error(`agent.py does not hold ${from}`)
    writeFileSync(agent, text.replace(from, to))
  }

  beforeAll(async () => {
    const { exitCode } = await runProgram('python3', ['--version'], { dir }).catch(() => ({ exitCode: -1 }))
    if (exitCode !== 0)
      throw new Error('This test needs python3 on PATH (3.8 or newer): see CONTRIBUTING.md.')
    cpSync(join(repository, 'examples/python'), dir, { recursive: true })
    model = await serveChat(clerk)
  })
  afterAll(() => model.close())

  it('runs by itself, and evalkit is nothing to it', async () => {
    const env = { OPENAI_BASE_URL: `${model.url}/v1` }
    const alone = await runProgram('python3', ['agent.py', 'Where is W99?'], { dir, env })
    expect(alone).toMatchObject({ exitCode: 0, stdout: 'I cannot find W99.\n', stderr: '' })
  })

  it('is recorded, promoted, replayed and gated', async () => {
    const env = { OPENAI_BASE_URL: `${model.url}/v1`, OPENAI_API_KEY: key }
    for (const [question, answer] of Object.entries(questions)) {
      const recorded = await runCli({}, ['record', '--', 'python3', 'agent.py', question], { dir, env })
      expect(recorded).toMatchObject({ exitCode: 0, stdout: `${answer}\n` })
      expect(recorded.stderr).toMatch(
        /evalkit: recorded 1 run, \d calls, in .evalkit\/spool\n {2}next {6}evalkit import/,
      )
    }
    expect(model.keys).toContain(`Bearer ${key}`)
    await model.close()

    expect((await evalkit('import', '.evalkit/spool')).stdout).toContain('6 traces')
    const listed = JSON.parse((await evalkit('trace', 'list', '--json')).stdout) as {
      traces: { id: string }[]
    }
    const shown = await evalkit('trace', 'show', listed.traces[0]?.id ?? '')
    expect(shown.stdout).toContain('tea-shop')
    expect(shown.stdout).toContain('tool get_order')
    expect((await evalkit('promote', '--all', '--dataset', 'tea-shop')).stdout).toContain('6 cases created')
    // A person looks through the answers, and finds them right.
    const dataset = join(dir, 'datasets/tea-shop.jsonl')
    const cases = readFileSync(dataset, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { input: keyof typeof questions })
    writeFileSync(
      dataset,
      cases.map((one) => `${JSON.stringify({ ...one, expected: questions[one.input] })}\n`).join(''),
    )

    // The model is gone, and there is no key: everything is answered from the tape, by the program's own code.
    const first = await evalkit('run', 'tea-shop', '--json')
    expect(first.exitCode).toBe(0)
    const [report] = (JSON.parse(first.stdout) as { reports: Report[] }).reports
    expect(report?.stats.passRate).toMatchObject({ passed: 6, of: 6 })
    expect((await evalkit('baseline', 'accept', '--run', 'tea-shop', '--reason', 'first')).exitCode).toBe(0)
    expect((await evalkit('run', 'tea-shop')).exitCode).toBe(0)

    // What the program makes of an answer is its own code: a slip there is a regression.
    edit('return message["content"]', 'return message["content"].upper()')
    const careless = await evalkit('run', 'tea-shop', '--json')
    const [red] = (JSON.parse(careless.stdout) as { reports: Report[] }).reports
    expect([careless.exitCode, red?.verdict.word]).toEqual([1, 'fail'])
    edit('return message["content"].upper()', 'return message["content"]')

    // Another prompt is another question to the model: nobody recorded the answer, so nothing is judged.
    edit('at most 50 euros', 'at most 500 euros')
    const other = await evalkit('run', 'tea-shop', '--json')
    const [unjudged] = (JSON.parse(other.stdout) as { reports: Report[] }).reports
    expect([other.exitCode, unjudged?.verdict.word]).toEqual([3, 'invalid'])
    edit('at most 500 euros', 'at most 50 euros')
    expect((await evalkit('run', 'tea-shop')).exitCode).toBe(0)

    for (const folder of ['.evalkit/spool', 'datasets', 'fixtures']) {
      expect((await runProgram('grep', ['-rl', key, folder], { dir })).stdout).toBe('')
    }
  }, 120_000)
})

interface Report {
  readonly stats: { readonly passRate: object }
  readonly verdict: { readonly word: string }
}
