import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { linkPackage, runCli, workspace } from '../support/cli.ts'

/** Uses both official SDKs in the ways that hurt, and says everything they gave. */
const agent = `
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'

const say = (path, body) => fetch(process.env.EVALKIT_TRACE_URL + path, { method: 'POST', body: JSON.stringify(body) })
await say('', { input: 'go' })
const said = {}
const anthropic = new Anthropic({ maxRetries: 1 })
const openai = new OpenAI({ maxRetries: 2 })
const messages = [{ role: 'user', content: 'Grüß Gott ☕' }]

async function events(stream) {
  const all = []
  try {
    for await (const event of stream) all.push(event)
  } catch (error) {
    all.push({ threw: error.message })
  }
  return all
}

const ask = { model: 'claude-shop', max_tokens: 10, messages }
said.plain = await anthropic.messages.create(ask)
const stream = anthropic.messages.stream({ ...ask, system: 'stream' })
said.streamed = await events(stream)
said.final = await stream.finalMessage()
said.reset = await events(await anthropic.messages.create({ ...ask, system: 'reset', stream: true }))
said.refused = await anthropic.messages.create({ ...ask, system: 'refuse' }).catch(({ status, error }) => ({ status, error }))
said.chat = await events(await openai.chat.completions.create({ model: 'gpt-shop', messages, stream: true }))
const { data, response, request_id } = await openai.chat.completions.create({ model: 'gpt-busy', messages }).withResponse()
said.retried = { data, request_id, type: response.headers.get('content-type') }
said.models = (await openai.models.list()).data
const early = []
for await (const chunk of await openai.chat.completions.create({ model: 'gpt-long', messages, stream: true })) {
  early.push(chunk)
  if (early.length === 2) break
}
said.early = early
await say('/end', { output: said })
console.log(JSON.stringify(said))
`

const evalFile = (origin: string): string => `
import { commandTarget, defineEval } from 'evalkit'
import { equals } from 'evalkit/checks'
export default defineEval({
  name: 'sdk', dataset: 'sdk', checks: [equals()],
  target: commandTarget({ command: ['node', 'agent.mjs'], upstreams: ['openai=${origin}/v1'] }),
})
`

const block = (text: string): string =>
  `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })}\n\n`
const usage = { input_tokens: 5, output_tokens: 1 }
const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-shop',
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage,
}
const opened = `event: message_start\ndata: ${JSON.stringify({ type: 'message_start', message })}\n\nevent: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n`
const closed = `event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\nevent: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n`
const chunk = (content: string): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'gpt-shop', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`

/** Sends bytes cut in the middle of characters and events. */
async function cut(response: ServerResponse, text: string): Promise<void> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += 37) {
    response.write(bytes.subarray(at, at + 37))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

let [busy, open] = [0, 0]
async function provider(url: string, body: string, response: ServerResponse): Promise<void> {
  const json = { 'content-type': 'application/json', 'request-id': 'req_a', 'x-request-id': 'req_o' }
  const events = { ...json, 'content-type': 'text/event-stream' }
  const choices = [{ index: 0, message: { role: 'assistant', content: 'Endlich ☕' }, finish_reason: 'stop' }]
  if (url === '/v1/models') {
    response
      .writeHead(200, json)
      .end('{"object":"list","data":[{"id":"gpt-shop","object":"model","created":1,"owned_by":"us"}]}')
  } else if (body.includes('"refuse"')) {
    response
      .writeHead(400, json)
      .end('{"type":"error","error":{"type":"invalid_request_error","message":"nein"}}')
  } else if (body.includes('"reset"')) {
    response.writeHead(200, events).write(opened + block('halb'))
    setTimeout(() => response.socket?.resetAndDestroy(), 30)
  } else if (url === '/v1/messages' && body.includes('"stream":true')) {
    response.writeHead(200, events)
    await cut(response, opened + block('Grüß ') + block('Gott ☕👋') + closed)
    response.end()
  } else if (url === '/v1/messages') {
    const whole = { ...message, content: [{ type: 'text', text: 'Grüß Gott ☕' }], stop_reason: 'end_turn' }
    response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify(whole)))
  } else if (body.includes('gpt-busy') && busy++ === 0) {
    response
      .writeHead(429, { ...json, 'retry-after-ms': '1' })
      .end('{"error":{"message":"langsam","type":"rate_limit"}}')
  } else if (body.includes('gpt-busy')) {
    response
      .writeHead(200, json)
      .end(JSON.stringify({ id: 'c2', object: 'chat.completion', created: 1, model: 'gpt-busy', choices }))
  } else if (body.includes('gpt-long')) {
    open++
    response.on('close', () => open--)
    response.writeHead(200, events).write(chunk('eins') + chunk('zwei'))
  } else {
    response.writeHead(200, events)
    await cut(response, `${chunk('Grüß ')}${chunk('Gott ☕')}data: [DONE]\n\n`)
    response.end()
  }
}

describe('a program that uses the official SDKs', () => {
  it('is given in a replay exactly what it was given when it was recorded', async () => {
    const server = createServer((request, response) => {
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => void provider(request.url ?? '', Buffer.concat(pieces).toString(), response))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const dir = workspace({ 'agent.mjs': agent, 'evals/sdk.eval.ts': evalFile(origin) })
    for (const name of ['openai', '@anthropic-ai/sdk']) linkPackage(dir, name)
    const env = {
      ANTHROPIC_BASE_URL: origin,
      OPENAI_BASE_URL: `${origin}/v1`,
      ANTHROPIC_API_KEY: `sk-ant-api03-${'k'.repeat(40)}`,
      OPENAI_API_KEY: `sk-proj-${'k'.repeat(40)}`,
    }
    const recorded = await runCli({}, ['record', '--', 'node', 'agent.mjs'], { dir, env })
    expect(recorded).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('recorded 1 run, 8 calls'),
    })
    const said = JSON.parse(recorded.stdout) as Record<string, unknown>
    expect(said).toMatchObject({
      plain: { content: [{ text: 'Grüß Gott ☕' }] },
      final: { content: [{ text: 'Grüß Gott ☕👋' }], usage: { output_tokens: 7 } },
      refused: { status: 400 },
      retried: { data: { choices: [{ message: { content: 'Endlich ☕' } }] }, request_id: 'req_o' },
      models: [{ id: 'gpt-shop' }],
    })
    expect(said['reset']).toContainEqual({ threw: 'terminated' })
    expect([said['early'], open]).toEqual([expect.objectContaining({ length: 2 }), 0])
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))

    await runCli({}, ['import', '.evalkit/spool'], { dir })
    expect((await runCli({}, ['promote', '--all', '--dataset', 'sdk'], { dir })).stdout).toContain('1 case')
    const dataset = join(dir, 'datasets/sdk.jsonl')
    const [line = ''] = readFileSync(dataset, 'utf8').split('\n')
    writeFileSync(dataset, `${JSON.stringify({ ...JSON.parse(line), expected: said })}\n`)
    const played = await runCli({}, ['run', 'sdk', '--json'], { dir })
    const [report] = (JSON.parse(played.stdout) as { reports: { cases: { trials: object[] }[] }[] }).reports
    expect(report?.cases[0]?.trials[0]).toMatchObject({
      status: 'completed',
      divergences: [],
      fidelity: { share: 1 },
    })
    expect(report).toMatchObject({ stats: { passRate: { passed: 1, of: 1 } } })
    expect(played.exitCode).toBe(0)
  })
})
