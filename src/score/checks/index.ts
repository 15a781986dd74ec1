/** The checks, one file each. What each asks and takes stands in its definition and in docs/checks.md. */
import { contains } from './contains.ts'
import { equals } from './equals.ts'
import { jsonSchema } from './json-schema.ts'
import { matches } from './matches.ts'
import { maxCost } from './max-cost.ts'
import { maxDuration } from './max-duration.ts'
import { maxSteps } from './max-steps.ts'
import { maxTokens } from './max-tokens.ts'
import { noToolErrors } from './no-tool-errors.ts'
import { recordedScore } from './recorded-score.ts'
import { toolCalls } from './tool-calls.ts'

export const checks = {
  contains,
  equals,
  jsonSchema,
  matches,
  maxCost,
  maxDuration,
  maxSteps,
  maxTokens,
  noToolErrors,
  recordedScore,
  toolCalls,
}
export type CheckName = keyof typeof checks

export {
  contains,
  equals,
  jsonSchema,
  matches,
  maxCost,
  maxDuration,
  maxSteps,
  maxTokens,
  noToolErrors,
  recordedScore,
  toolCalls,
}
export type { Answer, Check, CheckDefinition, CheckExample, Subject } from '../check.ts'
export { type CheckFactory, type CommonOptions, defineCheck } from '../define-check.ts'
export { asCheck, type PlainCheck, type PlainOptions, type PlainSubject } from '../plain-check.ts'
export type { MatchOptions } from '../match-calls.ts'
export { matchTrajectory, type TrajectoryMatch } from '../trajectory.ts'
export { type SubjectSketch, subjectOf } from '../subject.ts'
