import * as z from 'zod'
import { byCodeUnit } from '../../lib/json.ts'
import { mulberry32 } from '../../lib/stats/index.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { DeepReadonly } from '../../schema/json.ts'
import { recordFrom } from '../../schema/read.ts'
import type { Recording } from '../../schema/recording.ts'
import { faultableCalls } from './calls.ts'
import { type FaultRule, type FaultUse, isBare, readFault, readRule, type Schedule } from './schedule.ts'

/** A file of faults. Either `faults` or `rates`. */
export const faultProfile = z.strictObject({
  v: z.literal(1).default(1),
  name: z.string().min(1).max(200).optional(),
  /** Rules (`search@2: 503 x2`), which make one trial; or faults alone (`503`), which are the columns of a matrix. */
  faults: z.array(z.string()).min(1).max(1000).optional(),
  /** How often each fault happens to a call, from 0 to 1: chance decides, by the seed. */
  rates: z.record(z.string(), z.number().min(0).max(1)).optional(),
  /** Of `rates`: the tools they happen to, `model` and `http` included. Left out: all. */
  on: z.array(z.string().min(1)).min(1).optional(),
  seed: z.number().int().min(0).max(0xffff_ffff).optional(),
})
export type FaultProfile = DeepReadonly<z.infer<typeof faultProfile>>

/** What is to be played: one schedule, or each call of a run with each of these faults. */
export type FaultPlan = { readonly schedule: Schedule } | { readonly columns: readonly FaultUse[] }

/** The seed where nobody says one: the same today and tomorrow. */
export const defaultSeed = 1

/** Reads a profile. Throws `EVK_FAULT_INVALID`. */
export function profileFrom(value: unknown, file: string): FaultProfile {
  const profile = recordFrom(faultProfile, value, { file }, 'fault profile', 'EVK_FAULT_INVALID')
  if ((profile.faults === undefined) === (profile.rates === undefined)) {
    throw new EvalkitError('EVK_FAULT_INVALID', 'A fault profile has either "faults" or "rates".', {
      at: { file },
    })
  }
  return profile
}

/** What a profile means for one recording. The same profile, seed and recording are the same plan. */
export function planOf(
  profile: FaultProfile,
  recording: Pick<Recording, 'calls'>,
  seed = profile.seed ?? defaultSeed,
): FaultPlan {
  const { faults: texts = [], rates, on } = profile
  if (rates !== undefined) return { schedule: { rules: drawn(rates, on, recording, seed), seed } }
  const bare = texts.filter(isBare)
  if (bare.length === texts.length) return { columns: bare.map(readFault) }
  const [odd] = bare
  if (odd !== undefined) {
    throw new EvalkitError(
      'EVK_FAULT_INVALID',
      `"${odd.slice(0, 80)}" says no place, others in the profile do.`,
      {
        hint: 'Rules with a place make one trial, faults without one the columns of a matrix: one of them a file.',
      },
    )
  }
  return { schedule: { rules: texts.map(readRule) } }
}

/**
 * Rules that chance draws: for each recorded call in order, and each fault in the order of its spelling, one number
 * (mulberry32). Nothing is skipped, so that a call more does not change what happens to those before it.
 */
function drawn(
  rates: Readonly<Record<string, number>>,
  on: readonly string[] | undefined,
  recording: Pick<Recording, 'calls'>,
  seed: number,
): readonly FaultRule[] {
  const random = mulberry32(seed)
  const uses = Object.entries(rates)
    .sort(([a], [b]) => byCodeUnit(a, b))
    .map(([text, rate]) => ({ use: readFault(text), rate }))
  return faultableCalls(recording).flatMap(({ place, name, nth }): readonly FaultRule[] => {
    const hit = uses.filter(({ rate }) => random() < rate)
    const subject = place === 'tool' ? name : place
    const fits = hit.find(({ use }) => use.fault.places.includes(place))
    if (fits === undefined || (on !== undefined && !on.includes(subject))) return []
    return [{ place, ...(place === 'tool' ? { name } : {}), nth, ...fits.use, times: 1 }]
  })
}
