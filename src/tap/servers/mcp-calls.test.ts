import { setImmediate } from 'node:timers/promises'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lineReader } from './lines.ts'
import { mcpCalls } from './mcp-calls.ts'
import { mcpAnswer, mcpTap, mcpTools, rpc } from './testing/mcp.ts'

function session(): { seen: Record<string, unknown>[]; calls: ReturnType<typeof mcpCalls> } {
  const seen: Record<string, unknown>[] = []
  return { seen, calls: mcpCalls(mcpTap(seen)) }
}

const result = (id: number | string, value: unknown): string =>
  JSON.stringify({ jsonrpc: '2.0', id, result: value })

describe('mcpCalls', () => {
  it('meets the tap with each tool call, and what came of it', async () => {
    const { seen, calls } = session()
    calls.asked(
      rpc(1, 'tools/call', { name: 'get_order', arguments: { order: 'W12' }, _meta: { traceparent: '00' } }),
    )
    calls.asked(rpc('a', 'tools/call', { name: 'refund' }))
    calls.asked(rpc(2, 'tools/call', { name: 'nope' }))
    calls.answered(result('a', { content: [], isError: true }))
    calls.answered(result(1, { content: [], structuredContent: 7, resultType: 'complete' }))
    calls.answered(
      JSON.stringify({ jsonrpc: '2.0', id: 2, error: { code: -32602, message: 'unknown tool' } }),
    )
    await setImmediate()
    expect(seen).toEqual([
      {
        name: 'get_order',
        arguments: { order: 'W12' },
        reply: { response: { content: [], structuredContent: 7, resultType: 'complete' }, isError: false },
      },
      { name: 'refund', arguments: {}, reply: { response: { content: [], isError: true }, isError: true } },
      {
        name: 'nope',
        arguments: {},
        reply: { response: { error: { code: -32602, message: 'unknown tool' } }, isError: true },
      },
    ])
  })

  it('knows the tools, the server and the protocol, page by page', async () => {
    const { seen, calls } = session()
    for (const message of [
      rpc(0, 'initialize', { protocolVersion: '2025-06-18' }),
      rpc(undefined, 'notifications/initialized'),
      rpc(1, 'tools/list'),
      rpc(2, 'tools/list', { cursor: 'p2' }),
    ]) {
      calls.asked(message)
      const answer = mcpAnswer(JSON.parse(message))
      if (answer !== undefined) calls.answered(JSON.stringify(answer))
    }
    await setImmediate()
    expect(seen).toEqual([
      { part: 'tools/list', input: {}, output: { tools: mcpTools.slice(0, 1), nextCursor: 'p2' } },
      { part: 'tools/list', input: { cursor: 'p2' }, output: { tools: mcpTools.slice(1) } },
    ])
    expect(calls.facts()).toEqual({
      'mcp.protocol': '2025-06-18',
      'mcp.server': { name: 'shop', version: '1.2.0' },
      'mcp.tools': mcpTools,
      'evalkit.tools': { get_order: expect.stringMatching(/^[0-9a-f]{16}$/), refund: expect.any(String) },
    })
  })

  it('reads batches, and tells 1 from "1"', async () => {
    const { seen, calls } = session()
    const call = (id: number | string): object => JSON.parse(rpc(id, 'tools/call', { name: typeof id }))
    calls.asked(JSON.stringify([call(1), call('1'), JSON.parse(rpc(undefined, 'ping'))]))
    calls.answered(JSON.stringify([JSON.parse(result('1', 'text')), JSON.parse(result(1, 'number'))]))
    await setImmediate()
    expect(seen).toMatchObject([
      { name: 'number', reply: { response: 'number' } },
      { name: 'string', reply: { response: 'text' } },
    ])
  })

  it('does not take the server’s own requests, and answers to them, for calls', async () => {
    const { seen, calls } = session()
    calls.asked(rpc(1, 'tools/call', { name: 'ask' }))
    calls.answered(rpc(1, 'sampling/createMessage', { messages: [] }))
    calls.asked(result(1, { role: 'assistant' }))
    calls.answered(rpc(1, 'tools/call', { name: 'not a call of the client' }))
    await setImmediate()
    expect(seen).toEqual([{ name: 'ask', arguments: {} }])
    calls.answered(result(1, 'done'))
    await setImmediate()
    expect(seen).toMatchObject([{ reply: { response: 'done' } }])
  })

  it('keeps exchanges apart whose ids are the same', async () => {
    const { seen, calls } = session()
    for (const scope of ['x1', 'x2', 'x3']) calls.asked(rpc(1, 'tools/call', { name: scope }), scope)
    calls.answered(result(1, 'two'), 'x2')
    calls.over('x1', 'it broke off')
    calls.answered(result(1, 'three, on another stream'))
    await setImmediate()
    expect(seen).toMatchObject([
      { name: 'x1', error: 'Error: it broke off' },
      { name: 'x2', reply: { response: 'two' } },
      { name: 'x3', reply: { response: 'three, on another stream' } },
    ])
  })

  it('says of calls that were never answered why', async () => {
    const { seen, calls } = session()
    calls.asked(rpc(1, 'tools/call', { name: 'slow' }))
    calls.asked(rpc(2, 'tools/call', { name: 'slower' }))
    calls.asked(rpc(undefined, 'notifications/cancelled', { requestId: 1 }))
    calls.close('The server ended.')
    await setImmediate()
    expect(seen).toMatchObject([
      { error: 'Error: The client cancelled the call.' },
      { error: 'Error: The server ended.' },
    ])
  })

  it.each([
    '',
    'no JSON',
    '[]',
    '3',
    'null',
    '[[1]]',
    '{"id":1}',
    '{"method":7}',
    '{"method":"tools/call","id":1}',
  ])('lives with %j', (text) => {
    const { calls } = session()
    expect(() => {
      calls.asked(text)
      calls.answered(text)
      calls.close('over')
    }).not.toThrow()
  })
})

describe('lineReader', () => {
  it('gives the same lines wherever the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', ' '))),
        fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
        (lines, sizes) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
          const read: string[] = []
          const feed = lineReader(
            (line) => read.push(line),
            () => undefined,
          )
          let at = 0
          for (const size of sizes) {
            if (at >= bytes.length) break
            const piece = Buffer.from(bytes.subarray(at, at + size))
            feed(piece)
            piece.fill(0)
            at += size
          }
          expect(read).toEqual(
            Buffer.from(lines.join('\n'))
              .toString()
              .split('\n')
              .filter((line) => line !== ''),
          )
        },
      ),
      { seed: 42 },
    )
  })

  it('leaves out what is too long, and what never ended', () => {
    const read: string[] = []
    let tooLong = 0
    const feed = lineReader(
      (line) => read.push(line),
      () => tooLong++,
      5,
    )
    for (const piece of ['12345\n1234', '56', '78\nok\n123456\n', 'half']) feed(Buffer.from(piece))
    expect([read, tooLong]).toEqual([['12345', 'ok'], 2])
  })
})
