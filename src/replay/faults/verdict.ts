import { admits } from '../../lib/admits.ts'
import { canonicalJson, sameJson } from '../../lib/json.ts'
import type { FaultVerdict, FaultWord, InjectedFault } from '../../schema/fault.ts'
import type { Json } from '../../schema/json.ts'
import type { KnownTools } from '../../schema/known-tools.ts'
import type { Outcome } from '../../schema/outcome.ts'
import type { SpanOf } from '../../schema/trace.ts'
import { type Write, writesIn } from './writes.ts'

/** One trial with faults, beside the same trial without. */
export interface FaultedTrial {
  /** The replay of the same recording with nothing put in. */
  readonly clean: Outcome
  readonly faulted: Outcome
  readonly injected: readonly InjectedFault[]
  readonly known: KnownTools
}

/**
 * What faults did to an agent, by what it did to the world first, and what it said second. A trial that left its tape
 * is not decided, unless what it had done by then decides it: what the agent would have done further on nobody knows.
 */
export function faultVerdict(trial: FaultedTrial): FaultVerdict {
  const { clean, faulted, injected, known } = trial
  if (clean.status === 'aborted') {
    return verdict(
      'not decided',
      `without faults the replay does not get to its end: ${clean.reason ?? 'aborted'}`,
    )
  }
  if (injected.length === 0) {
    return verdict('not decided', 'it did not happen: the call was not made, or cannot fail like this')
  }
  const usual = writesIn(clean.trace, known)
  const ours = writesIn(faulted.trace, known, injected)
  const twice = doneTwice(usual, ours)
  if (twice !== undefined) {
    const certain = twice.every(({ done }) => done !== 'maybe')
    const name = twice[0]?.name ?? ''
    const guess = twice[0]?.guessed === true ? ' (that it writes is guessed by its name)' : ''
    const why = certain ? 'was done again' : 'was tried again though it may have been done already'
    return verdict('double write', `${name} ${why}, and nothing marks both as one${guess}`)
  }
  const other = ours.find(
    ({ identity, done }) => done !== 'no' && !usual.some((one) => one.identity === identity),
  )
  if (other !== undefined && !(other.done === 'asked' && other.guessed)) {
    return verdict('wrong', `${other.name} was called to write what the run without faults does not write`)
  }
  return verdictOfEnd(trial, usual, ours)
}

function verdictOfEnd(
  { clean, faulted, injected }: FaultedTrial,
  usual: readonly Write[],
  ours: readonly Write[],
): FaultVerdict {
  if (faulted.status === 'aborted') {
    const why = faulted.divergences[0]?.what ?? faulted.reason ?? 'aborted'
    return verdict('not decided', `what it did next is not in the recording: ${why}`)
  }
  if (faulted.status === 'failed') {
    if (clean.status === 'failed' && clean.code === faulted.code) {
      return verdict('survived', 'it ends as it does without faults')
    }
    return verdict('crashed', faulted.reason ?? 'it failed')
  }
  const missing = usual.find((write) => count(ours, write, certainly) < count(usual, write, certainly))
  const isSame = clean.status === 'completed' && sameAnswer(clean.output, faulted.output)
  const failed = injected.filter((fault) => !isMadeGood(fault, faulted))
  if (isSame) {
    if (missing !== undefined) {
      const may = count(ours, missing, possibly) > count(ours, missing, certainly)
      const what = may ? 'it cannot know whether' : 'though'
      return verdict(
        'wrong',
        `it answers as if all had worked, ${what} ${missing.name} was ${may ? '' : 'not '}done`,
      )
    }
    const path = otherPath(clean, faulted, injected)
    return path === undefined
      ? verdict('survived', 'the same writes, the same answer')
      : verdict('degraded', `the same writes and answer, by another path: ${path}`)
  }
  if (missing === undefined && failed.length === 0) {
    return verdict('degraded', 'the same writes, another answer')
  }
  if (admits(clean.output)) {
    return verdict(
      'not decided',
      'another answer, and by its words it cannot be told whether it says what failed',
    )
  }
  if (isNothing(faulted.output)) return verdict('degraded', 'it answers nothing')
  return admits(faulted.output)
    ? verdict('degraded', 'it answers that something did not work')
    : verdict('wrong', 'it answers something else, and does not say that anything failed')
}

function verdict(word: FaultWord, why: string): FaultVerdict {
  return { word, why }
}

type Counted = (write: Write) => boolean
const certainly: Counted = ({ done }) => done === 'yes'
const possibly: Counted = ({ done }) => done === 'yes' || done === 'maybe'
/** Where the replay ended, the agent had decided to do it. */
const meant: Counted = ({ done }) => done !== 'no'

function count(writes: readonly Write[], { identity }: Write, counts: Counted): number {
  return writes.filter((write) => write.identity === identity && counts(write)).length
}

/**
 * The same write more often than without faults. Those with one idempotency key are one; a write that the run itself
 * makes twice, and means, is no double one.
 */
function doneTwice(usual: readonly Write[], ours: readonly Write[]): readonly Write[] | undefined {
  for (const { identity } of ours) {
    const same = ours.filter((write) => write.identity === identity && meant(write))
    const before = usual.filter((write) => write.identity === identity && meant(write))
    if (distinct(same) > Math.max(1, distinct(before))) return same
  }
  return undefined
}

function distinct(writes: readonly Write[]): number {
  const keyed = new Set(writes.flatMap(({ key }) => (key === undefined ? [] : [key])))
  return keyed.size + writes.filter(({ key }) => key === undefined).length
}

/** Whether the agent got the right reply after all: of the same request, later. */
function isMadeGood({ step, place, recovered }: InjectedFault, { trace }: Outcome): boolean {
  if (recovered || place !== 'tool') return recovered
  const failed = trace.spans[step]
  if (failed?.kind !== 'tool') return false
  return trace.spans.slice(step + 1).some((span) => {
    if (span.kind !== 'tool' || span.reply === undefined || span.reply.isError || span.served === 'injected')
      return false
    return span.name === failed.name && sameJson(span.request.arguments, failed.request.arguments)
  })
}

/** What the agent asked beyond trying again, in a few words; `undefined` where it is the same. */
function otherPath(clean: Outcome, faulted: Outcome, injected: readonly InjectedFault[]): string | undefined {
  const again = new Set(
    injected
      .filter((fault) => fault.place === 'tool' && isMadeGood(fault, faulted) && !fault.recovered)
      .map(({ step }) => step),
  )
  const [ours, usual] = [pathOf(faulted, again), pathOf(clean, new Set())]
  if (sameJson(ours, usual)) return undefined
  const more = ours.length - usual.length
  const steps = `${Math.abs(more)} step${Math.abs(more) === 1 ? '' : 's'}`
  return more === 0 ? 'other calls' : `${steps} ${more > 0 ? 'more' : 'fewer'}`
}

function pathOf({ trace }: Outcome, without: ReadonlySet<number>): readonly string[] {
  return trace.spans.flatMap((span, step): readonly string[] => {
    if (step === 0 || without.has(step)) return []
    return [span.kind === 'tool' ? toolStep(span) : span.kind]
  })
}

function toolStep({ name, request }: SpanOf<'tool'>): string {
  return `${name} ${canonicalJson(request.arguments)}`
}

/** Answers are the same where a person would say so: white space and case of a text do not matter. */
function sameAnswer(one: Json | undefined, other: Json | undefined): boolean {
  if (typeof one === 'string' && typeof other === 'string') return asRead(one) === asRead(other)
  return sameJson(one ?? null, other ?? null)
}

function isNothing(answer: Json | undefined): boolean {
  return answer === undefined || answer === null || (typeof answer === 'string' && answer.trim() === '')
}

function asRead(text: string): string {
  return text.replace(/\s+/g, ' ').trim().toLowerCase()
}
