import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../schema/json.ts'
import { decodeProto } from './decode-proto.ts'
import { observeRun } from './observe.ts'
import { runsIn } from './run.ts'
import { message, traceRequest } from './testing/proto-writer.ts'

const call = (id: string, name = 'look', given: Json = { a: 1 }): Json => ({
  role: 'assistant',
  parts: [{ type: 'tool_call', id, name, arguments: given }],
})
const result = (id: string, response: Json): Json => ({
  role: 'tool',
  parts: [{ type: 'tool_call_response', id, response }],
})

/** Messages in all shapes, with ids and without, also such as change how those beside them are read. */
const said: readonly Json[] = [
  { role: 'system', content: 'Be quick.' },
  { role: 'user', parts: [{ type: 'text', content: 'Where is it?' }] },
  { role: 'assistant', parts: [{ type: 'text', content: 'I look.' }] },
  { role: 'assistant', parts: [] },
  call('c1'),
  call('c2', 'buy'),
  call(''),
  call('', 'buy', { b: 2 }),
  result('c1', 'there'),
  result('c2', 'bought'),
  result('', 'nameless'),
  { role: 'tool', name: 'buy', parts: [{ type: 'tool_call_response', id: '', response: 'b' }] },
  { role: 'assistant', content: [{ type: 'tool_use', id: 'c3', name: 'look', input: { c: 3 } }] },
  { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c3', content: 'found' }] },
  { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c4', toolName: 'look', args: {} }] },
  { role: 'assistant', tool_calls: [{ id: 'c5', function: { name: 'look', arguments: '{"d":4}' } }] },
  { role: 'tool', tool_call_id: 'c5', content: 'seen' },
  'no message',
]

const openings = ['user', 'system'].map((role) => ({ role, content: 'I lost my luggage. '.repeat(40) }))
/** What is asked for, and what comes of it: most of what matters. */
const asked = said.slice(4, 8)
const shown = said.slice(8, 12)
const some = fc.oneof(fc.constantFrom(...said), fc.constantFrom(...shown))

/** Model calls of one run: each says a part of the conversation, or branches off, and answers. */
const calls = fc.record({
  opening: fc.constantFrom(...openings),
  conversation: fc.array(some, { maxLength: 12 }),
  spans: fc.array(
    fc.record({
      length: fc.nat(12),
      more: fc.oneof(
        { weight: 3, arbitrary: fc.constant<readonly Json[]>([]) },
        fc.array(some, { maxLength: 3 }),
      ),
      reply: fc.oneof(fc.constantFrom(...said), fc.constantFrom(...asked)),
      tool: fc.constantFrom('', 'c1', 'none', 'none', 'none'),
    }),
    { minLength: 2, maxLength: 10 },
  ),
})

const request = (
  spans: readonly { readonly input: string; readonly output: string; readonly tool: string }[],
): Buffer =>
  traceRequest(
    spans.flatMap(({ input, output, tool }, at) => {
      const model = { 'gen_ai.operation.name': 'chat', 'gen_ai.input.messages': input }
      const asked = span(2 * at + 1, { ...model, 'gen_ai.output.messages': output })
      const called = {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'look',
        ...(tool === '' || tool === 'lost' ? {} : { 'gen_ai.tool.call.id': tool }),
        'gen_ai.tool.call.arguments': '{"a":1}',
        ...(tool === 'lost' ? {} : { 'gen_ai.tool.call.result': 'there' }),
      }
      return tool === 'none' ? [asked] : [asked, span(2 * at + 2, called)]
    }),
  )

function span(at: number, attributes: Readonly<Record<string, string>>): Buffer {
  const id = Buffer.alloc(8)
  id.writeUInt32BE(at)
  const start = BigInt(at) * 1_000_000_000n
  return message([
    [1, Buffer.alloc(16, 7)],
    [2, id],
    [5, 'chat'],
    [7, start, 'fixed64'],
    [8, start + 5n, 'fixed64'],
    ...Object.entries(attributes).map(
      ([key, text]) =>
        [
          9,
          message([
            [1, key],
            [2, message([[1, text]])],
          ]),
        ] as const,
    ),
  ])
}

function traceOf(bytes: Buffer): unknown {
  const [run] = runsIn(decodeProto(bytes)).runs
  return run === undefined ? undefined : observeRun(run)
}

describe('a run whose model calls repeat the conversation', () => {
  it('is the trace that it is where each is read for itself', () => {
    let made = 0
    fc.assert(
      fc.property(calls, ({ opening, conversation, spans }) => {
        const all = spans.map(({ length, more, reply, tool }) => ({
          input: JSON.stringify([opening, ...conversation.slice(0, length), ...more]),
          output: JSON.stringify([reply]),
          tool,
        }))
        // Before none of these texts stands what stands before another: they go on from none, and share nothing.
        const apart = all.map((one, at) => ({ ...one, input: `${' '.repeat(at + 1)}${one.input}` }))
        const trace = traceOf(request(all))
        expect(trace).toEqual(traceOf(request(apart)))
        if (typeof trace === 'object' && trace !== null && 'trace' in trace) made++
      }),
      { seed: 42, numRuns: 700 },
    )
    expect(made).toBeGreaterThan(500)
  })

  it('is read from the start where a call goes on from no other', () => {
    const [opening = {}] = openings
    const question: Json = { role: 'user', content: 'And?' }
    const long = [opening, question, question, question]
    const both = (id: string, tool: 'none' | 'lost') =>
      traceOf(
        request([
          { input: JSON.stringify(long), output: JSON.stringify([call(id)]), tool },
          {
            input: JSON.stringify([opening, call(id), result(id, 'there')]),
            output: JSON.stringify([question]),
            tool: 'none',
          },
        ]),
      )
    const derived = both('', 'none')
    expect(derived).toMatchObject({
      trace: {
        spans: [
          { kind: 'agent' },
          { kind: 'llm' },
          { kind: 'tool', request: { id: 'call_1' }, reply: { response: 'there' } },
          {
            kind: 'llm',
            request: { messages: [{}, { parts: [{ id: 'call_1' }] }, { parts: [{ id: 'call_1' }] }] },
          },
        ],
      },
    })
    expect(both('c1', 'lost')).toMatchObject({
      trace: {
        spans: [
          { kind: 'agent' },
          { kind: 'llm' },
          { kind: 'tool', reply: { response: 'there' }, fidelity: { result: 'derived' } },
          { kind: 'llm' },
        ],
      },
    })
  })
})
