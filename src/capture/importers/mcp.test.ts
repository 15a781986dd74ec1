import { describe, expect, it } from 'vitest'
import { gradeOf } from '../../schema/grade.ts'
import { type SpanOf, trace as traceSchema, type Trace } from '../../schema/trace.ts'
import { mcp } from './mcp.ts'
import { sourceFrom } from './source.ts'

function importLines(lines: readonly unknown[]): readonly Trace[] {
  const text = lines.map((line) => JSON.stringify(line)).join('\n')
  const found = [...mcp.read(sourceFrom('log.jsonl', new TextEncoder().encode(text)))]
  return found.flatMap((item) => ('trace' in item ? [traceSchema.parse(item.trace) as Trace] : []))
}

function toolsIn(traces: readonly Trace[]): readonly SpanOf<'tool'>[] {
  return traces.flatMap(({ spans }) => spans.filter((span): span is SpanOf<'tool'> => span.kind === 'tool'))
}

const ask = (id: number | string, name: string, meta?: object) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: { at: id }, ...(meta === undefined ? {} : { _meta: meta }) },
})
const answer = (id: number | string, text: string, others: object = {}) => ({
  jsonrpc: '2.0',
  id,
  result: { content: [{ type: 'text', text }], ...others },
})
const parent = (trace: string) => ({ traceparent: `00-${trace.repeat(32)}-00f067aa0ba902b7-01` })

describe('a log of the Model Context Protocol', () => {
  it('trap 4: gives each answer to its request, in whatever order they come, and the error to its own', () => {
    const lines = [
      ask(1, 'a'),
      ask('1', 'b'),
      ask(2, 'c'),
      answer(2, 'c', { isError: true }),
      answer('1', 'b'),
      answer(1, 'a'),
    ]
    const tools = toolsIn(importLines(lines))
    expect(tools.map(({ request, reply, status }) => [request.name, reply?.response, status])).toEqual([
      ['a', 'a', 'ok'],
      ['b', 'b', 'ok'],
      ['c', 'c', 'error'],
    ])
  })

  it('tells an error of the protocol from one of the tool', () => {
    const refused = { jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'Unknown tool: a' } }
    const [tool] = toolsIn(importLines([ask(1, 'a'), refused]))
    expect(tool).toMatchObject({
      status: 'error',
      error: { type: 'jsonrpc_-32602', message: 'Unknown tool: a' },
      reply: { response: { code: -32602, message: 'Unknown tool: a' }, isError: true },
    })
  })

  it('knows which way a message went: both sides count from 0', () => {
    const roots = { jsonrpc: '2.0', id: 1, method: 'roots/list' }
    const [trace] = importLines([
      { dir: 'out', message: ask(1, 'a') },
      { dir: 'in', message: roots },
      { dir: 'out', message: { jsonrpc: '2.0', id: 1, result: { roots: [] } } },
      { dir: 'in', message: answer(1, 'a') },
    ])
    expect(
      trace?.spans.slice(1).map((span) => [span.name, 'output' in span ? span.output : undefined]),
    ).toEqual([
      ['a', undefined],
      ['roots/list', { roots: [] }],
    ])
    expect(toolsIn(trace === undefined ? [] : [trace])[0]?.reply?.response).toBe('a')
  })

  it('is without a session what one traceparent belongs to, as the protocol is since 2026-07-28', () => {
    const traces = importLines([
      ask(1, 'a', parent('a')),
      ask(2, 'b', parent('b')),
      answer(2, 'b', { resultType: 'complete', structuredContent: [1] }),
      ask(3, 'c', parent('a')),
      answer(1, 'a'),
      answer(3, 'c'),
    ])
    expect(traces.map((trace) => toolsIn([trace]).map(({ name }) => name))).toEqual([['b'], ['a', 'c']])
    expect(toolsIn(traces)[0]?.attributes).toMatchObject({
      'mcp.result.resultType': 'complete',
      'mcp.result.structuredContent': [1],
    })
  })

  it('has a result that is data only as it is, a call that nobody answered without one, and messages in a batch', () => {
    const data = { jsonrpc: '2.0', id: 1, result: { structuredContent: { n: 1 } } }
    const traces = importLines([[ask(1, 'a'), ask(2, 'b')], [data]])
    expect(toolsIn(traces).map(({ reply }) => reply)).toEqual([
      { response: { n: 1 }, isError: false },
      undefined,
    ])
    expect(gradeOf(traces[0] as Trace).missing).toEqual(['the reply of tool span s3 (b)'])
  })

  it('trap 12: keeps messages of methods nobody knows, and answers that nobody asked for', () => {
    const odd = { jsonrpc: '2.0', id: 7, method: 'tools/future', params: { x: 1 } }
    const stray = { jsonrpc: '2.0', id: 9, result: { y: 2 } }
    const [trace] = importLines([ask(1, 'a'), odd, stray])
    expect(trace?.spans.slice(2)).toMatchObject([
      { kind: 'custom', name: 'tools/future', input: { x: 1 } },
      { kind: 'custom', name: 'answer to nobody', output: stray },
    ])
  })
})
