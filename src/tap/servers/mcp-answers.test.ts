import { afterEach, describe, expect, it } from 'vitest'
import type { CallKind, ReplyOf, RequestOf, ToolReply, ToolRequest } from '../../schema/call.ts'
import { type Tap, TapAborted } from '../tap.ts'
import { watching } from '../testing/taps.ts'
import type { Asking, Runs } from './runs.ts'
import { Closing, endpoint, oneRun } from './testing/endpoint.ts'
import { rpc } from './testing/mcp.ts'

const closing = new Closing()
afterEach(() => closing.close())

const tools = [
  {
    name: 'get_order',
    description: 'Looks an order up.',
    inputSchema: { type: 'object', required: ['order'] },
  },
  { name: 'refund' },
]

/** A tap that has one answer to every tool call, and notes what was asked. */
function answering(reply: ToolReply | Error, seen: ToolRequest[] = []): Tap {
  return {
    ...watching(),
    async handle<K extends CallKind>(_: K, request: RequestOf<K>): Promise<ReplyOf<K>> {
      seen.push(request as ToolRequest)
      if (reply instanceof Error) throw reply
      return reply as ReplyOf<K>
    },
  }
}

const nothing: ToolReply = { response: null, isError: false }

async function serving(
  reply: ToolReply | Error = nothing,
  more: Partial<Runs> = {},
): Promise<{ seen: ToolRequest[]; ask: (body: string, headers?: object) => Promise<Answer> }> {
  const seen: ToolRequest[] = []
  const runs: Runs = { ...oneRun(answering(reply, seen)), tools: () => tools, ...more }
  const { origin } = await endpoint(closing, { runs })
  return {
    seen,
    async ask(body, headers = {}) {
      const answer = await fetch(`${origin}/mcp`, { method: 'POST', body, headers: { ...headers } })
      const text = await answer.text()
      return { status: answer.status, said: text === '' ? undefined : JSON.parse(text) }
    },
  }
}

interface Answer {
  readonly status: number
  readonly said: unknown
}

const result = (said: object, id: number | string = 1): object => ({
  status: 200,
  said: { jsonrpc: '2.0', id, result: said },
})
const call = (name = 'get_order', more = {}): string =>
  rpc(1, 'tools/call', { name, arguments: { order: 'W12' }, ...more })

describe('an MCP server in a run that is played again', () => {
  it('is met as clients meet one: a handshake, a notification, a list', async () => {
    const { ask } = await serving()
    expect(await ask(rpc(1, 'initialize', { protocolVersion: '2025-06-18' }))).toMatchObject(
      result({ protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'evalkit' } }),
    )
    expect(await ask(rpc(1, 'initialize', { protocolVersion: '1999-01-01' }))).toMatchObject(
      result({ protocolVersion: '2025-11-25' }),
    )
    expect(await ask(rpc(undefined, 'notifications/initialized'))).toEqual({ status: 202, said: undefined })
    expect(await ask(rpc('p', 'ping'))).toEqual(result({}, 'p'))
    expect(await ask(rpc(1, 'tools/list'))).toEqual(
      result({ tools: [tools[0], { name: 'refund', inputSchema: { type: 'object' } }] }),
    )
  })

  it('needs no handshake (revision 2026-07-28)', async () => {
    const { ask } = await serving({ response: 'sent', isError: false })
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
    expect(await ask(rpc(1, 'server/discover', { _meta }))).toMatchObject(
      result({
        supportedVersions: expect.arrayContaining(['2026-07-28']) as string[],
        resultType: 'complete',
      }),
    )
    expect(await ask(rpc(1, 'tools/list', { _meta }))).toMatchObject(
      result({ resultType: 'complete', ttlMs: 0, cacheScope: 'private' }),
    )
    expect(await ask(call('get_order', { _meta }))).toMatchObject(result({ resultType: 'complete' }))
    const newer = { 'io.modelcontextprotocol/protocolVersion': '2099-01-01' }
    expect(await ask(call('get_order', { _meta: newer }))).toMatchObject({
      status: 400,
      said: { error: { code: -32022, data: { requested: '2099-01-01' } } },
    })
  })

  it('answers a call from the tap', async () => {
    const { ask, seen } = await serving({ response: 'sent', isError: false })
    expect(await ask(call())).toEqual(result({ content: [{ type: 'text', text: 'sent' }], isError: false }))
    expect(seen).toEqual([{ name: 'get_order', arguments: { order: 'W12' } }])
  })

  it.each<[string, ToolReply, object]>([
    [
      'the result of an MCP server, whole',
      { response: { content: [{ type: 'text', text: 'x' }], structuredContent: { a: 1 } }, isError: false },
      { result: { content: [{ type: 'text', text: 'x' }], structuredContent: { a: 1 } } },
    ],
    [
      'the error of an MCP server',
      { response: { error: { code: -32602, message: 'no such tool' } }, isError: true },
      { error: { code: -32602, message: 'no such tool' } },
    ],
    [
      'an object of another tool, as text and as it is',
      { response: { state: 'sent' }, isError: false },
      {
        result: {
          content: [{ type: 'text', text: '{"state":"sent"}' }],
          structuredContent: { state: 'sent' },
          isError: false,
        },
      },
    ],
    [
      'a failure of another tool',
      { response: 'over the limit', isError: true },
      { result: { content: [{ type: 'text', text: 'over the limit' }], isError: true } },
    ],
  ])('hands out %s', async (_, reply, said) => {
    const { ask } = await serving(reply)
    expect(await ask(call())).toEqual({ status: 200, said: { jsonrpc: '2.0', id: 1, ...said } })
  })

  it('says with an error of the protocol what the tap refuses', async () => {
    const { ask } = await serving(new TapAborted('nobody recorded that'))
    expect(await ask(call())).toEqual({
      status: 200,
      said: { jsonrpc: '2.0', id: 1, error: { code: -32000, message: 'nobody recorded that' } },
    })
  })

  it('answers a batch with a batch, and notifications in it with nothing', async () => {
    const { ask } = await serving({ response: 'sent', isError: false })
    const { said } = await ask(`[${rpc(1, 'ping')},${rpc(undefined, 'notifications/initialized')},${call()}]`)
    expect(said).toMatchObject([
      { id: 1, result: {} },
      { id: 1, result: { isError: false } },
    ])
  })

  it('learns whose call it is from headers, and from what a message carries', async () => {
    const askings: Asking[] = []
    const { ask } = await serving(nothing, {
      enter(asking) {
        askings.push(asking)
        return { tap: answering(nothing), leave: () => undefined }
      },
    })
    const traceId = 'a'.repeat(32)
    await ask(call(), { 'x-evalkit-trace': 'r1' })
    await ask(call(), {
      baggage: 'userId=7;p=1, evalkit-trace=r2',
      traceparent: `00-${traceId}-${'b'.repeat(16)}-01`,
    })
    await ask(call('get_order', { _meta: { baggage: 'evalkit-trace=r3' } }))
    await ask(call(), { baggage: 'evalkit-trace=..%2Fx', traceparent: 'nonsense' })
    expect(askings).toEqual([{ key: 'r1' }, { key: 'r2', traceId }, { key: 'r3' }, {}])
  })

  it.each([
    ['no JSON', '{', { status: 400, said: { error: { code: -32700 } } }],
    ['no message', '"x"', { status: 400, said: { error: { code: -32600 } } }],
    ['an empty batch', '[]', { status: 400, said: { error: { code: -32600 } } }],
    ['another method', rpc(1, 'resources/list'), { status: 200, said: { error: { code: -32601 } } }],
    ['no tool', rpc(1, 'tools/call', {}), { status: 200, said: { error: { code: -32602 } } }],
    ['a forbidden key', '{"__proto__":{"id":1}}', { status: 400 }],
  ])('says what is wrong with %s', async (_, body, answer) => {
    const { ask, seen } = await serving()
    expect(await ask(body)).toMatchObject(answer)
    expect(seen).toEqual([])
  })

  it('has no stream and no session, and is not there where runs are recorded', async () => {
    const { origin } = await endpoint(closing, {
      runs: { ...oneRun(answering(nothing)), tools: () => tools },
    })
    expect((await fetch(`${origin}/mcp`, { headers: { accept: 'text/event-stream' } })).status).toBe(405)
    expect((await fetch(`${origin}/mcp`, { method: 'DELETE' })).status).toBe(204)
    const named = await fetch(`${origin}/mcp/shop`, { method: 'POST', body: rpc(1, 'ping') })
    expect(await named.json()).toMatchObject({ id: 1, result: {} })
    const recording = await endpoint(closing, { runs: oneRun(answering(nothing)) })
    expect((await fetch(`${recording.origin}/mcp`, { method: 'POST', body: call() })).status).toBe(404)
  })
})
