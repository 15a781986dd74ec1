import { byCodeUnit } from '../lib/json.ts'
import type { Case } from '../schema/case.ts'
import { type Covered, type Feature, featureKinds } from '../schema/dataset-report.ts'
import type { Fixture } from '../schema/fixture.ts'
import type { Json } from '../schema/json.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { Score } from '../schema/score.ts'
import type { Trace } from '../schema/trace.ts'
import { errorKind } from './error-kind.ts'

/**
 * What kinds of behaviour there are, and which of them a dataset holds. A feature is one thing a run showed: a tool it
 * used, an error it met, what it wrote. Two runs with the same features look alike to us, and a test of one is taken for a
 * test of the other.
 */

/** What a run showed: few short texts, so that those of thousands of runs fit into memory. */
export interface RunFeatures {
  readonly trace: string
  readonly features: readonly Feature[]
}

interface ToolUse {
  readonly name: string
  readonly isError: boolean
  readonly response: Json
}

/** Tool calls of a run that are looked at, and features that are kept of it. */
const mostCalls = 10_000
const mostFeatures = 500
/** Tools that a pattern of writes names. */
const longestPattern = 12
const longestName = 80

/** What a production trace shows. `known` says which tools write. */
export function featuresOfTrace(trace: Trace, known: KnownTools): RunFeatures {
  const uses = trace.spans.flatMap((span): ToolUse[] => {
    if (span.kind !== 'tool' || span.attributes?.requestor === 'user') return []
    const { reply } = span
    const failed = reply === undefined ? span.status === 'error' : reply.isError
    return [
      { name: span.request.name, isError: failed, response: reply?.response ?? span.error?.message ?? '' },
    ]
  })
  return { trace: trace.id, features: featuresOf(uses, trace.scores, trace.task?.category, known) }
}

/** What the recordings of a case show, and what its reference asks for. */
export function featuresOfCase(
  { category, reference }: Case,
  fixture: Fixture | undefined,
  known: KnownTools,
): readonly Feature[] {
  const found = (fixture?.recordings ?? []).flatMap(({ calls, scores }) => {
    const uses = calls.flatMap((call): ToolUse[] =>
      call.kind === 'tool'
        ? [{ name: call.request.name, isError: call.reply.isError, response: call.reply.response }]
        : [],
    )
    return featuresOf(uses, scores, category, known)
  })
  const wanted = (reference?.toolCalls ?? []).map(({ name }) => ({ name, isError: false, response: null }))
  return unique([...found, ...featuresOf(wanted, [], category, known)])
}

function featuresOf(
  uses: readonly ToolUse[],
  scores: readonly Score[],
  category: string | undefined,
  known: KnownTools,
): readonly Feature[] {
  const calls = uses.slice(0, mostCalls)
  const found: Feature[] = []
  for (const [index, { name, isError, response }] of calls.entries()) {
    const shown = short(name)
    found.push({ kind: 'tool', name: shown })
    const before = calls[index - 1]
    if (before !== undefined) found.push({ kind: 'pair', name: `${short(before.name)} → ${shown}` })
    if (isError) found.push({ kind: 'error', name: `${shown}: ${errorKind(response)}` })
  }
  const pattern = writePattern(calls, known)
  if (pattern !== undefined) found.push({ kind: 'writes', name: pattern })
  if (category !== undefined) found.push({ kind: 'category', name: short(category) })
  for (const score of scores) {
    if (score.status === 'scored' && !score.passed)
      found.push({ kind: 'score', name: `${short(score.name)} failed` })
  }
  return unique(found).slice(0, mostFeatures)
}

/**
 * What a run wrote: the tools that write, each once, in the order in which they first did. Nothing where it only read. A
 * call that failed wrote nothing.
 */
function writePattern(calls: readonly ToolUse[], known: KnownTools): string | undefined {
  const tools = new Set<string>()
  for (const { name, isError } of calls)
    if (!isError && known(name).effect === 'write') tools.add(short(name))
  if (tools.size === 0) return undefined
  const names = [...tools]
  const more = names.length > longestPattern ? ` → … ${names.length - longestPattern} more` : ''
  return `${names.slice(0, longestPattern).join(' → ')}${more}`
}

/** A feature as a key of maps. */
export function featureKey({ kind, name }: Feature): string {
  return `${kind} ${name}`
}

function unique(features: readonly Feature[]): readonly Feature[] {
  return [...new Map(features.map((one) => [featureKey(one), one])).values()]
}

function short(name: string): string {
  return name.length <= longestName ? name : `${name.slice(0, longestName - 1).toWellFormed()}…`
}

const mostExamples = 3

/** Gathers what production shows, one run after the other: memory grows with what is different, not with the runs. */
export class ProductionCoverage {
  readonly #seen = new Map<string, { feature: Feature; traces: number; examples: string[] }>()
  #traces = 0

  add({ trace, features }: RunFeatures): void {
    this.#traces++
    for (const feature of features) {
      const key = featureKey(feature)
      const seen = this.#seen.get(key) ?? { feature, traces: 0, examples: [] }
      seen.traces++
      // The smallest ids, so that the order in which runs came shows nowhere.
      seen.examples.push(trace)
      seen.examples.sort(byCodeUnit)
      seen.examples.length = Math.min(seen.examples.length, mostExamples)
      this.#seen.set(key, seen)
    }
  }

  get traces(): number {
    return this.#traces
  }

  /** What production shows, by kind, most frequent first; `held` are the keys of what a dataset shows. */
  against(held: ReadonlySet<string>): readonly Covered[] {
    return [...this.#seen]
      .map(([key, { feature, traces, examples }]) => ({
        ...feature,
        traces,
        examples,
        covered: held.has(key),
      }))
      .sort(
        (a, b) =>
          featureKinds.indexOf(a.kind) - featureKinds.indexOf(b.kind) ||
          b.traces - a.traces ||
          byCodeUnit(a.name, b.name),
      )
  }
}
