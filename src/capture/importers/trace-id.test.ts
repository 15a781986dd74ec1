import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../lib/hash.ts'
import { canonicalJson } from '../../lib/json.ts'
import { type Message, textMessage } from '../../schema/message.ts'
import type { Span, Trace } from '../../schema/trace.ts'
import { longSession } from '../testing/long-session.ts'
import { claudeCode } from './claude-code.ts'
import { sourceFrom } from './source.ts'
import { withTraceId } from './trace-id.ts'

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

/** As it is promised, of each request for itself. */
function idOf({ spans: all, source, ...content }: Omit<Trace, 'id'>): string {
  const digest = (messages: readonly Message[]): string =>
    messages.length === 0 ? '' : sha256(digest(messages.slice(0, -1)) + canonicalJson(messages.at(-1)))
  const lines = all.map((span) => {
    if (span.kind !== 'llm') return canonicalJson(span)
    const { messages, system, tools } = span.request
    const [instructed, told] = [system, tools].map((value) => value && sha256(canonicalJson(value)))
    const request = { ...span.request, messages: digest(messages), system: instructed, tools: told }
    return canonicalJson({ ...span, request })
  })
  const head = canonicalJson({ ...content, source: { format: source.format } })
  return `t_${sha256([head, ...lines].join('\n')).slice(0, 20)}`
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
  it('is the one that is promised, whatever its requests share', () => {
    fc.assert(
      fc.property(spans, (some) => {
        const content = traceOf(some)
        expect(withTraceId(content).id).toBe(idOf(content))
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

  it('of a long session is that of all its requests', () => {
    const { id, ...content } = imported(60)
    expect(id).toBe(idOf(content))
  })
})

function imported(turns: number): Trace {
  const bytes = new TextEncoder().encode([...longSession(turns)].join('\n'))
  const [only, ...others] = [...claudeCode.read(sourceFrom('long.jsonl', bytes))]
  if (only === undefined || !('trace' in only) || others.length > 0) throw new Error('one trace')
  return only.trace
}
