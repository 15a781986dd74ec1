import * as z from 'zod'
import { judged } from './judgement.ts'
import type { DeepReadonly } from './json.ts'

/** Who gave a score: a check of ours, a judge, the environment the agent ran in, or a person. */
export const scoreSource = z.enum(['check', 'judge', 'environment', 'human'])

const scoreBase = {
  name: z.string().min(1),
  source: scoreSource,
  /** Whether this score decides `success`. One that does not is shown and never gates. */
  gating: z.boolean().default(true),
  /** Of a judge: how it came to be. */
  judged: judged.optional(),
}

/**
 * An answer about one outcome: a value in [0,1] with pass or fail and why, or no answer with the reason. An
 * error in a check is `unscored`: never a pass, and never 0.
 */
export const score = z.discriminatedUnion('status', [
  z.strictObject({
    ...scoreBase,
    status: z.literal('scored'),
    value: z.number().min(0).max(1),
    passed: z.boolean(),
    reason: z.string().optional(),
  }),
  z.strictObject({ ...scoreBase, status: z.literal('unscored'), reason: z.string() }),
])
export type Score = DeepReadonly<z.infer<typeof score>>
