import type { CallKind, CallOf, ReplyOf, RequestOf } from '../schema/call.ts'
import type { Recording } from '../schema/recording.ts'
import type { Crossing, Tap } from '../tap/tap.ts'
import type { Clock } from './world/clock.ts'

/**
 * The same tap, but that people answer no earlier than they did: in the trial's time, and as long after the start as the
 * recording says. What models and tools took in the recorded run is made up for when a person is asked, so that the
 * agent's patience with them is measured from there. Where the recording does not know, they answer at once. Nothing
 * waits really; `start` is when the recorded run began, in milliseconds since the epoch.
 */
export function answeringInTime(
  tap: Tap,
  { calls }: Pick<Recording, 'calls'>,
  clock: Clock | undefined,
  start: number,
): Tap {
  if (clock === undefined) return tap
  const left = new Map<string, CallOf<'human'>[]>()
  for (const call of calls) {
    if (call.kind !== 'human') continue
    const list = left.get(call.request.name)
    if (list === undefined) left.set(call.request.name, [call])
    else list.push(call)
  }
  return {
    ...tap,
    async handle<K extends CallKind>(
      kind: K,
      request: RequestOf<K>,
      crossing: Crossing<K>,
    ): Promise<ReplyOf<K>> {
      const next = kind === 'human' ? left.get((request as RequestOf<'human'>).name)?.shift() : undefined
      const asked = Date.parse(next?.startedAt ?? '') - start
      const answered = asked + (next?.durationMs ?? 0)
      const isKnown = answered <= longestRun
      if (isKnown) clock.passTo(asked)
      const reply = await tap.handle(kind, request, crossing)
      if (isKnown) await until(clock, answered)
      return reply
    },
  }
}

/** A hundred years: who says they waited longer says nothing. */
const longestRun = 100 * 366 * 24 * 3600 * 1000
/** Longer timers fire at once. */
const longestTimer = 2 ** 31 - 1

async function until(clock: Clock, at: number): Promise<void> {
  // Within the trial `setTimeout` is the trial's: it jumps where all does nothing but wait.
  for (let rest = at - clock.elapsed(); rest > 0; rest = at - clock.elapsed()) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(Math.ceil(rest), longestTimer)))
  }
}
