import * as z from 'zod'
import { faultVerdict, injectedFault } from './fault.ts'
import type { DeepReadonly } from './json.ts'
import { personSaid } from './person-said.ts'

/**
 * What is put into every trial of a run that its recordings do not hold, as the command line takes it. Such a run asks what
 * would be if: it is shown, never gated, and never a baseline.
 */
export const whatIf = z.strictObject({
  /** Faults: rules as `--fault` takes them. */
  faults: z.array(z.string()).min(1).optional(),
  /** Faults that chance draws: how often each happens, to which tools, and what chance draws from. */
  rates: z
    .strictObject({
      of: z.record(z.string(), z.number().min(0).max(1)),
      on: z.array(z.string()).optional(),
      seed: z.number().int().nonnegative(),
    })
    .optional(),
  /** What people say otherwise, as `--human` takes it. */
  people: z.array(z.string()).min(1).optional(),
  /** The step from which nothing is served by position. */
  from: z.number().int().positive().optional(),
  /** What steps brought instead, as `--set` takes it; of a file the hash of what is in it, too. */
  set: z.array(z.string()).min(1).optional(),
})
export type WhatIf = DeepReadonly<z.infer<typeof whatIf>>

/** What of it came to pass in one trial. */
export const trialWhatIf = z.strictObject({
  /** The faults that happened, and what they did to the agent: beside the same trial without. */
  faults: z.strictObject({ injected: z.array(injectedFault), verdict: faultVerdict }).optional(),
  people: z.array(personSaid).optional(),
  /** Edits that were met, of those asked for. */
  edits: z
    .strictObject({ met: z.number().int().nonnegative(), of: z.number().int().nonnegative() })
    .optional(),
})
export type TrialWhatIf = DeepReadonly<z.infer<typeof trialWhatIf>>

/** Whether anything happened that was put in. A fork without edits is one from its step on. */
export function cameToPass({ faults, people, edits }: TrialWhatIf): boolean {
  if (faults !== undefined) return faults.injected.length > 0
  if (people !== undefined && people.length > 0) return true
  return edits !== undefined && (edits.of === 0 || edits.met > 0)
}
