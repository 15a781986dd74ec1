import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mulberry32 } from '../../src/lib/stats/mulberry32.ts'
import { type ChatServer, serveChat } from '../support/chat-server.ts'
import { bareEnvironment, linkPackage, repository, runCli, stripsTypes, workspace } from '../support/cli.ts'

const cases = 100

const files = {
  'evals/desk.eval.ts': `import OpenAI from 'openai'
import { defineEval, none } from 'evalkit'
import { fetch, trace } from 'evalkit/capture'
import { contains } from 'evalkit/checks'

export default defineEval({
  name: 'desk',
  dataset: Array.from({ length: ${cases} }, (_, n) => ({ id: 'q' + n, input: 'question ' + n})),
  target: (question: string) =>
    trace('desk', { input: question }, async () => {
      const client = new OpenAI({ fetch, maxRetries: 0 })
      const messages = [{ role: 'user' as const, content: question }]
      const { choices } = await client.chat.completions.create({ model: 'desk-1', messages })
      return choices[0]?.message.content ?? ''
    }),
  checks: [contains({ text: 'right' })],
  user: none(),
  concurrency: 20,
  gate: { onInconclusive: 'escalate' },
})
`,
  // A call uses 100 tokens, and so costs a tenth of a cent.
  'evalkit.config.ts': `export default { prices: { 'desk-1': { input: 10, output: 0 } } }\n`,
  'evals/still.eval.ts': `import { defineEval, none } from 'evalkit'
import { equals } from 'evalkit/checks'
import { readFileSync } from 'node:fs'

const broken = Number(readFileSync('broken.txt', 'utf8'))
export default defineEval({
  name: 'still',
  dataset: Array.from({ length: 60 }, (_, n) => ({ id: 'n' + n, input: n, expected: n })),
  target: (n: number) => (n < broken ? -1 : n),
  checks: [equals()],
  user: none(),
  gate: { onInconclusive: 'escalate' },
})
`,
  'broken.txt': '0',
}

interface Report {
  readonly cases: readonly { readonly trials: readonly unknown[] }[]
  readonly verdict: {
    readonly word: string
    readonly sentence: string
    readonly reasons: readonly { readonly code: string; readonly what: string }[]
    readonly comparison: { readonly level?: number; readonly lower: number }
    readonly escalation?: {
      readonly ended: string
      readonly taken: readonly { readonly trials: number; readonly word: string }[]
      readonly saved?: { readonly trials: number; readonly modelCalls: number; readonly costUsd: number }
      readonly unfinished?: { readonly trials: number; readonly costUsd: number }
    }
  }
}

describe('a verdict that is open', () => {
  const dir = workspace(files)
  let model: ChatServer
  /** How often each question was asked since it was last emptied. */
  const asked = new Map<string, number>()
  const total = (): number => [...asked.values()].reduce((sum, times) => sum + times, 0)
  let isWrong: (question: string, times: number) => boolean = () => false
  let onAsked: () => void = () => undefined
  const env = () => ({ ...stripsTypes, OPENAI_BASE_URL: `${model.url}/v1`, OPENAI_API_KEY: 'k' })
  const evalkit = (...args: readonly string[]) => runCli({}, args, { dir, env: env() })
  const live = async (...args: readonly string[]) => {
    const ran = await evalkit('run', 'desk', '--llm', 'live', '--baseline', 'main', '--json', ...args)
    const [report] = (JSON.parse(ran.stdout || '{"reports":[]}') as { reports: Report[] }).reports
    return { ...ran, report }
  }
  /** Five questions that are answered wrongly the first time; which ones is drawn. */
  const random = mulberry32(8)
  const unlucky = new Set(
    Array.from({ length: cases }, (_, n) => `question ${n}`)
      .sort(() => random() - 0.5)
      .slice(0, 5),
  )
  const firstTime = (question: string, times: number): boolean => times === 1 && unlucky.has(question)

  beforeAll(async () => {
    linkPackage(dir, 'openai')
    model = await serveChat((messages) => {
      const question = messages.at(-1)?.content ?? ''
      const times = (asked.get(question) ?? 0) + 1
      asked.set(question, times)
      onAsked()
      return { text: isWrong(question, times) ? 'no' : 'right' }
    })
    await evalkit('run', 'desk', '--llm', 'live', '--trials', '1', '--name', 'main')
  }, 60_000)
  afterAll(() => model.close())

  it('is none where the first look is certain: nothing more is asked, and that is said', async () => {
    asked.clear()
    const { exitCode, report } = await live()
    expect(exitCode).toBe(0)
    expect(total()).toBe(cases)
    expect(report?.verdict).toMatchObject({ word: 'pass', comparison: { level: 0.0214 } })
    expect(report?.verdict.sentence).toContain('95.7 % CI')
    expect(report?.verdict.escalation).toEqual({
      looks: [1, 3, 5],
      level: 0.0214,
      taken: [expect.objectContaining({ trials: 1, word: 'pass' })],
      ended: 'settled',
      saved: { trials: 400, modelCalls: 400, costUsd: 0.4 },
    })
  })

  it('is asked of every case again, in the same run, and no more once it is settled', async () => {
    asked.clear()
    isWrong = firstTime
    const { exitCode, stdout, stderr } = await evalkit(
      'run',
      'desk',
      '--llm',
      'live',
      '--baseline',
      'main',
      '--reporter',
      'terminal',
      '--reporter',
      'markdown=told.md',
    )
    expect(exitCode).toBe(0)
    expect(stderr).toContain('desk: open after 1 trial a case, going on to 3')
    expect([...asked.values()].every((times) => times === 3)).toBe(true)
    const told = stdout.replaceAll(/\s+/g, ' ')
    expect(told).toContain(
      'Settled after 3 of up to 5 trials a case: about 200 model calls and about $0.20 not spent.',
    )
    expect(told).toMatch(/Looks: 1 trial inconclusive \(-5\.0 pp, 95\.7 % CI .*\); 3 trials pass/)
    // What is asked of the run later is held to the same level.
    const again = await evalkit('gate', '--run', 'desk', '--baseline', 'main', '--json')
    const { verdict } = JSON.parse(again.stdout) as { verdict: Report['verdict'] }
    expect(verdict).toMatchObject({ word: 'pass', comparison: { level: 0.0214 } })
  })

  it('stays open where the spend cap ends a look, and goes on with it later', async () => {
    asked.clear()
    isWrong = firstTime
    const { exitCode, stderr, report } = await live('--spend', '0.2')
    expect(exitCode).toBe(3)
    expect(stderr).toMatch(/spend/i)
    expect(report?.verdict.word).toBe('inconclusive')
    const { ended, taken, unfinished } = report?.verdict.escalation ?? {}
    expect({ ended, looks: taken?.map(({ trials }) => trials) }).toEqual({ ended: 'spend cap', looks: [1] })
    expect(unfinished?.trials).toBeGreaterThan(0)
    expect(unfinished?.costUsd).toBeCloseTo((unfinished?.trials ?? 0) / 1000, 9)
    // The unfinished look is in no number.
    expect(report?.cases.every(({ trials }) => trials.length === 1)).toBe(true)

    const resumed = await live('--resume', '--spend', '5')
    expect(resumed.exitCode).toBe(0)
    expect(resumed.report?.verdict.escalation).toMatchObject({
      ended: 'settled',
      taken: [{ trials: 1 }, { trials: 3 }],
    })
    // Trials that were kept were not played again: only what was asked for when the cap came.
    expect(total()).toBeLessThanOrEqual(3 * cases + 20)
  })

  it('is gone on with at the same look after kill -9', async () => {
    asked.clear()
    isWrong = firstTime
    const args = [
      join(repository, 'bin', 'evalkit.mjs'),
      'run',
      'desk',
      '--llm',
      'live',
      '--baseline',
      'main',
    ]
    const child = spawn(process.execPath, args, {
      cwd: dir,
      env: bareEnvironment({ dir, env: env() }),
      stdio: 'ignore',
    })
    const ended = new Promise((resolve) => child.on('close', resolve))
    onAsked = () => {
      if (total() >= 200) child.kill('SIGKILL')
    }
    await ended
    onAsked = () => undefined
    const before = total()
    expect(before).toBeLessThan(300)
    const { exitCode, stderr, report } = await live('--resume')
    expect(exitCode).toBe(0)
    expect(Number(/(\d+) of 300 trials were finished before/.exec(stderr)?.[1])).toBeGreaterThanOrEqual(cases)
    expect(report?.verdict).toMatchObject({
      word: 'pass',
      escalation: { taken: [{ trials: 1 }, { trials: 3 }] },
    })
    expect(report?.cases.every(({ trials }) => trials.length === 3)).toBe(true)
    expect(total()).toBeLessThan(before + 200)
  })

  it('of a recording is not escalated, and stops', async () => {
    await evalkit('run', 'still', '--name', 'before')
    const open = await runCli({ 'broken.txt': '2' }, ['run', 'still', '--baseline', 'before'], {
      dir,
      env: env(),
    })
    expect(open.exitCode).toBe(3)
    expect(open.stdout.replaceAll(/\s+/g, ' ')).toContain('more trials of a recording teach nothing')
  })
})
