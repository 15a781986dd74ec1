import * as z from 'zod'
import { slug } from './case.ts'
import { type DeepReadonly, json } from './json.ts'

/** A proportion with its Wilson 95 % interval. */
export const rateShare = z.strictObject({
  passed: z.number().int().nonnegative(),
  of: z.number().int().nonnegative(),
  rate: z.number().min(0).max(1),
  low: z.number().min(0).max(1),
  high: z.number().min(0).max(1),
})
export type RateShare = DeepReadonly<z.infer<typeof rateShare>>

/** What of a fingerprint can be named when it changes. The fingerprint holds more: schema, harness. */
export const judgeInstrument = z.strictObject({
  provider: z.string(),
  model: z.string(),
  /** Of the instruction and the words it may answer with. */
  prompt: z.string().regex(/^[0-9a-f]{16}$/),
  parameters: z.record(z.string(), json),
})
export type JudgeInstrument = DeepReadonly<z.infer<typeof judgeInstrument>>

/** What a judge may do: decide, be shown beside, or nothing at all. */
export const judgeStanding = z.enum(['can gate', 'advisory', 'refuse'])
export type JudgeStanding = z.infer<typeof judgeStanding>

/** How a judge does on labels of people. */
export const calibration = z.strictObject({
  v: z.literal(1),
  eval: slug,
  judge: z.string().min(1).max(100),
  /** The instrument, and what it was asked: another one has to be calibrated itself. */
  fingerprint: z.string().regex(/^[0-9a-f]{16}$/),
  criterion: z.string().regex(/^[0-9a-f]{16}$/),
  model: z.string(),
  /** What the fingerprint was made of: of a panel each member's. */
  instruments: z.array(judgeInstrument).default([]),
  /** Labels of the test split, and those the judge gave no verdict on. */
  labels: z.strictObject({
    pass: z.number().int().nonnegative(),
    fail: z.number().int().nonnegative(),
    unscored: z.number().int().nonnegative(),
    /** Of these labels, whatever order they stand in. */
    hash: z.string(),
  }),
  /** True pass rate, and true fail rate: of what people passed (failed), what the judge passed (failed). */
  tpr: rateShare,
  tnr: rateShare,
  /** Youden's J: tpr + tnr − 1. */
  j: z.number().min(-1).max(1),
  kappa: z.number().nullable(),
  alpha: z.number().nullable(),
  standing: judgeStanding,
  /** Why it stands like this, in sentences. */
  why: z.array(z.string()),
  at: z.string(),
  by: z.string(),
})
export type Calibration = DeepReadonly<z.infer<typeof calibration>>

/** `evals/calibrations.json`: what was measured of a project's judges, one for each instrument and criterion, newest last. */
export const calibrationsFile = z.strictObject({ v: z.literal(1), calibrations: z.array(calibration) })
export type CalibrationsFile = DeepReadonly<z.infer<typeof calibrationsFile>>
