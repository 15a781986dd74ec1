import { sameJson } from '../../lib/json.ts'
import { type Difference, jsonDifferences } from '../../lib/json-diff.ts'
import { placesAt, readPath } from '../../lib/json-path.ts'
import type { Cure, Place, Source } from '../../schema/doctor.ts'
import type { Json } from '../../schema/json.ts'
import type { Normalizers } from '../../schema/normalizers.ts'
import type { Divergence, Outcome } from '../../schema/outcome.ts'
import type { Span } from '../../schema/trace.ts'
import { cureOf, isBound, starred } from './cure.ts'
import { isTelling, shapeOf, withOrders } from './shape.ts'

/** A source as two runs show it, before its cure was tried. */
export interface Found extends Omit<Source, 'status'> {
  /** `breaks`: the first run left its recording by it. `held`: only the second did. `bound`: neither can. */
  readonly does: 'breaks' | 'held' | 'bound'
}

/** What two runs of one case say about chance. */
export interface Compared {
  readonly found: readonly Found[]
  /** Where the first run leaves its recording, and not by chance alone. */
  readonly leaves?: Divergence
}

/** What two runs are compared by. */
export interface Compare {
  /** Whose volatile paths are known, and no news. */
  readonly normalizers: Normalizers
  /** The recorded output, where it is known. */
  readonly output?: Json | undefined
}

type Called = Extract<Span, { readonly request: unknown }>

/**
 * Names what is not the same in two runs of a case against one recording. The first is a run as replays are; the second
 * may have another seed and another clock. A value that is new in the process, and so the same in both runs, is found by
 * how it differs from the recording, where it looks like an id or a time. Pure.
 */
export function nondeterminism(first: Outcome, second: Outcome, { normalizers, output }: Compare): Compared {
  const one = missOf(first)
  const two = missOf(second)
  const bound = boundIn(first, second, normalizers)
  if (one !== undefined) {
    const { found, leaves } = sourcesOfMiss(one, first, second, two)
    return { found: [...bound, ...found], ...(leaves ? { leaves: one.divergence } : {}) }
  }
  if (first.status === 'aborted') return { found: bound }
  if (two !== undefined) {
    const { found } = sourcesOfMiss(two, second, first, undefined)
    const held = found.filter(({ evidence }) => evidence === 'runs')
    return {
      found: [...bound, ...held.map((one) => heldOf({ ...one, first: one.second, second: one.first }))],
    }
  }
  return { found: [...bound, ...otherCalls(first, second), ...otherOutputs(first, second, output)] }
}

/** A call that was not answered, and the recorded call that comes nearest. */
interface Missed {
  readonly divergence: Divergence
  readonly span: Called | undefined
  /** Its place among the calls of its kind and name. */
  readonly nth: number
}

function missOf({ status, divergences, trace }: Outcome): Missed | undefined {
  const divergence = divergences.at(-1)
  if (status !== 'aborted' || divergence === undefined) return undefined
  const called = callsOf(trace.spans)
  const span = called.find(({ served }) => served === 'miss')
  const nth = span === undefined ? 0 : called.filter((other) => isLike(other, span)).indexOf(span)
  return { divergence, span, nth }
}

function sourcesOfMiss(
  { divergence, span, nth }: Missed,
  run: Outcome,
  other: Outcome,
  otherMiss: Missed | undefined,
): { readonly found: readonly Found[]; readonly leaves: boolean } {
  if (span === undefined) return { found: [], leaves: true }
  const theirs = callsOf(other.trace.spans).filter((one) => isLike(one, span))[nth]
  const nearest = divergence.nearest?.[0]
  if (theirs === undefined && !endedBefore(other, run))
    return { found: [waysPart(run, other)], leaves: false }
  if (nearest === undefined || nearest.differences.length === 0) return { found: [], leaves: true }
  let leaves = false
  const found: Found[] = []
  for (const difference of withOrders(nearest.differences)) {
    const { path, expected, got } = difference
    const second = theirs === undefined ? got : valueIn(theirs, difference, nearest.step, otherMiss)
    const shape = shapeOf(expected, sameJson(expected, got) ? second : got)
    const place = { kind: span.kind, name: span.name, path } as const
    const evidence = !sameJson(got, second)
      ? 'runs'
      : isTelling(shape) && mayBeTold(place)
        ? 'recording'
        : undefined
    if (evidence === undefined) {
      leaves = true
      continue
    }
    const values = { recorded: expected as Json, first: got as Json, second: second as Json }
    found.push({ ...place, shape, evidence, ...values, cure: cureOf(place, shape, values), does: 'breaks' })
  }
  return { found: starred(found), leaves }
}

/** A model's name or a setting may look like a date, and is meant all the same. */
function mayBeTold({ kind, path }: Place): boolean {
  return kind !== 'llm' || /^(?:messages|system|input|instructions)(?=[.[]|$)/.test(path)
}

/** What the other run has at that place. A call that was served is the recorded one there. */
function valueIn(
  span: Called,
  { path, expected, got }: Difference,
  step: number,
  miss: Missed | undefined,
): unknown {
  if (span.kind === 'tool') return placesAt(askedOf(span), readPath(path) ?? [])[0]?.value
  if (miss === undefined || miss.span?.id !== span.id) return span.served === undefined ? got : expected
  const near = miss.divergence.nearest?.find((one) => one.step === step)
  if (near === undefined) return got
  const there = withOrders(near.differences).find((one) => one.path === path)
  return there === undefined ? expected : there.got
}

function askedOf({ request }: Extract<Span, { kind: 'tool' }>): object {
  return { arguments: request.arguments, malformed: request.malformed }
}

/** Arguments that differ, although both calls were answered: that is what `volatile` is for. */
function boundIn(first: Outcome, second: Outcome, normalizers: Normalizers): readonly Found[] {
  const theirs = new Map<string, Called[]>()
  for (const span of callsOf(second.trace.spans))
    theirs.set(keyOf(span), [...(theirs.get(keyOf(span)) ?? []), span])
  return callsOf(first.trace.spans).flatMap((span): readonly Found[] => {
    const other = theirs.get(keyOf(span))?.shift()
    if (span.kind !== 'tool' || other?.kind !== 'tool' || !isServed(span) || !isServed(other)) return []
    return jsonDifferences(askedOf(span), askedOf(other)).flatMap(
      ({ path, expected, got }): readonly Found[] => {
        if (!isBound(normalizers, span.name, path)) return []
        const place = { kind: 'tool', name: span.name, path } as const
        const values = { first: expected as Json, second: got as Json }
        const shape = shapeOf(expected, got)
        const cure: Cure = { kind: 'tool', tool: span.name, path }
        return [{ ...place, shape, evidence: 'runs', ...values, cure, does: 'bound' }]
      },
    )
  })
}

/** Both runs end well, and did not do the same. */
function otherCalls(first: Outcome, second: Outcome): readonly Found[] {
  const names = (of: Outcome): readonly string[] => callsOf(of.trace.spans).map(keyOf).sort()
  if (sameJson(names(first), names(second))) return []
  const found = waysPart(first, second)
  return [
    first.divergences.some(({ kind }) => kind === 'unused' || kind === 'approval') ? found : heldOf(found),
  ]
}

function otherOutputs(first: Outcome, second: Outcome, recorded: Json | undefined): readonly Found[] {
  if (first.status !== 'completed' || second.status !== 'completed') return []
  const differences = withOrders(jsonDifferences({ output: first.output }, { output: second.output }, 5))
  return differences.map(({ path, expected, got }): Found => {
    const place = { kind: 'output', name: '', path } as const
    const shape = shapeOf(expected, got)
    const values = { first: expected as Json, second: got as Json }
    const does = sameJson(first.output, recorded) ? 'held' : 'breaks'
    return { ...place, shape, evidence: 'runs', ...values, cure: cureOf(place, shape, values), does }
  })
}

/** The runs make other calls: the first place where they part. */
function waysPart(first: Outcome, second: Outcome): Found {
  const [ours, theirs] = [first, second].map((of) =>
    callsOf(of.trace.spans).map(({ kind, name }) => `${kind} ${name}`),
  )
  const at = (ours ?? []).findIndex((call, index) => call !== theirs?.[index])
  const step = at === -1 ? (ours?.length ?? 0) : at
  const place = { kind: 'calls', name: `step ${step + 1}`, path: '' } as const
  const values = { first: ours?.[step] ?? null, second: theirs?.[step] ?? null }
  return {
    ...place,
    shape: 'other',
    evidence: 'runs',
    ...values,
    cure: cureOf(place, 'other', values),
    does: 'breaks',
  }
}

/** Whether a run ended at a miss before it came as far as the other. */
function endedBefore(run: Outcome, other: Outcome): boolean {
  return run.status === 'aborted' && run.trace.spans.length <= other.trace.spans.length
}

function heldOf(found: Found): Found {
  return { ...found, does: 'held' }
}

function callsOf(spans: readonly Span[]): readonly Called[] {
  return spans.filter((span): span is Called => 'request' in span && span.request !== undefined)
}

function isServed({ served }: Called): boolean {
  return served !== undefined && served !== 'miss'
}

function isLike(one: Called, other: Called): boolean {
  return keyOf(one) === keyOf(other)
}

function keyOf({ kind, name }: Called): string {
  return `${kind} ${name}`
}
