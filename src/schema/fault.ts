import * as z from 'zod'
import type { DeepReadonly } from './json.ts'

/** Where a fault happens: a model or another endpoint that is asked over HTTP, or a tool at the tap. */
export const faultPlace = z.enum(['model', 'http', 'tool'])
export type FaultPlace = z.infer<typeof faultPlace>

/** Whether the other side had done what it was asked when the fault happened: nobody may know. */
export const faultDone = z.enum(['no', 'maybe', 'yes'])
export type FaultDone = z.infer<typeof faultDone>

/** A fault that was put into a trial: one for each call it happened to. */
export const injectedFault = z.strictObject({
  /** Of the trial, from 1: its span is the one after so many. */
  step: z.number().int().positive(),
  place: faultPlace,
  /** `model`, the tool, or the method and address of an endpoint. */
  name: z.string(),
  /** Which call of that name it was, from 1. */
  nth: z.number().int().positive(),
  /** As it is written in a schedule: `503`, `slow 30s`. */
  fault: z.string(),
  /** How often it happened to this call: over HTTP a client asks again by itself. */
  times: z.number().int().positive(),
  done: faultDone,
  /** Whether the right reply was given in the end. Of a tool that failed this shows in its later calls. */
  recovered: z.boolean(),
  /** Idempotency keys of the requests, over HTTP; `null`: one without. */
  keys: z.array(z.string().nullable()).optional(),
})
export type InjectedFault = DeepReadonly<z.infer<typeof injectedFault>>

/**
 * What a fault did to an agent. `survived`: the same writes, the same answer; `degraded`: another path, or an answer that
 * says something failed, and no wrong write; `wrong`: other writes, or an answer that cannot be; `crashed`: it threw, ran
 * out of time or never gave up; `double write`: something was, or may have been, done twice; `not decided`: a replay
 * cannot tell.
 */
export const faultWord = z.enum(['double write', 'crashed', 'wrong', 'not decided', 'degraded', 'survived'])
export type FaultWord = z.infer<typeof faultWord>

export const faultVerdict = z.strictObject({ word: faultWord, why: z.string() })
export type FaultVerdict = DeepReadonly<z.infer<typeof faultVerdict>>

/** One fault put into one call of a recorded run, in a trial of its own. */
export const faultCell = z.strictObject({
  /** As `--fault` takes it: `search@2: 503`. */
  rule: z.string(),
  place: faultPlace,
  name: z.string(),
  nth: z.number().int().positive(),
  fault: z.string(),
  verdict: faultVerdict,
  /** Of a dataset: the case whose recording it was put into. */
  case: z.string().optional(),
})
export type FaultCell = DeepReadonly<z.infer<typeof faultCell>>

/** From the worst: what a cell that sums others up says. */
export function worstWord(words: readonly FaultWord[]): FaultWord | undefined {
  return faultWord.options.find((word) => words.includes(word))
}

/** Whether an agent did harm or broke, so that somebody has to look. */
export function isHarm(word: FaultWord): boolean {
  return word === 'double write' || word === 'wrong' || word === 'crashed'
}
