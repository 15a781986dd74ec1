import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../lib/hash.ts'
import { canonicalJson } from '../../lib/json.ts'
import { type Message, textMessage } from '../../schema/message.ts'
import type { Span, Trace } from '../../schema/trace.ts'
import { longSession } from '../testing/long-session.ts'
import { claudeCode } from './claude-code.ts'
import { sourceFrom } from './source.ts'
import { canonicalPieces, withTraceId } from './trace-id.ts'

function traceOf(spans: readonly Span[]): Omit<Trace, 'id'> {
  return {
    v: 1,
    name: 'tea shop',
    source: { format: 'test', at: 'a.json#1' },
    status: 'ok',
    versions: {},
    tags: [],
    attributes: {},
    scores: [],
    spans,
  }
}

function wholeText(content: Omit<Trace, 'id'>): string {
  return canonicalJson({ ...content, source: { format: content.source.format } })
}

function textOf(pieces: Iterable<string | Uint8Array>): string {
  return [...pieces].map((piece) => Buffer.from(piece).toString()).join('')
}

const said = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => textMessage('user', text))
/** Requests that begin as others do, in any order, with other messages between. */
const spans = fc
  .tuple(fc.array(said, { minLength: 1, maxLength: 6 }), fc.array(fc.array(fc.nat(), { maxLength: 8 })))
  .map(([messages, requests]): readonly Span[] =>
    requests.flatMap((places, at): Span[] => [
      {
        id: `s${2 * at}`,
        parent: null,
        kind: 'llm',
        name: 'llm',
        status: 'ok',
        request: {
          model: 'm',
          messages: places.map((place) => messages[place % messages.length] as Message),
          ...(at % 2 === 0 ? { system: [{ type: 'text', content: 'Sell tea.' }] } : {}),
        },
      },
      { id: `s${2 * at + 1}`, parent: null, kind: 'custom', name: 'note', status: 'ok', output: at },
    ]),
  )

describe('the id of a trace', () => {
  it('is the hash of its canonical text, whatever its requests share', () => {
    fc.assert(
      fc.property(spans, (some) => {
        const content = traceOf(some)
        expect(withTraceId(content).id).toBe(`t_${sha256(wholeText(content)).slice(0, 20)}`)
      }),
      { seed: 42 },
    )
  })

  it('is the same whether messages are one object or copies, and another where one says something else', () => {
    const [one, two] = [textMessage('user', 'W12?'), textMessage('assistant', 'On its way. ½ \u{1f375}')]
    const asked = (id: string, messages: readonly Message[]): Span => ({
      id,
      parent: null,
      kind: 'llm',
      name: 'llm',
      status: 'ok',
      request: { messages },
    })
    const content = traceOf([asked('s1', [one]), asked('s2', [one, two])])
    expect(withTraceId(structuredClone(content)).id).toBe(withTraceId(content).id)
    const other = traceOf([asked('s1', [one]), asked('s2', [two, one])])
    expect(withTraceId(other).id).not.toBe(withTraceId(content).id)
  })

  it('refuses what JSON cannot say', () => {
    const endless = {
      id: 's1',
      parent: null,
      kind: 'custom',
      name: 'n',
      status: 'ok',
      output: Number.POSITIVE_INFINITY,
    } as const
    expect(() => withTraceId(traceOf([endless]))).toThrow(TypeError)
  })

  it('takes text in the measure of what was said, though what is hashed is its square', () => {
    const [short, long] = [100, 400].map((turns) => {
      const trace = imported(turns)
      let written = 0
      let hashed = 0
      for (const piece of canonicalPieces(trace)) {
        if (typeof piece === 'string') written += piece.length
        hashed += piece.length
      }
      return { written, hashed }
    })
    if (short === undefined || long === undefined) throw new Error('both were made')
    expect(long.written / short.written).toBeLessThan(4.5)
    expect(long.hashed / short.hashed).toBeGreaterThan(12)
  })

  it('gives the pieces in order', () => {
    const trace = imported(20)
    const { id: _, ...content } = trace
    expect(textOf(canonicalPieces(content))).toBe(canonicalJson(content))
  })
})

function imported(turns: number): Trace {
  const bytes = new TextEncoder().encode([...longSession(turns)].join('\n'))
  const [only, ...others] = [...claudeCode.read(sourceFrom('long.jsonl', bytes))]
  if (only === undefined || !('trace' in only) || others.length > 0) throw new Error('one trace')
  return only.trace
}
