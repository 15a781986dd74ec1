import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Message, textMessage } from './message.ts'
import { type Span, type Trace, trace as traceSchema } from './trace.ts'
import { jsonLength } from './trace-length.ts'
import { shortened, traceInLine, traceLine } from './trace-line.ts'

function traceOf(requests: readonly (readonly Message[])[]): Trace {
  const spans = requests.flatMap((messages, at): Span[] => [
    {
      id: `s${2 * at + 1}`,
      parent: null,
      kind: 'llm',
      name: 'llm',
      status: 'ok',
      request: {
        messages,
        ...(at % 2 === 0 ? { system: [{ type: 'text', content: 'Sell "tea".' }], tools: [] } : {}),
      },
    },
    { id: `s${2 * at + 2}`, parent: null, kind: 'custom', name: 'note', status: 'ok', output: at },
  ])
  const rest = { name: 'shop', source: { format: 'test' }, status: 'ok', versions: {}, tags: [] } as const
  return { v: 1, id: 't_1', ...rest, attributes: {}, scores: [], spans }
}

const traces = fc
  .tuple(
    fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { minLength: 1, maxLength: 6 }),
    fc.array(fc.array(fc.nat(), { maxLength: 8 }), { maxLength: 8 }),
  )
  .map(([texts, requests]) => {
    const messages = texts.map((text) => textMessage('user', text))
    return traceOf(requests.map((places) => places.map((at) => messages[at % messages.length] as Message)))
  })

function read(line: string): Trace | undefined {
  const found = traceInLine(JSON.parse(line))
  return found.whole(traceSchema.parse(found.value))
}

/** A conversation in which every message is asked with all before it. */
function growing(turns: number, text: string): Trace {
  const messages = Array.from({ length: turns }, (_, at) => textMessage('user', `${at} ${text}`))
  return traceOf(messages.map((_, at) => messages.slice(0, at + 1)))
}

describe('the length of a trace', () => {
  it('is that of its JSON', () => {
    fc.assert(
      fc.property(traces, (trace) => {
        expect(jsonLength(trace)).toBe(JSON.stringify(trace).length)
      }),
      { seed: 42 },
    )
  })
})

describe('a trace on one line', () => {
  it('is the trace again, with what repeats left out', () => {
    fc.assert(
      fc.property(traces, (trace) => {
        expect(read(JSON.stringify(shortened(trace)))).toEqual(JSON.parse(JSON.stringify(trace)))
      }),
      { seed: 42 },
    )
  })

  it('is whole where it is short, and in the measure of what was said where it is long', () => {
    const short = growing(20, 'tea')
    expect(traceLine(short)).toBe(JSON.stringify(short))
    const long = growing(300, 'tea'.repeat(200))
    expect(jsonLength(long)).toBeGreaterThan(16 * 1024 ** 2)
    expect(traceLine(long).length).toBeLessThan(400_000)
    expect(jsonLength(read(traceLine(long)) as Trace)).toBe(jsonLength(long))
  })

  it('keeps the requests of agents that take turns short', () => {
    const [a, b] = [growing(40, 'green').spans, growing(40, 'black').spans]
    const turns = a
      .flatMap((span, at) => [span, b[at] as Span])
      .map((span, at) => ({ ...span, id: `s${at}` }))
    const trace = { ...growing(1, ''), spans: turns }
    expect(JSON.stringify(shortened(trace)).length).toBeLessThan(jsonLength(trace) / 2)
    expect(read(JSON.stringify(shortened(trace)))).toEqual(trace)
  })

  it.each([
    ['no span', { span: 's9', messages: 1 }],
    ['a later span', { span: 's5', messages: 1 }],
    ['more than the span said', { span: 's1', messages: 2 }],
    ['nothing', { span: 's1', messages: 0 }],
    ['less than nothing', { span: 's1', messages: -1 }],
    ['a part of a message', { span: 's1', messages: 0.5 }],
    ['no reference', 7],
    ['null', null],
  ])('goes on from %s: there is no trace', (_, goesOn) => {
    const trace = growing(3, 'tea')
    const spans = trace.spans.map((span) => (span.id === 's3' ? { ...span, goesOn } : span))
    expect(read(JSON.stringify({ ...trace, spans }))).toBeUndefined()
  })

  it('has requests only where models are asked', () => {
    const trace = growing(2, 'tea')
    const spans = trace.spans.map((span) =>
      span.kind === 'custom' ? { ...span, goesOn: { span: 's1', messages: 1 } } : span,
    )
    expect(read(JSON.stringify({ ...trace, spans }))).toBeUndefined()
  })

  it('that would repeat without end is none', () => {
    // Each request is the one before and one message more: of a few megabytes would come a terabyte.
    const trace = growing(1, '')
    const [first] = trace.spans
    const spans = Array.from({ length: 40_000 }, (_, at) => ({
      ...first,
      id: `s${at}`,
      ...(at === 0 ? {} : { goesOn: { span: `s${at - 1}`, messages: at } }),
    }))
    expect(read(JSON.stringify({ ...trace, spans }))).toBeUndefined()
  })
})
