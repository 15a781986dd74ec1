import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { asks, conversation, recordingWith, says, turn, used } from '../../schema/testing/recordings.ts'
import { describeTarget } from '../target.contract.ts'
import { playing, shopCase } from '../testing/trials.ts'
import type { Json } from '../../schema/json.ts'
import { type CommandSettings, commandTarget } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'evalkit-command-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A support agent without any SDK, as a program in another language would be. */
const agent = `
const { OPENAI_BASE_URL, EVALKIT_TOOL_URL, EVALKIT_TRACE_URL } = process.env
async function post(url, body) {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  const said = answer.status === 204 ? undefined : await answer.json()
  if (!answer.ok) throw new Error(said.error.message)
  return said
}
const { input } = await (await fetch(EVALKIT_TRACE_URL)).json()
const messages = [{ role: 'user', content: input }]
for (;;) {
  const { choices } = await post(OPENAI_BASE_URL + '/chat/completions', { model: 'gpt-shop', messages })
  const { message } = choices[0]
  messages.push(message)
  for (const { id, function: { name, arguments: given } } of message.tool_calls ?? []) {
    const told = await post(EVALKIT_TOOL_URL + '/' + name, { arguments: JSON.parse(given), id })
    if (told.run) throw new Error('the tool would run')
    messages.push({ role: 'tool', tool_call_id: id, content: told.response })
  }
  if (message.tool_calls === undefined) {
    await post(EVALKIT_TRACE_URL + '/end', { output: message.content })
    break
  }
}
`

function script(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return name
}

function node(text: string, more = {}): ReturnType<typeof commandTarget> {
  return commandTarget({ command: [process.execPath, '-e', text], cwd: folder, ...more })
}

script('agent.mjs', agent)
const nothing = recordingWith([])

describeTarget('a command', {
  make: () => commandTarget({ command: [process.execPath, 'agent.mjs'], cwd: folder }),
  recording: recordingWith(
    conversation(
      [
        turn('Refund W12.'),
        { model: asks([['get_order', { order: 'W12' }]]) },
        used('get_order', { order: 'W12' }, '{"status":"sent"}', 'c1'),
        { model: says('It was sent.') },
      ],
      { model: 'gpt-shop' },
    ).slice(1),
    { output: 'It was sent.' },
  ),
  output: 'It was sent.',
  timeoutMs: 25_000,
})

describe('commandTarget', () => {
  it('is named for its script, and versioned by its command line and its files', () => {
    const make = (...command: string[]): ReturnType<typeof commandTarget> =>
      commandTarget({ command, cwd: folder })
    script('shop.py', 'print(1)')
    const before = make('python3', 'shop.py', '--fast')
    expect(before).toMatchObject({ kind: 'command', name: 'shop.py' })
    expect(make('python3', 'shop.py').versions).not.toEqual(before.versions)
    script('shop.py', 'print(2)')
    expect(make('python3', 'shop.py', '--fast').versions).not.toEqual(before.versions)
    script('shop.py', 'print(1)')
    expect(make('python3', 'shop.py', '--fast').versions).toEqual(before.versions)
    expect(make('ruby', '-e', '1').name).toBe('ruby')
  })

  it.each([
    ['stdout, as JSON', 'console.log(JSON.stringify({ a: 1 }))', { a: 1 }],
    ['stdout, as text', 'console.log("  Hello.  ")', 'Hello.'],
    ['its input, from stdin', 'process.stdin.pipe(process.stdout)', 'Refund W12.'],
    ['nothing', '', undefined],
  ])('gives %s', async (_, text, output) => {
    const outcome = await playing(node(text), nothing, { timeoutMs: 20_000 })
    expect(outcome.reason).toBeUndefined()
    expect(outcome.output).toEqual(output)
  })

  it.each([
    [
      'an exit code',
      'console.error("one\\nno stock at " + process.env.EVALKIT_URL); process.exit(3)',
      'Error: exit code 3: no stock at $EVALKIT_URL',
    ],
    ['a signal', 'process.kill(process.pid, "SIGTERM")', 'Error: killed by SIGTERM'],
    [
      'what it says itself',
      'fetch(process.env.EVALKIT_TRACE_URL + "/end", { method: "POST", body: \'{"error":"no stock"}\' })',
      'Error: no stock',
    ],
  ])('fails with %s', async (_, text, why) => {
    expect(await playing(node(text), nothing, { timeoutMs: 20_000 })).toMatchObject({
      status: 'failed',
      code: 'EVK_AGENT_THREW',
      reason: `The agent threw ${why}`,
    })
  })

  it.each<[string, CommandSettings['input'], readonly string[], Json, Json]>([
    ['where {input} stands', undefined, ['--ask={input}', 'x'], 'Refund W12.', ['--ask=Refund W12.', 'x']],
    ['as the last one', 'argument', ['x'], 'a b $& "c"', ['x', 'a b $& "c"']],
    ['as JSON where it is no text', 'argument', [], { order: 'W12' }, ['{"order":"W12"}']],
    ['not at all where stdin has it', 'stdin', ['{input}'], 'x', ['{input}', '"x"']],
  ])('takes its input as an argument: %s', async (_, how, words, given, output) => {
    script(
      'echo.cjs',
      'process.stdin.toArray().then((all) => console.log(JSON.stringify([...process.argv.slice(2), ...all.map((one) => String(one).trim())])))',
    )
    const command = [process.execPath, 'echo.cjs', ...words]
    const target = commandTarget({ command, cwd: folder, ...(how === undefined ? {} : { input: how }) })
    const outcome = await playing(target, nothing, { case: { ...shopCase, input: given }, timeoutMs: 20_000 })
    expect(outcome).toMatchObject({ status: 'completed', output })
  })

  it('fails where its input cannot be an argument', async () => {
    const outcome = await playing(node('', { input: 'argument' }), nothing, {
      case: { ...shopCase, input: 'a\0b' },
    })
    expect(outcome).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('zero byte') as string,
    })
  })

  it('fails where there is no such program', async () => {
    const outcome = await playing(commandTarget({ command: ['no-such-program-anywhere'] }), nothing)
    expect(outcome.reason).toBe('The agent threw Error: no-such-program-anywhere cannot be started (ENOENT)')
    const nowhere = await playing(commandTarget({ command: ['true'], cwd: 'no-such-folder' }), nothing)
    expect(nowhere.reason).toContain('true cannot be started in no-such-folder (ENOENT)')
  })

  it('is stopped with everything it started when its time is up', async () => {
    const child = 'setInterval(() => 1, 1000)'
    const text = `
      const { pid } = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}])
      require('node:fs').writeFileSync('pids', process.pid + ' ' + pid)
      process.on('SIGTERM', () => undefined)
      setInterval(() => 1, 1000)`
    const outcome = await playing(node(text), nothing, { timeoutMs: 1500 })
    expect(outcome).toMatchObject({ status: 'failed', code: 'EVK_AGENT_LIMIT' })
    const { readFileSync } = await import('node:fs')
    const pids = readFileSync(join(folder, 'pids'), 'utf8').split(' ').map(Number)
    const alive = (pid: number): boolean => {
      try {
        process.kill(pid, 0)
        return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
      } catch {
        return false
      }
    }
    for (let tries = 0; pids.some(alive) && tries < 200; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(pids.filter(alive)).toEqual([])
  })

  it('has an environment of its own, without our keys and without a way out', async () => {
    process.env['SECRET_OF_OURS'] = 'x'
    process.env['OPENAI_API_KEY'] ??= 'sk-ours'
    const text =
      'const { SECRET_OF_OURS, OPENAI_API_KEY, GREETING, PATH } = process.env; console.log(JSON.stringify({ SECRET_OF_OURS, OPENAI_API_KEY, GREETING, path: PATH !== undefined }))'
    const outcome = await playing(node(text, { env: { GREETING: 'hello' } }), nothing, { timeoutMs: 20_000 })
    expect(outcome.output).toEqual({ OPENAI_API_KEY: 'recorded', GREETING: 'hello', path: true })
  })

  it('ends the trial when it asks for a place that was not recorded', async () => {
    const text = `
      const { connect } = require('node:net')
      const { hostname, port } = new URL(process.env.HTTPS_PROXY)
      connect(port, hostname, function () { this.write('CONNECT example.org:443 HTTP/1.1\\r\\nHost: example.org\\r\\n\\r\\n') })
        .on('data', () => process.exit(0))`
    const outcome = await playing(node(text), nothing, { timeoutMs: 20_000 })
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
    expect(outcome.reason).toContain('example.org:443 was asked for through a proxy')
  })

  it('is a miss where it asks a model for what was not recorded', async () => {
    const outcome = await playing(
      commandTarget({ command: [process.execPath, 'agent.mjs'], cwd: folder }),
      nothing,
      {
        case: { ...shopCase, input: 'Something else.' },
        timeoutMs: 20_000,
      },
    )
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
  })

  it('says what is wrong with its settings', () => {
    const wrong = { comand: ['x'] } as unknown as Parameters<typeof commandTarget>[0]
    expect(() => commandTarget(wrong)).toThrow(expect.objectContaining({ code: 'EVK_EVAL_INVALID' }))
    expect(() => commandTarget({ command: [] })).toThrow(
      expect.objectContaining({ code: 'EVK_EVAL_INVALID' }),
    )
  })
})
