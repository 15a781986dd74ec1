import { type Message, type ToolCallPart, toolCallsOf } from '../schema/message.ts'
import { explainCalls } from './explain-calls.ts'
import { type CallMatch, matchCalls, type MatchOptions } from './match-calls.ts'
import { count } from './show.ts'

/** Whether one conversation takes the way of another, and where not. */
export interface TrajectoryMatch {
  readonly passed: boolean
  readonly reason: string
}

/**
 * Compares a conversation with a reference conversation by the rules of agentevals (langchain-ai/agentevals,
 * `trajectory_match_mode`, `tool_args_match_mode`, `tool_args_match_overrides`), with the best pairing instead of
 * the first. `strict` compares the number of messages, their roles and the calls inside each, which match in any
 * order; texts never count. The other modes compare all calls of both sides and nothing else; `in-order` is ours.
 *
 * The rule for arguments always speaks of the output's: agentevals turns `subset` and `superset` of arguments
 * around where the mode is `subset`, and asks both ways where it is `unordered`.
 */
export function matchTrajectory(
  outputs: readonly Message[],
  reference: readonly Message[],
  options: MatchOptions,
): TrajectoryMatch {
  return options.mode === 'strict'
    ? matchMessages(outputs, reference, options)
    : explained(outputs.flatMap(toolCallsOf), reference.flatMap(toolCallsOf), options)
}

function matchMessages(
  outputs: readonly Message[],
  reference: readonly Message[],
  options: MatchOptions,
): TrajectoryMatch {
  if (outputs.length !== reference.length) {
    const reason = `there are ${count(outputs.length, 'message')}, the reference has ${reference.length}`
    return { passed: false, reason }
  }
  for (const [index, expected] of reference.entries()) {
    const message = outputs[index]
    const where = `message ${index + 1}`
    if (message?.role !== expected.role) {
      return { passed: false, reason: `${where} is of role ${message?.role}, not ${expected.role}` }
    }
    const inside = explained(toolCallsOf(message), toolCallsOf(expected), { ...options, mode: 'unordered' })
    if (!inside.passed) return { passed: false, reason: `${where}: ${inside.reason}` }
  }
  return { passed: true, reason: `${count(outputs.length, 'message')} as in the reference` }
}

function explained(
  made: readonly ToolCallPart[],
  reference: readonly ToolCallPart[],
  options: MatchOptions,
): TrajectoryMatch {
  const match: CallMatch = matchCalls(made, reference, options)
  return { passed: match.passed, reason: explainCalls(made, reference, match, options) }
}
