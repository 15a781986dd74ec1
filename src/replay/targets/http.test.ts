import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Json } from '../../schema/json.ts'
import { asks, conversation, recordingWith, says, turn, used } from '../../schema/testing/recordings.ts'
import { describeTarget } from '../target.contract.ts'
import { whileOpen } from '../target.ts'
import { playing, shopCase } from '../testing/trials.ts'
import { type HttpSettings, httpTarget } from './http.ts'
import { freePort } from './service.ts'

const folder = mkdtempSync(join(tmpdir(), 'evalkit-http-'))
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A support agent behind HTTP, without any SDK: as a service in another language would be. */
const service = `
const { createServer } = require('node:http')
const { OPENAI_BASE_URL, EVALKIT_TOOL_URL, PORT, HANDS_ON } = process.env
async function post(url, body, handedOn) {
  const answer = await fetch(url, { method: 'POST', headers: handedOn, body: JSON.stringify(body) })
  const said = await answer.json()
  if (!answer.ok) throw new Error(said.error.message)
  return said
}
async function converse(content, handedOn) {
  const messages = [{ role: 'user', content }]
  for (;;) {
    const { choices } = await post(OPENAI_BASE_URL + '/chat/completions', { model: 'gpt-shop', messages }, handedOn)
    const { message } = choices[0]
    messages.push(message)
    for (const { id, function: { name, arguments: given } } of message.tool_calls ?? []) {
      const told = await post(EVALKIT_TOOL_URL + '/' + name, { arguments: JSON.parse(given), id }, handedOn)
      if (told.run) throw new Error('the tool would run')
      messages.push({ role: 'tool', tool_call_id: id, content: told.response })
    }
    if (message.tool_calls === undefined) return message.content
  }
}
createServer(async (request, response) => {
  let body = ''
  for await (const piece of request) body += piece
  const name = HANDS_ON
  const handedOn = name === undefined ? {} : { [name]: request.headers[name] }
  try {
    const answer = await converse(JSON.parse(body), handedOn)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  } catch (error) {
    response.writeHead(500, { 'content-type': 'text/plain' }).end(error.message)
  }
}).listen(Number(PORT), '127.0.0.1')
`
writeFileSync(join(folder, 'service.cjs'), service)

const recording = recordingWith(
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
)
const nothing = recordingWith([])

function started(text: string, more: Partial<HttpSettings> = {}, env = {}): ReturnType<typeof httpTarget> {
  return httpTarget({
    url: 'http://127.0.0.1:{port}/answer',
    start: { command: [process.execPath, '-e', text], cwd: folder, env },
    ...more,
  })
}

/** A service that answers each request with what is in \`answer\`. */
const answering = (answer: string): string =>
  `require('node:http').createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    ${answer}
  }).listen(Number(process.env.PORT), '127.0.0.1')`

/** A server of the test's own process. */
async function running(answer: (body: Json) => Json | Promise<Json>): Promise<URL> {
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece: Buffer) => (body += piece.toString()))
    request.on('end', () => {
      response.setHeader('content-type', 'application/json')
      void Promise.resolve(answer(JSON.parse(body) as Json)).then((said) =>
        response.end(JSON.stringify(said)),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}

const command = [process.execPath, 'service.cjs']
const url = 'http://127.0.0.1:{port}/answer'
const one = httpTarget({ url, start: { command, cwd: folder } })
const beside = (name: string): ReturnType<typeof httpTarget> =>
  httpTarget({ url, concurrent: true, start: { command, cwd: folder, env: { HANDS_ON: name } } })
const [byHeader, byBaggage, byParent] = ['x-evalkit-trace', 'baggage', 'traceparent'].map(beside)

const member = { recording, output: 'It was sent.', timeoutMs: 25_000 }
describeTarget('a service that hands nothing on', { make: () => one, ...member })
describeTarget('a service that hands a header on', { make: () => byHeader ?? one, ...member })
describeTarget('a service that hands baggage on', { make: () => byBaggage ?? one, ...member })
describeTarget('a service that hands traceparent on', { make: () => byParent ?? one, ...member })

describe('httpTarget', () => {
  it('is named for its script or its address, and versioned by what it is made of', () => {
    expect(one).toMatchObject({ kind: 'http', name: 'service.cjs', concurrency: 1 })
    expect(byHeader?.concurrency).toBeUndefined()
    const at = (more: Partial<HttpSettings>) => httpTarget({ url: 'http://127.0.0.1:9/answer/', ...more })
    expect(at({}).name).toBe('127.0.0.1/answer')
    expect(at({ version: 'v2' }).versions).not.toEqual(at({}).versions)
    expect(at({ output: (body) => [body] }).versions).not.toEqual(at({}).versions)
    expect(at({ url: 'http://127.0.0.1:8/answer/' }).versions).toEqual(at({}).versions)
  })

  it.each<[string, string, Partial<HttpSettings>, Json | undefined]>([
    [
      'JSON',
      `response.setHeader('content-type', 'application/vnd.x+json; a=b').end('{"a":1}')`,
      {},
      { a: 1 },
    ],
    ['text', `response.setHeader('content-type', 'text/plain').end('{"a":1}')`, {}, '{"a":1}'],
    ['nothing', `response.writeHead(204).end()`, {}, undefined],
    [
      'what it was sent',
      `response.setHeader('content-type', 'application/json').end(body)`,
      {},
      'Refund W12.',
    ],
    [
      'what request and output make of it',
      `response.setHeader('content-type', 'application/json').end(JSON.stringify({ answer: JSON.parse(body) }))`,
      {
        request: (input, { case: given }) => ({ question: input, id: given.id }),
        output: (body) => (body as { answer: Json }).answer,
      },
      { question: 'Refund W12.', id: 'refund' },
    ],
    [
      'what it says at EVALKIT_TRACE_URL',
      `await fetch(process.env.EVALKIT_TRACE_URL + '/end', { method: 'POST', body: '{"output":[1]}' }); response.end('x')`,
      {},
      [1],
    ],
    [
      'how it was asked',
      `const { method, url, headers } = request; response.setHeader('content-type', 'application/json')
       response.end(JSON.stringify([method, url, headers['content-type'], headers.authorization]))`,
      { method: 'PUT', headers: { Authorization: 'Bearer x' } },
      ['PUT', '/answer', 'application/json', 'Bearer x'],
    ],
  ])('gives %s', async (_, answer, more, output) => {
    const outcome = await playing(started(answering(answer), more), nothing, { timeoutMs: 20_000 })
    expect(outcome.reason).toBeUndefined()
    expect(outcome.output).toEqual(output)
  })

  it.each([
    [
      'a status',
      `response.writeHead(503).end('no\\nstock at ' + process.env.EVALKIT_URL)`,
      'status 503: no stock at $EVALKIT_URL',
    ],
    ['a status alone', `response.writeHead(302, { location: '/' }).end()`, 'status 302'],
    [
      'JSON that is none',
      `response.setHeader('content-type', 'application/json').end('{')`,
      'it answered with JSON that cannot be read',
    ],
    ['a connection that breaks off', `request.socket.destroy()`, 'the connection broke off (ECONNRESET)'],
    [
      'its end',
      `console.error('one\\nno memory'); process.exit(3)`,
      'the service ended (exit code 3: no memory)',
    ],
    [
      'what it says itself',
      `await fetch(process.env.EVALKIT_TRACE_URL + '/end', { method: 'POST', body: '{"error":"no stock"}' }); response.end()`,
      'no stock',
    ],
  ])('fails with %s', async (_, answer, why) => {
    const outcome = await playing(started(answering(answer)), nothing, { timeoutMs: 20_000 })
    expect(outcome).toMatchObject({
      status: 'failed',
      code: 'EVK_AGENT_THREW',
      reason: `The agent threw Error: ${why}`,
    })
  })

  it('is started once for a run, anew after it ended, and is gone afterwards', async () => {
    const log = join(folder, 'starts')
    const target = started(
      `require('node:fs').appendFileSync('starts', process.pid + ' ')
      ${answering(`if (body.includes('die')) process.exit(1); response.end(String(process.pid))`)}`,
    )
    const signal = new AbortController().signal
    const pids = (): number[] => readFileSync(log, 'utf8').trim().split(' ').map(Number)
    await whileOpen(target, signal, async () => {
      for (let trial = 0; trial < 3; trial++) await playing(target, nothing, { timeoutMs: 20_000 })
      expect(pids()).toHaveLength(1)
      const died = await playing(target, nothing, { case: { ...shopCase, input: 'die' }, timeoutMs: 20_000 })
      expect(died).toMatchObject({
        status: 'failed',
        reason: expect.stringContaining('exit code 1') as string,
      })
      const after = await playing(target, nothing, { timeoutMs: 20_000 })
      expect(after.output).toBe(String(pids()[1]))
    })
    expect(pids()).toHaveLength(2)
    for (const pid of pids()) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  it('is started anew after a trial that was cut off: nobody could tell what it still asks', async () => {
    const target = started(
      answering(`
        if (!body.includes('slow')) return response.end(String(process.pid))
        setInterval(() => fetch(process.env.EVALKIT_TOOL_URL + '/late', { method: 'POST', body: '{"arguments":{}}' }), 20)`),
    )
    await whileOpen(target, new AbortController().signal, async () => {
      const before = await playing(target, undefined, { timeoutMs: 20_000 })
      const slow = { ...shopCase, input: 'slow' }
      const late = await playing(target, recordingWith([]), { case: slow, timeoutMs: 300 })
      expect(late.status).not.toBe('completed')
      const after = await playing(target, undefined, { timeoutMs: 20_000 })
      expect(after.status).toBe('completed')
      expect(after.output).not.toBe(before.output)
    })
  })

  it('aborts what is under way where a call is of no trial, and says why', async () => {
    const target = started(
      answering(`
        await fetch(process.env.EVALKIT_TOOL_URL + '/x', { method: 'POST', body: '{"arguments":{}}' })
        response.end('done')`),
      { concurrent: true },
    )
    const all = await Promise.all([1, 2].map(() => playing(target, recording, { timeoutMs: 20_000 })))
    for (const outcome of all) {
      expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
      expect(outcome.reason).toContain('without the header x-evalkit-trace')
    }
  })

  it('takes a client that keeps the first header it saw for what it is', async () => {
    const target = started(
      `let first
      ${answering(`
        first ??= request.headers['x-evalkit-trace']
        const answer = await fetch(process.env.EVALKIT_TOOL_URL + '/get_order', {
          method: 'POST', headers: { 'x-evalkit-trace': first }, body: '{"arguments":{"order":"W12"}}' })
        response.end(await answer.text())`)}`,
      { concurrent: true },
    )
    await whileOpen(target, new AbortController().signal, async () => {
      const tool = recordingWith(recording.calls.filter(({ kind }) => kind === 'tool'))
      expect(await playing(target, tool, { timeoutMs: 20_000 })).toMatchObject({ status: 'completed' })
      const second = await playing(target, tool, { timeoutMs: 20_000 })
      expect(second).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
      expect(second.reason).toContain('the id of a trial that is over')
    })
  })

  it('asks a service that runs already, which finds evalkit where it was told', async () => {
    const tapPort = await freePort()
    const address = await running(async () => {
      const asked = { method: 'POST', body: '{"arguments":{"order":"W12"}}' }
      const answer = await fetch(`http://127.0.0.1:${tapPort}/tools/get_order`, asked)
      return ((await answer.json()) as { response: Json }).response
    })
    const target = httpTarget({ url: address.href, tapPort })
    const tool = recordingWith(recording.calls.filter(({ kind }) => kind === 'tool'))
    const outcome = await playing(target, tool)
    expect(outcome).toMatchObject({
      status: 'completed',
      output: '{"status":"sent"}',
      fidelity: { steps: 1 },
    })
    await whileOpen(target, new AbortController().signal, async () => {
      expect(
        (await fetch(`http://127.0.0.1:${tapPort}/tools/x`, { method: 'POST', body: '{"arguments":{}}' }))
          .status,
      ).toBe(400)
      const other = httpTarget({ url: address.href, tapPort })
      await expect(other.open?.(new AbortController().signal)).rejects.toMatchObject({
        code: 'EVK_TARGET_UNREACHABLE',
        hint: expect.stringContaining('tapPort') as string,
      })
    })
  })

  describe('where the service is not there', () => {
    it.each<[string, Partial<HttpSettings>, string]>([
      [
        'nothing listens',
        { url: 'http://127.0.0.1:9/', tapPort: 0 },
        'cannot be reached: nothing listens there',
      ],
      [
        'no such program',
        { start: { command: ['no-such-program-anywhere'] } },
        'ended before it was ready (it cannot be started: ENOENT)',
      ],
      [
        'it ends at once',
        { start: { command: [process.execPath, '-e', 'console.error("no key"); process.exit(2)'] } },
        'ended before it was ready (exit code 2: no key)',
      ],
      [
        'it is never ready',
        { start: { command: [process.execPath, '-e', 'setInterval(() => 1, 1000)'], timeoutMs: 300 } },
        'was not ready after 300 ms',
      ],
      [
        'it never says that it is ready',
        {
          start: {
            command: [process.execPath, '-e', answering(`response.writeHead(503).end()`)],
            ready: 'http://127.0.0.1:{port}/health',
            timeoutMs: 600,
          },
        },
        'was not ready after 600 ms',
      ],
    ])('%s: a run cannot begin, and a trial is not scored', async (_, more, why) => {
      const settings = { url, ...more }
      const tapPort = more.tapPort === 0 ? { tapPort: await freePort() } : {}
      const target = httpTarget({ ...settings, ...tapPort })
      await expect(target.open?.(new AbortController().signal)).rejects.toMatchObject({
        code: 'EVK_TARGET_UNREACHABLE',
        exit: 4,
        message: expect.stringContaining(why) as string,
      })
      const outcome = await playing(target, nothing, { timeoutMs: 20_000 })
      expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_TARGET_UNREACHABLE' })
      expect(outcome.reason).toContain(why)
    })
  })

  it.each<[string, object, string]>([
    ['no address', {}, 'url'],
    ['an address that is none', { url: 'localhost:3000' }, 'expected an address'],
    ['a password', { url: 'http://a:b@localhost/' }, 'without a password'],
    ['a port nobody chooses', { url }, 'is for services that evalkit starts'],
    ['an unknown setting', { url: 'http://localhost/', methd: 'PUT' }, 'methd'],
    ['no command', { url, start: { command: [] } }, 'start.command'],
    ['an upstream that is none', { url: 'http://localhost/', upstreams: ['x'] }, 'names no upstream'],
  ])('says what is wrong with %s', (_, settings, why) => {
    let error: unknown
    try {
      httpTarget(settings as HttpSettings)
    } catch (thrown) {
      error = thrown
    }
    expect((error as Error).message).toContain(why)
    expect(error).toMatchObject({ exit: 2 })
  })
})
