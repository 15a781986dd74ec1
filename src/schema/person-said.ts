import * as z from 'zod'
import { type DeepReadonly, json } from './json.ts'

/** What a person said otherwise in a replay, because somebody asked for it. */
export const personSaid = z.strictObject({
  /** As `--human` takes it: `deny@1`. */
  rule: z.string(),
  /** Of the trial, from 1. */
  step: z.number().int().positive(),
  /** What the question is called. */
  name: z.string(),
  /** Left out: they said nothing at all. */
  now: json.optional(),
  /** What was recorded; left out where nobody was asked that. */
  was: json.optional(),
})
export type PersonSaid = DeepReadonly<z.infer<typeof personSaid>>
