import { placesAt, readPath } from '../lib/json-path.ts'
import { readJson } from '../lib/json.ts'
import { isAgentsModelCall } from '../schema/call.ts'
import { textOf, toolCallsOf } from '../schema/message.ts'
import type { Span, Trace } from '../schema/trace.ts'

/** Where a run tells how sure it is. */
export interface ConfidencePlace {
  /** A path into the JSON that a model replies with, or with `arguments.` into what a tool is given. */
  readonly path?: string
  /** An attribute of any span. */
  readonly attribute?: string
}

/** A decision that tells how sure it is. */
export interface ToldConfidence {
  /**
   * Its place among the spans of the trace, before the calls that were made in it. `undefined` where nothing tells: in a
   * replay the parts of an agent stand behind all calls, and this one has none in it.
   */
  readonly at: number | undefined
  readonly span: Span
  /** A number, or the word it was told in. */
  readonly said: number | string
}

/** Characters of a reply that are read as JSON. */
const longestReply = 1_000_000

/** The decisions of a run that tell how sure they are, in order; of several numbers in one, the lowest. */
export function toldConfidences({ spans }: Trace, place: ConfidencePlace): readonly ToldConfidence[] {
  const placeOf = placesIn(spans)
  const steps = place.path === undefined ? undefined : readPath(place.path)
  const ofArguments = steps?.[0] === 'arguments'
  const told = spans.map((span, at) => {
    const values = [
      ...(place.attribute === undefined ? [] : [span.attributes?.[place.attribute]]),
      ...(steps === undefined ? [] : ofArguments ? inArguments(span, steps) : inReply(span, steps)),
    ].flatMap((value) => saidIn(value))
    return { at: placeOf(span, at), span, values }
  })
  return told.flatMap(({ at, span, values }) => {
    const numbers = values.filter((value) => typeof value === 'number')
    const [word] = values
    const said = numbers.length > 0 ? Math.min(...numbers) : word
    return said === undefined ? [] : [{ at, span, said }]
  })
}

/** Where parts of an agent were: as they stand in what was recorded, before their first call in what was replayed. */
function placesIn(spans: readonly Span[]): (span: Span, at: number) => number | undefined {
  if (!spans.some(({ served }) => served !== undefined)) return (_, at) => at
  const byId = new Map(spans.map((span) => [span.id, span]))
  const first = new Map<string, number>()
  for (const [at, span] of spans.entries()) {
    if (!isCall(span)) continue
    let above = span.parent
    for (let steps = 0; above !== null && !first.has(above) && steps < 100; steps++) {
      first.set(above, at)
      above = byId.get(above)?.parent ?? null
    }
  }
  return (span, at) => {
    if (isCall(span) || span.parent === null) return at
    const inside = first.get(span.id)
    return inside === undefined ? undefined : inside - 0.5
  }
}

function isCall({ kind }: Span): boolean {
  return kind === 'llm' || kind === 'tool' || kind === 'human'
}

type Steps = NonNullable<ReturnType<typeof readPath>>

function inArguments(span: Span, steps: Steps): readonly unknown[] {
  if (span.kind !== 'tool') return []
  return placesAt({ arguments: span.request.arguments }, steps).map(({ value }) => value)
}

/** A reply that is JSON, bare or in a code block; else what the model gave the tools it asks for. */
function inReply(span: Span, steps: Steps): readonly unknown[] {
  if (!isAgentsModelCall(span) || span.reply === undefined) return []
  const text = textOf(span.reply.message).slice(0, longestReply)
  const parts = [
    text,
    ...[...text.matchAll(/```(?:json)?[^\S\n]*\n([^`]*)```/g)].map(([, code = '']) => code),
  ]
  const found = parts.flatMap((part) => {
    const read = /^\s*[[{]/.test(part) ? readJson(part) : undefined
    return read?.ok === true ? placesAt(read.value, steps) : []
  })
  const given = toolCallsOf(span.reply.message).flatMap((call) => placesAt(call.arguments, steps))
  return [...found, ...given].map(({ value }) => value)
}

/** A number, one in a text, or a word. */
function saidIn(value: unknown): readonly (number | string)[] {
  if (typeof value === 'number') return [value]
  if (typeof value !== 'string' || value.trim() === '') return []
  const percent = /^\s*(\d{1,3}(?:\.\d+)?)\s*%\s*$/.exec(value)
  if (percent !== null) return [Number(percent[1]) / 100]
  const number = Number(value)
  return [Number.isNaN(number) ? value.trim() : number]
}
