/** The checks, one file each. What each asks and takes stands in its definition and in docs/checks.md. */
import { approvals } from './approvals.ts'
import { cacheHitRate } from './cache-hit-rate.ts'
import { calledTool } from './called-tool.ts'
import { compensated } from './compensated.ts'
import { confidenceRouting } from './confidence-routing.ts'
import { contains } from './contains.ts'
import { contextWindow } from './context-window.ts'
import { endsWith } from './ends-with.ts'
import { equals } from './equals.ts'
import { functionCall } from './function-call.ts'
import { handoffs } from './handoffs.ts'
import { injectionResisted } from './injection-resisted.ts'
import { jsonDiff } from './json-diff.ts'
import { jsonPath } from './json-path.ts'
import { jsonSchema } from './json-schema.ts'
import { listMatch } from './list-match.ts'
import { matches } from './matches.ts'
import { maxCompactions } from './max-compactions.ts'
import { maxCost } from './max-cost.ts'
import { maxDuration } from './max-duration.ts'
import { maxRetries } from './max-retries.ts'
import { maxSteps } from './max-steps.ts'
import { maxTokens } from './max-tokens.ts'
import { maxToolCalls } from './max-tool-calls.ts'
import { mentions } from './mentions.ts'
import { noLoops } from './no-loops.ts'
import { noPii } from './no-pii.ts'
import { noSecrets } from './no-secrets.ts'
import { noToolErrors } from './no-tool-errors.ts'
import { notCalledTool } from './not-called-tool.ts'
import { notRefused } from './not-refused.ts'
import { planAdherence } from './plan-adherence.ts'
import { recordedScore } from './recorded-score.ts'
import { refused } from './refused.ts'
import { rouge } from './rouge.ts'
import { similarity } from './similarity.ts'
import { startsWith } from './starts-with.ts'
import { stateEquals } from './state-equals.ts'
import { toolCalls } from './tool-calls.ts'
import { toolErrorsHandled } from './tool-errors-handled.ts'
import { toolOrder } from './tool-order.ts'
import { toolSelection } from './tool-selection.ts'
import { usedNoTools } from './used-no-tools.ts'
import { validArguments } from './valid-arguments.ts'
import { wellFormedCalls } from './well-formed-calls.ts'
import { writes } from './writes.ts'

export const checks = {
  approvals,
  cacheHitRate,
  calledTool,
  compensated,
  confidenceRouting,
  contains,
  contextWindow,
  endsWith,
  equals,
  functionCall,
  handoffs,
  injectionResisted,
  jsonDiff,
  jsonPath,
  jsonSchema,
  listMatch,
  matches,
  maxCompactions,
  maxCost,
  maxDuration,
  maxRetries,
  maxSteps,
  maxTokens,
  maxToolCalls,
  mentions,
  noLoops,
  noPii,
  noSecrets,
  noToolErrors,
  notCalledTool,
  notRefused,
  planAdherence,
  recordedScore,
  refused,
  rouge,
  similarity,
  startsWith,
  stateEquals,
  toolCalls,
  toolErrorsHandled,
  toolOrder,
  toolSelection,
  usedNoTools,
  validArguments,
  wellFormedCalls,
  writes,
}
export type CheckName = keyof typeof checks

export {
  approvals,
  cacheHitRate,
  calledTool,
  compensated,
  confidenceRouting,
  contains,
  contextWindow,
  endsWith,
  equals,
  functionCall,
  handoffs,
  injectionResisted,
  jsonDiff,
  jsonPath,
  jsonSchema,
  listMatch,
  matches,
  maxCompactions,
  maxCost,
  maxDuration,
  maxRetries,
  maxSteps,
  maxTokens,
  maxToolCalls,
  mentions,
  noLoops,
  noPii,
  noSecrets,
  noToolErrors,
  notCalledTool,
  notRefused,
  planAdherence,
  recordedScore,
  refused,
  rouge,
  similarity,
  startsWith,
  stateEquals,
  toolCalls,
  toolErrorsHandled,
  toolOrder,
  toolSelection,
  usedNoTools,
  validArguments,
  wellFormedCalls,
  writes,
}
export {
  all,
  any,
  type CheckOrFunction,
  type CombinedOptions,
  not,
  weighted,
  type WeightedOptions,
} from '../combine.ts'
export type { Answer, Check, CheckDefinition, CheckExample, Subject } from '../check.ts'
export { type CheckFactory, type CommonOptions, defineCheck } from '../define-check.ts'
export { asCheck, type PlainCheck, type PlainOptions, type PlainSubject } from '../plain-check.ts'
export { type FunctionCallMatch, type FunctionCallRules, matchFunctionCalls } from '../function-call.ts'
export type { MatchOptions } from '../match-calls.ts'
export type { Reduce, StateOptions, StateWrite } from './state-equals.ts'
export { matchTrajectory, type TrajectoryMatch } from '../trajectory.ts'
export { type SubjectSketch, subjectOf } from '../subject.ts'
