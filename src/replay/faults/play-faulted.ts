import type { InjectedFault } from '../../schema/fault.ts'
import type { Outcome } from '../../schema/outcome.ts'
import type { Injector } from '../injection.ts'
import { type Play, play } from '../play.ts'
import { asTarget, LimitReached, type Target } from '../target.ts'
import { type FaultInjector, faultInjector, type FaultSettings } from './injector.ts'
import type { Schedule } from './schedule.ts'

/** A trial with faults. */
export interface Faulted {
  readonly outcome: Outcome
  /** What happened, in the order of the calls. */
  readonly injected: readonly InjectedFault[]
  /** Nothing happened, because the replies it was meant for cannot have this fault. */
  readonly impossible: boolean
}

/**
 * Plays one trial with the faults of a schedule. What else is put in (an edit, another answer) wins over a fault of the
 * same call. An agent that meets the same fault without end is stopped: `failed`, `EVK_AGENT_LIMIT`.
 */
export async function playFaulted(
  trial: Play,
  schedule: Schedule,
  settings?: FaultSettings,
): Promise<Faulted> {
  const faults = faultInjector(schedule, trial.recording, settings)
  const other = trial.replay?.inject
  const inject: Injector =
    other === undefined ? faults.inject : (asked) => other(asked) ?? faults.inject(asked)
  const outcome = await play({
    ...trial,
    target: stoppable(trial.target, faults),
    replay: { ...trial.replay, inject },
  })
  const injected = faults.injected()
  return { outcome, injected, impossible: injected.length === 0 && faults.spared() }
}

/** The target, ended like one that reached a limit as soon as it tries without end. */
function stoppable(target: Target, { endless }: Pick<FaultInjector, 'endless'>): Target {
  return asTarget({
    ...target,
    async play(input, context) {
      const stop = new AbortController()
      const limit = endless.catch((error: Error) => {
        // A program is ended by its signal.
        stop.abort(error)
        throw new LimitReached(error.message)
      })
      const signal = AbortSignal.any([context.signal, stop.signal])
      return Promise.race([target.play(input, { ...context, signal }), limit])
    },
  })
}
