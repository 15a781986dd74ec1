import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { asks, conversation, recordingWith, says, turn, used } from '../../schema/testing/recordings.ts'
import { playing } from '../testing/trials.ts'
import type { Target } from '../target.ts'
import { commandTarget } from './command.ts'
import { httpTarget } from './http.ts'

const folder = mkdtempSync(join(tmpdir(), 'evalkit-misses-'))
afterAll(() => rmSync(folder, { recursive: true }))

const recording = recordingWith(
  conversation(
    [
      turn('Refund W12.'),
      { model: asks([['get_order', { order: 'W12' }]]) },
      used('get_order', { order: 'W12' }, 'sent', 'c1'),
      { model: says('It was sent.') },
    ],
    { model: 'gpt-shop', tools: [{ name: 'get_order', inputSchema: { type: 'object' } }] },
  ).slice(1),
)

/** What every program here begins with: a `fetch` that counts, and what it does with an error: it swallows it. */
const counting = `
let requests = 0
const counted = (...asked) => { requests++; return fetch(...asked) }
const messages = [{ role: 'user', content: 'Nobody recorded that.' }]
async function swallowing(call) {
  const told = await call().then(
    (value) => ({ value }),
    (error) => ({ error: error.constructor.name, status: error.status, message: error.message }))
  return { requests, ...told }
}
`

const openai = (more: string): string => `
import OpenAI from 'openai'
${counting}
const client = new OpenAI({ fetch: counted, maxRetries: 5 })
const said = await swallowing(() => client.chat.completions.create({ model: 'gpt-shop', messages ${more} }))`

const anthropic = (more: string): string => `
import Anthropic from '@anthropic-ai/sdk'
${counting}
const client = new Anthropic({ fetch: counted, maxRetries: 5 })
const said = await swallowing(() => client.messages.create({ model: 'claude-shop', max_tokens: 9, messages ${more} }))`

/** As MCP's own clients do it: what is an error in the answer is thrown with its code as \`status\`. */
const mcp = `
${counting}
async function rpc(id, method, params) {
  const answer = await counted(process.env.EVALKIT_MCP_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
  })
  const { result, error } = await answer.json()
  if (error !== undefined) throw Object.assign(new Error(error.message), { status: error.code })
  return result
}
await rpc(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } })
const { tools } = await rpc(2, 'tools/list')
if (tools[0].name !== 'get_order') throw new Error('it lists ' + JSON.stringify(tools))
requests = 0
const said = await swallowing(() => rpc(3, 'tools/call', { name: 'get_order', arguments: { order: 'W13' } }))`

const tool = `
${counting}
const said = await swallowing(async () => {
  const answer = await counted(process.env.EVALKIT_TOOL_URL + '/get_order', {
    method: 'POST', body: JSON.stringify({ arguments: { order: 'W13' } }) })
  const { error } = await answer.json()
  const again = answer.headers.get('x-should-retry')
  if (!answer.ok) throw Object.assign(new Error(error.message), { status: again === 'false' ? answer.status : 'again' })
})`

const upstream = `
${counting}
const said = await swallowing(async () => {
  const answer = await counted(process.env.EVALKIT_URL + '/search-engine/v1?q=tea')
  throw Object.assign(new Error((await answer.json()).error.message), { status: answer.status })
})`

interface Told {
  readonly requests: number
  readonly status: number
  readonly message: string
}

let count = 0
const told = (place: string): Told => JSON.parse(readFileSync(place, 'utf8')) as Told

/** The program by itself: it runs in our folder, where the SDKs are found. */
function program(text: string, place: string): Target {
  const whole = `${text}
    ;(await import('node:fs')).writeFileSync(${JSON.stringify(place)}, JSON.stringify(said))
    console.log('All is well.')`
  return commandTarget({ command: [process.execPath, '--input-type=module', '-e', whole] })
}

/** The same in a service, each time it is asked. */
function service(text: string, place: string): Target {
  const imports = text.match(/^import .*$/gm)?.join('\n') ?? ''
  const whole = `${imports}
    import { createServer } from 'node:http'
    import { writeFileSync } from 'node:fs'
    createServer(async (request, response) => {
      ${text.replace(/^import .*$/gm, '')}
      writeFileSync(${JSON.stringify(place)}, JSON.stringify(said))
      response.end('All is well.')
    }).listen(Number(process.env.PORT), '127.0.0.1')`
  return httpTarget({
    url: 'http://127.0.0.1:{port}/',
    start: { command: [process.execPath, '--input-type=module', '-e', whole] },
  })
}

describe.each([
  ['a command', program],
  ['a service', service],
] as const)('%s that asks for what nobody recorded, and swallows the answer', (_, make) => {
  it.each([
    ['OpenAI', openai(''), 400],
    ['OpenAI, streamed', openai(', stream: true'), 400],
    ['Anthropic', anthropic(''), 400],
    ['Anthropic, streamed', anthropic(', stream: true'), 400],
    ['MCP', mcp, -32000],
    ['a tool', tool, 400],
    ['an upstream there is not', upstream, 404],
  ])('%s: is refused once, and the trial is aborted', async (_, text, status) => {
    const place = join(folder, `${++count}.json`)
    const outcome = await playing(make(text, place), recording, { timeoutMs: 25_000 })
    expect(told(place)).toMatchObject({ requests: 1, status })
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
    expect(told(place).message).toContain(status === 404 ? 'Nothing is at /search-engine' : outcome.reason)
  })
})

const python = spawnSync('python3', ['--version']).status === 0

describe.runIf(python)('a program in Python, with its standard library alone', () => {
  const text = `
import json, os, urllib.error, urllib.request
requests = 0
def post(url, body):
    global requests
    requests += 1
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
def openai():
    return post(os.environ["OPENAI_BASE_URL"] + "/chat/completions",
        {"model": "gpt-shop", "messages": [{"role": "user", "content": "Nobody recorded that."}]})
def anthropic():
    return post(os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages",
        {"model": "claude-shop", "max_tokens": 9, "messages": [{"role": "user", "content": "Nobody recorded that."}]})
def tool():
    return post(os.environ["EVALKIT_TOOL_URL"] + "/get_order", {"arguments": {"order": "W13"}})
def mcp():
    status, answer = post(os.environ["EVALKIT_MCP_URL"], {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "get_order", "arguments": {"order": "W13"}}})
    return answer["error"]["code"], answer
`
  it.each([
    ['openai', 400],
    ['anthropic', 400],
    ['tool', 400],
    ['mcp', -32000],
  ])('%s: is refused once, and the trial is aborted', async (call, status) => {
    const place = join(folder, `python-${call}.json`)
    const whole = `${text}
said = ${call}()
json.dump({"requests": requests, "status": said[0], "message": said[1]["error"]["message"]}, open(${JSON.stringify(place)}, "w"))
print("All is well.")`
    const outcome = await playing(commandTarget({ command: ['python3', '-c', whole] }), recording, {
      timeoutMs: 25_000,
    })
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
    expect(told(place)).toMatchObject({ requests: 1, status, message: outcome.reason })
  })

  it('is served where it asks for what was recorded', async () => {
    const whole = `${text}
print(json.dumps(post(os.environ["EVALKIT_MCP_URL"], {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
    "params": {"name": "get_order", "arguments": {"order": "W12"}}})[1]["result"]["content"][0]["text"]))`
    const outcome = await playing(commandTarget({ command: ['python3', '-c', whole] }), recording, {
      timeoutMs: 25_000,
    })
    expect(outcome).toMatchObject({ status: 'completed', output: 'sent' })
  })
})
