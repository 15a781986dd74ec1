import * as z from 'zod'
import { slug } from './case.ts'
import { type DeepReadonly, json } from './json.ts'

/** What a label is for: `train` for examples in prompts, `dev` to work on a prompt, `test` to say how good it is. */
export const labelSplit = z.enum(['train', 'dev', 'test'])
export type LabelSplit = z.infer<typeof labelSplit>

/** What a person says of one outcome: a line of `evals/<eval>.labels.jsonl`. The newest line of an outcome and criterion holds. */
export const label = z.strictObject({
  v: z.literal(1),
  /** The criterion it is about: a judge's score by name. */
  judge: z.string().min(1).max(100),
  case: slug,
  trial: z.number().int().nonnegative(),
  /** Of what was labelled, as judgements have it: an outcome that is another has no label. */
  subject: z.string().regex(/^[0-9a-f]{16}$/),
  label: z.enum(['pass', 'fail']),
  note: z.string().max(10_000).optional(),
  split: labelSplit,
  tags: z.array(z.string()).default([]),
  /** What was labelled, so that it can be judged again by another judge: what the judge is shown of it. */
  output: json.optional(),
  /** The trace of the outcome, where the store still has it. */
  trace: z.string().optional(),
  by: z.string().min(1),
  at: z.string(),
})
export type Label = DeepReadonly<z.infer<typeof label>>
