import { canonicalJson, sameJson } from '../../lib/json.ts'
import type { Call, Provenance } from '../../schema/call.ts'
import type { Fork, ForkStory } from '../../schema/fork.ts'
import type { Outcome } from '../../schema/outcome.ts'
import type { Recording } from '../../schema/recording.ts'
import { type Span, stepsOf } from '../../schema/trace.ts'
import { callName } from '../recorded.ts'
import type { Edit } from './edits.ts'
import type { ForkPlan } from './fork.ts'

interface Told {
  readonly outcome: Outcome
  readonly plan: ForkPlan
  readonly edits: readonly Edit[]
  readonly fork: Fork
  /** What was forked. */
  readonly recording: Recording
}

/** Replies for which a tool ran. */
const ranFor: ReadonlySet<Provenance> = new Set(['live', 'pure-live', 'simulated'])

/** What was kept, edited and dropped, and what ran. Pure. */
export function storyOf({ outcome, plan, edits, fork, recording }: Told): ForkStory {
  const { from } = plan
  const spans = stepsOf(outcome.trace)
  const edited = new Set(edits.map(({ step }) => step))
  const after: { [How in Provenance]?: number } = {}
  for (const { served = 'miss' } of spans.slice(from - 1)) after[served] = (after[served] ?? 0) + 1
  const before = spans.slice(0, from - 1)
  return {
    parent: fork.parent,
    forkedAt: from,
    kept: before.filter((_, index) => !edited.has(index + 1)).length,
    edits: fork.edits.map((one, index) => {
      const edit = edits[index]
      return {
        ...one,
        step: edit?.step ?? from,
        reached: edit !== undefined && plan.reached(edit),
      }
    }),
    after,
    dropped: droppedFrom(plan.recording, spans, from),
    ran: [
      ...new Set(
        spans.flatMap(({ kind, name, served }) =>
          kind === 'tool' && served !== undefined && ranFor.has(served) ? [name] : [],
        ),
      ),
    ],
    ...outputs(outcome, recording),
  }
}

function outputs({ output: now }: Outcome, { output: was }: Recording): Pick<ForkStory, 'output'> {
  if (now === undefined || was === undefined || sameJson(now, was)) return {}
  return { output: { was, now } }
}

/** Recorded calls from the fork on that answered nobody. A model that was asked anew leaves its old reply behind. */
function droppedFrom(recording: Recording, spans: readonly Span[], from: number): ForkStory['dropped'] {
  const used = new Map<string, number>()
  const usedSteps = new Set<number>()
  for (const span of spans) {
    if (!('request' in span) || span.request === undefined || !fromTape(span)) continue
    const at = span.attributes?.['evalkit.served.step']
    if (typeof at === 'number' && span.attributes?.['evalkit.served.trace'] === undefined) usedSteps.add(at)
    else count(used, keyOf(span as unknown as Call))
  }
  return recording.calls.flatMap((call, index) => {
    if (usedSteps.has(index + 1)) return []
    const key = keyOf(call)
    const left = used.get(key) ?? 0
    if (left > 0) {
      used.set(key, left - 1)
      return []
    }
    return index + 1 < from ? [] : [{ step: index + 1, what: callName(call) }]
  })
}

function fromTape({ served }: Span): boolean {
  return served !== undefined && served !== 'live' && served !== 'cached' && served !== 'miss'
}

function keyOf({ kind, request }: Pick<Call, 'kind' | 'request'>): string {
  const { id: _, ...asked } = request as { readonly id?: string }
  // A recorded question may be one that was only made out for the fork.
  return `${kind} ${canonicalJson(kind === 'human' ? { name: (request as { name: string }).name } : asked)}`
}

function count(times: Map<string, number>, key: string): void {
  times.set(key, (times.get(key) ?? 0) + 1)
}
