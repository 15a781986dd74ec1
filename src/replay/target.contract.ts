import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../lib/json.ts'
import type { Json } from '../schema/json.ts'
import { outcome as outcomeSchema } from '../schema/outcome.ts'
import { type Recording, recordingOf } from '../schema/recording.ts'
import { trace as traceSchema } from '../schema/trace.ts'
import { isTarget, type Target } from './target.ts'
import { playing as playingTrial } from './testing/trials.ts'

/** A member of the seam: how to make the target, and a recording of a run of it. */
export interface TargetMember {
  readonly make: () => Target
  readonly recording: Recording
  readonly output: Json
  /** Milliseconds a trial may take: programs take their time to start. */
  readonly timeoutMs?: number
}

/**
 * What every target keeps to: it meets the world at the tap only, so that a recording of it is reproduced, the same
 * each time, and a call that was not recorded ends the trial.
 *
 * ```ts
 * describeTarget('loop', { make: () => loop(), recording, output: 'Refunded.' })
 * ```
 */
export function describeTarget(
  name: string,
  { make, recording, output, timeoutMs = 5000 }: TargetMember,
): void {
  const playing: typeof playingTrial = (target, played, more) =>
    playingTrial(target, played, { timeoutMs, ...more })
  describe(`${name}, as a target`, () => {
    it('says what it is', () => {
      const target = make()
      expect(isTarget(target)).toBe(true)
      expect([target.kind, target.name]).not.toContain('')
      expect(make().versions).toEqual(target.versions)
    })

    it('reproduces its recording', async () => {
      const outcome = await playing(make(), recording)
      expect(outcome.divergences).toEqual([])
      expect(outcome).toMatchObject({ status: 'completed', output })
      const steps = recording.calls.length
      expect(outcome.fidelity).toEqual({ share: 1, steps, counts: { exact: steps } })
      expect(outcome.trace.spans.slice(1).every((span) => span.served === 'exact')).toBe(true)
    })

    it('leaves a valid trace, the same each time', async () => {
      const [one, two] = [
        await playing(make(), recording),
        await playing(make(), recording, { now: () => 7 }),
      ]
      expect(traceSchema.parse(one.trace)).toEqual(one.trace)
      expect(outcomeSchema.parse(one)).toEqual(one)
      expect(canonicalJson(two.trace)).toBe(canonicalJson(one.trace))
    })

    it('leaves a trace that can itself be replayed', async () => {
      const first = await playing(make(), recording)
      const second = await playing(make(), recordingOf(first.trace))
      expect(second).toMatchObject({ status: 'completed', output, divergences: [] })
      expect(second.fidelity).toEqual(first.fidelity)
    })

    it.each(withoutLastTurn(recording).map((call, at) => [at + 1, call.kind] as const))(
      'is not scored without recorded step %i (%s)',
      async (step, kind) => {
        const calls = recording.calls.filter((_, at) => at !== step - 1)
        const outcome = await playing(make(), { ...recording, calls })
        // A user who says nothing more has hung up: the run may then end early, and what is left of it is named.
        const noticed =
          kind === 'human' ? outcome.divergences.length > 0 : outcome.code === 'EVK_FIXTURE_MISS'
        expect({ noticed, outcome }).toMatchObject({ noticed: true })
      },
    )

    it('plays trials beside each other without mixing them', async () => {
      const all = await Promise.all(Array.from({ length: 20 }, () => playing(make(), recording)))
      expect(all.every(({ status, divergences }) => status === 'completed' && divergences.length === 0)).toBe(
        true,
      )
    })

    it('is not started in a run that was cancelled', async () => {
      const outcome = await playing(make(), recording, { signal: AbortSignal.abort() })
      expect(outcome).toMatchObject({ status: 'aborted', reason: 'The run was cancelled.', divergences: [] })
      expect(outcome.fidelity.steps).toBe(0)
    })
  })
}

/** A recording without the user's last word is a recording as well. */
function withoutLastTurn({ calls }: Recording): Recording['calls'] {
  return calls.at(-1)?.kind === 'human' ? calls.slice(0, -1) : calls
}
