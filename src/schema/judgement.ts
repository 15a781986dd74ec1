import * as z from 'zod'
import { usage } from './call.ts'
import { slug } from './case.ts'
import type { DeepReadonly } from './json.ts'

/** Why a judge gave no verdict. None of them is a pass, and none is a failure of the agent. */
export const unjudged = z.enum([
  'refusal',
  'parse',
  'schema',
  'timeout',
  'rate limit',
  'provider',
  'abstain',
  'canary',
  'not recorded',
])
export type Unjudged = z.infer<typeof unjudged>

/** What a judge said of one outcome. Of a pair: whether the outcome under test is better, worse, or neither. */
export const verdictWord = z.enum(['pass', 'fail', 'better', 'tie', 'worse'])
export type VerdictWord = z.infer<typeof verdictWord>

/** 16 hex digits of a SHA-256. */
const hash = z.string().regex(/^[0-9a-f]{16}$/)

/** What makes two verdicts those of one instrument, asked the same about the same. */
export const judgementKey = {
  /** Of provider, model, prompt, schema, parameters and harness: another one is another instrument. */
  fingerprint: hash,
  /** Of what is asked: the criterion in its words. */
  criterion: hash,
  case: slug,
  /** Of what is judged: the case's input and reference, and what of the outcome the judge is shown. */
  subject: hash,
  trial: z.number().int().nonnegative(),
  /** Which of several answers to the very same question, from 0. */
  sample: z.number().int().nonnegative(),
}

/**
 * One verdict, as it is committed: a line of `evals/<eval>.judgements.jsonl`. Only verdicts are kept: what a judge could not
 * say is asked again.
 */
export const judgement = z.strictObject({
  v: z.literal(1),
  kind: z.literal('verdict'),
  /** The score's name, for who reads the file. */
  judge: z.string().min(1).max(100),
  ...judgementKey,
  verdict: verdictWord,
  /** What the judge said before it decided. */
  critique: z.string().max(20_000),
  /** The model that answered, as it calls itself. */
  model: z.string(),
  usage: usage.optional(),
  costUsd: z.number().nonnegative().optional(),
  /** How often it had to be asked: transport and form were wrong before. */
  tries: z.number().int().min(1).max(3),
})
export type Judgement = DeepReadonly<z.infer<typeof judgement>>

/** That a judge withstood what must not pass, or did not: a line of the same file. */
export const canaryLine = z.strictObject({
  v: z.literal(1),
  kind: z.literal('canary'),
  judge: z.string().min(1).max(100),
  fingerprint: hash,
  criterion: hash,
  /** Names of the canaries that were asked. */
  asked: z.array(z.string()).min(1),
  /** Of these, what the judge let pass: none, or it is no judge. */
  passed: z.array(z.string()),
})
export type CanaryLine = DeepReadonly<z.infer<typeof canaryLine>>

export const judgementLine = z.discriminatedUnion('kind', [judgement, canaryLine])
export type JudgementLine = DeepReadonly<z.infer<typeof judgementLine>>

/** How a score of a judge came to be: what the report sums up. */
export const judged = z.strictObject({
  fingerprint: hash,
  criterion: hash,
  subject: hash,
  model: z.string(),
  /** Verdicts it rests on, and how many of them said the same as the score. */
  samples: z.number().int().nonnegative(),
  agreeing: z.number().int().nonnegative(),
  /** Of these, verdicts that were recorded before. */
  recorded: z.number().int().nonnegative(),
  usage: usage.optional(),
  /** Spent now: nothing for what was recorded. */
  costUsd: z.number().nonnegative().optional(),
  /** Of a pair: whether the two orders disagreed. */
  flipped: z.boolean().optional(),
})
export type Judged = DeepReadonly<z.infer<typeof judged>>
