import type { Case } from '../../schema/case.ts'
import type { Outcome } from '../../schema/outcome.ts'
import type { Recording } from '../../schema/recording.ts'
import { type Play, play } from '../play.ts'
import { functionTarget, type TargetFunction } from '../targets/function.ts'
import { isTarget, type Target } from '../target.ts'

/** A case of the shop. */
export const shopCase: Case = { v: 1, id: 'refund', input: 'Refund W12.', tags: [] }

/** Plays one trial of a target, or of a function, against a recording. The clock stands still. */
export function playing(
  target: Target | TargetFunction,
  recording: Recording | undefined,
  more: Partial<Play> = {},
): Promise<Outcome> {
  return play({
    target: isTarget(target) ? target : functionTarget(target),
    case: shopCase,
    trial: 0,
    recording,
    user: 'script',
    timeoutMs: 5000,
    now: () => Date.UTC(2026, 0, 1),
    ...more,
  })
}
