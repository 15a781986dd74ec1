import { canonicalJson } from '../lib/json.ts'
import { isAgentsModelCall } from '../schema/call.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { Outcome } from '../schema/outcome.ts'
import { writeOf } from '../schema/write.ts'
import { mentionsValue } from './asked-people.ts'
import { hasEffect, type PlacedCall, placedCalls } from './effects.ts'
import { textsIn } from './proposed-calls.ts'

/** Something that was done before a step failed, and how it was undone. */
export interface Undoable {
  readonly placed: PlacedCall
  /** Its place among the calls of the run. */
  readonly nth: number
  /** Tools that undo it, as far as anybody says. */
  readonly undoneWith: readonly string[]
  /** The calls that undid it, with their places. */
  readonly undoneBy: readonly { readonly nth: number; readonly placed: PlacedCall }[]
  /** Whether a call that may or may not have undone it was made. */
  readonly open: boolean
}

/** A run in which a step failed, with what had been done before. */
export interface FailedRun {
  /** What failed: a tool, or the run. */
  readonly step: string
  /** In the order it was done; what was undone before the step failed is left out. */
  readonly before: readonly Undoable[]
}

export interface CompensationRules {
  /** Tools that undo others, beside what is known: `{ charge: ['refund'] }`. */
  readonly undoneWith: Readonly<Record<string, readonly string[]>>
  /** The tool whose failure counts; absent: any that writes and was not made good, or the run's. */
  readonly after?: string
}

/** The step that failed and what it left behind; `undefined` where none did. */
export function failedRun(
  outcome: Outcome,
  tools: KnownTools,
  rules: CompensationRules,
): FailedRun | undefined {
  const calls = placedCalls(outcome)
  const undoing = undoersIn(outcome, calls, tools, rules)
  const failed = failedStep(outcome, calls, tools, undoing, rules)
  if (failed === undefined) return undefined
  const found: Undoing[] = []
  for (const [nth, placed] of calls.entries()) {
    const undoes = undoing.undoes(placed.call.name)
    if (undoes.length > 0) undo(found, placed, nth, undoes, tools)
    else if (nth < failed.nth && placed.done === 'yes' && hasEffect(placed.call.name, tools)) {
      found.push({ placed, nth, undoneWith: undoing.undoneWith(placed.call.name), undoneBy: [], open: false })
    }
  }
  const before = found.filter(
    ({ undoneBy }) => undoneBy.length === 0 || undoneBy.some(({ nth }) => nth > failed.nth),
  )
  return { step: failed.step, before }
}

interface Undoing extends Undoable {
  readonly undoneBy: { readonly nth: number; readonly placed: PlacedCall }[]
  open: boolean
}

/** Gives a call that undoes to what it fits best: what shares most values with it, the latest first. */
function undo(
  found: readonly Undoing[],
  placed: PlacedCall,
  nth: number,
  undoes: readonly string[],
  tools: KnownTools,
): void {
  if (placed.done === 'no') return
  const values = textsIn(placed.call.arguments, true)
    .map((value) => value.toLowerCase())
    .filter((value) => value.length > 1)
  const fitting = found
    .filter(({ placed: { call } }) => undoes.includes(call.name))
    .map((one) => ({ one, shared: sharedWith(one.placed, values) }))
    .filter(({ shared }) => shared > 0 || values.length === 0)
    .toSorted(
      (a, b) =>
        b.shared - a.shared ||
        Number(a.one.undoneBy.length > 0) - Number(b.one.undoneBy.length > 0) ||
        b.one.nth - a.one.nth,
    )
  const [best] = fitting
  if (best === undefined) return
  if (placed.done === 'maybe') best.one.open = true
  else if (!isRepeat(best.one, placed, tools)) best.one.undoneBy.push({ nth, placed })
}

/** Sent again under one key, a call undoes nothing a second time. */
function isRepeat({ undoneBy }: Undoing, { call }: PlacedCall, tools: KnownTools): boolean {
  const write = writeOf(call, tools)
  if (write.key === undefined) return false
  return undoneBy.some(({ placed }) => {
    const other = writeOf(placed.call, tools)
    return other.key === write.key && other.identity === write.identity
  })
}

function sharedWith({ call, response }: PlacedCall, values: readonly string[]): number {
  const text = `${canonicalJson(call.arguments)} ${canonicalJson(response ?? null)}`.toLowerCase()
  return values.filter((value) => mentionsValue(text, value)).length
}

/** Which tools undo which, of all that anybody names: the file, the rules, the model's tools, the calls. */
function undoersIn(
  { trace }: Outcome,
  calls: readonly PlacedCall[],
  tools: KnownTools,
  { undoneWith }: CompensationRules,
) {
  const offered = trace.spans.filter(isAgentsModelCall).flatMap(({ request }) => request.tools ?? [])
  const names = new Set([
    ...(tools.named ?? []),
    ...offered.map(({ name }) => name),
    ...calls.map(({ call }) => call.name),
  ])
  const pairs = [
    ...[...names].flatMap((by) => {
      const { compensates } = tools(by)
      return compensates === undefined ? [] : [{ by, of: compensates }]
    }),
    ...Object.entries(undoneWith).flatMap(([of, by]) => by.map((name) => ({ by: name, of }))),
  ]
  const byUndoer = Map.groupBy(pairs, ({ by }) => by)
  const byUndone = Map.groupBy(pairs, ({ of }) => of)
  return {
    undoes: (name: string) => (byUndoer.get(name) ?? []).map(({ of }) => of),
    undoneWith: (name: string) => [...new Set((byUndone.get(name) ?? []).map(({ by }) => by))],
  }
}

function failedStep(
  { status, trace }: Outcome,
  calls: readonly PlacedCall[],
  tools: KnownTools,
  undoing: ReturnType<typeof undoersIn>,
  { after }: CompensationRules,
): { readonly nth: number; readonly step: string } | undefined {
  const succeeded = new Map<string, number>()
  for (const [nth, { call, done }] of calls.entries()) if (done === 'yes') succeeded.set(call.name, nth)
  const nth = calls.findIndex(({ call, done }, at) => {
    if (after !== undefined) return call.name === after && done !== 'yes'
    if (done !== 'no' || !hasEffect(call.name, tools) || undoing.undoes(call.name).length > 0) return false
    return (succeeded.get(call.name) ?? -1) < at
  })
  if (nth !== -1) return { nth, step: calls[nth]?.call.name ?? '' }
  if (after !== undefined || (status !== 'failed' && trace.status !== 'error')) return undefined
  return { nth: endOf(calls, undoing), step: 'the run' }
}

/** Where a run failed without a tool that did: before the calls at its end that undo something. */
function endOf(calls: readonly PlacedCall[], undoing: ReturnType<typeof undoersIn>): number {
  const last = calls.findLastIndex(({ call }) => undoing.undoes(call.name).length === 0)
  return last + 0.5
}
