import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChatServer, serveChat } from '../support/chat-server.ts'
import { startCli } from '../support/cli-process.ts'
import { runCli, workspace } from '../support/cli.ts'

/** Asks the model once, streamed, and prints what came; without an SDK, as any program could. */
const asking = `
const { OPENAI_BASE_URL, EVALKIT_TRACE_URL } = process.env
const body = { model: 'gpt-shop', stream: true, messages: [{ role: 'user', content: 'Hello?' }] }
const headers = { authorization: 'Bearer sk-proj-${'x'.repeat(40)}', 'content-type': 'application/json' }
const answer = await fetch(OPENAI_BASE_URL + '/chat/completions', { method: 'POST', headers, body: JSON.stringify(body) })
let text = ''
for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) text += piece
process.stdout.write(text.match(/"content":"[^"]*"/g).map((one) => JSON.parse('{' + one + '}').content).join(''))
`

let model: ChatServer
beforeAll(async () => {
  model = await serveChat(() => ({ text: 'Hello to you, too.' }))
})
afterAll(() => model.close())

const env = (): Record<string, string> => ({ OPENAI_BASE_URL: `${model.url}/v1` })

/** The records in a spool, in order. */
function records(dir: string, spool = '.evalkit/spool'): Record<string, unknown>[] {
  const folder = join(dir, spool)
  return readdirSync(folder).flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  )
}

describe('evalkit record', () => {
  it('runs a program as if it were not there, and records what it asks', async () => {
    const files = { 'ask.mjs': asking }
    const { exitCode, stdout, stderr, dir } = await runCli(
      files,
      ['record', '--', 'node', 'ask.mjs', '--json'],
      { env: env() },
    )
    expect([exitCode, stdout]).toEqual([0, 'Hello to you, too.'])
    expect(stderr).toBe(
      'evalkit: recorded 1 run, 1 call, in .evalkit/spool\n  next      evalkit import .evalkit/spool\n',
    )
    const said = records(dir)
    expect(said.map(({ type }) => type)).toEqual(['start', 'span', 'reply', 'end'])
    expect(said[0]).toMatchObject({ name: 'ask.mjs' })
    expect(said[2]).toMatchObject({ reply: { message: { parts: [{ content: 'Hello to you, too.' }] } } })
    expect(said[3]).toMatchObject({ status: 'ok', ended: 'exit', versions: { model: 'gpt-shop' } })
    expect(JSON.stringify(said)).not.toContain('xxxxxxxx')
    expect((await runCli({}, ['import', '.evalkit/spool'], { dir })).stdout).toContain('1 traces')
  })

  it('hands on input, output, arguments and exit code', async () => {
    const text =
      'process.stdin.on("data", (said) => { process.stdout.write(said + process.argv[1]); console.error("oh"); process.exitCode = 7 })'
    const args = ['record', '--spool', 'here', '--', 'node', '-e', text, '--', '--name']
    const { exitCode, stdout, stderr, dir } = await runCli({}, args, { stdin: 'hello ' })
    expect([exitCode, stdout]).toEqual([7, 'hello --name'])
    expect(stderr).toContain('oh\n')
    expect(stderr).toContain('evalkit: nothing was recorded: the program asked no model')
    expect(readdirSync(dir)).not.toContain('here')
  })

  it('records that a program failed', async () => {
    const files = { 'ask.mjs': `${asking}\nprocess.exit(3)` }
    const args = ['record', '--name', 'broken', '--spool', 'out', '--', 'node', 'ask.mjs']
    const { exitCode, dir } = await runCli(files, args, { env: env() })
    expect(exitCode).toBe(3)
    expect(records(dir, 'out').at(-1)).toMatchObject({
      status: 'error',
      error: { message: 'The command ended with exit code 3.' },
    })
  })

  it('can be told what the program is asked', async () => {
    const text = `
      const { input } = await (await fetch(process.env.EVALKIT_TRACE_URL)).json()
      console.log(JSON.stringify(input))
      const body = JSON.stringify({ input, version: '7', attributes: { 'workflow.id': 'w' } })
      await fetch(process.env.EVALKIT_TRACE_URL, { method: 'POST', body })
      await fetch(process.env.EVALKIT_TOOL_URL + '/look', { method: 'POST', body: '{"arguments":{}}' })`
    const args = ['record', '--input', '{"ticket":7}', '--', 'node', '--input-type=module', '-e', text]
    const { stdout, dir } = await runCli({}, args)
    expect(stdout).toBe('{"ticket":7}\n')
    expect(records(dir)[0]).toMatchObject({
      type: 'start',
      input: { ticket: 7 },
      versions: { prompt: '7' },
      attributes: { 'workflow.id': 'w' },
    })
  })

  it('hands signals on, and ends as the program ends', async () => {
    const dir = workspace()
    const text =
      'process.on("SIGTERM", () => { console.log("tidied up"); process.exit(0) }); setInterval(() => 1, 1000); console.log("ready")'
    const running = startCli(dir, ['record', '--', 'node', '-e', text])
    await running.said('ready')
    running.child.kill('SIGTERM')
    expect(await running.ended).toMatchObject({ exitCode: 0, stdout: 'ready\ntidied up\n' })
    const stubborn = startCli(dir, ['record', '--', 'node', '-e', 'process.kill(process.pid, "SIGKILL")'])
    expect((await stubborn.ended).exitCode).toBe(137)
  })

  it('reaches other upstreams by name, and nothing else', async () => {
    const text = `
      const { EVALKIT_URL } = process.env
      const statuses = []
      for (const path of ['/shop/v1/chat/completions', '/elsewhere/x', '/shop/../x']) {
        const body = JSON.stringify({ model: 'm', messages: [] })
        statuses.push((await fetch(EVALKIT_URL + path, { method: 'POST', body })).status)
      }
      console.log(statuses.join())`
    const args = [
      'record',
      '--upstream',
      `shop=${model.url}`,
      '--',
      'node',
      '--input-type=module',
      '-e',
      text,
    ]
    expect(await runCli({}, args)).toMatchObject({ exitCode: 0, stdout: '200,404,404\n' })
  })

  it.each([
    [['record'], "Missing required argument 'command'."],
    [['record', '--', 'no-such-program-anywhere'], '"no-such-program-anywhere" cannot be started (ENOENT).'],
    [['record', '--upstream', 'tools=http://x', '--', 'true'], '"tools=http://x" names no upstream.'],
    [['record', '--upstream', 'shop=ftp://x', '--', 'true'], 'Upstream shop is no address: "ftp://x".'],
    [['record', '--upstream', 'shop=http://a:b@x', '--', 'true'], 'Upstream shop holds a password.'],
    [['proxy', '--port', '99999'], '--port takes a number up to 65535, not "99999".'],
    [['proxy', '--idle', 'soon'], '--idle takes a time such as 500ms, 60s or 5m, not "soon".'],
    [['mcp', 'record'], 'Name the server: a command behind "--", or --url.'],
    [['mcp', 'record', '--url', 'shop'], '--url is no address: "shop".'],
  ])('says what is wrong with %j', async (args, message) => {
    const { exitCode, stderr } = await runCli({}, args)
    expect(exitCode).toBe(2)
    expect(stderr).toContain(`EVK_USAGE  ${message}`)
    expect(stderr).not.toContain('    at ')
  })

  it('says what is wrong with an address in the environment', async () => {
    const { exitCode, stderr } = await runCli({}, ['record', '--', 'true'], {
      env: { OPENAI_BASE_URL: 'shop' },
    })
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('OPENAI_BASE_URL is no address: "shop".')])
  })
})
