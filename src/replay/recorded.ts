import { type CallKind, type CallOf, isAgentsModelCall, type LlmRequest } from '../schema/call.ts'
import { textOf } from '../schema/message.ts'
import type { Recording } from '../schema/recording.ts'

/** The call a recorded step made, as a person would name it. */
export function callName(call: CallOf<CallKind>): string {
  if (call.kind === 'llm') return call.by === 'user' ? 'model call of the simulated user' : 'model call'
  if (call.kind === 'custom') return `request ${call.request.method} ${call.request.url}`
  return call.kind === 'tool' ? `tool ${call.request.name}` : `turn of ${call.request.name}`
}

/** What the recording's first model request was sent with, beside its messages. */
export function settingsOf(recording: Recording | undefined): Omit<LlmRequest, 'messages'> {
  const first = recording?.calls.find(isAgentsModelCall)
  if (first === undefined) return {}
  const { messages: _, ...settings } = first.request
  return settings
}

/** What the agent's model said last in the recording. */
export function lastWords({ calls }: Pick<Recording, 'calls'>): string | undefined {
  const last = calls.findLast(isAgentsModelCall)
  return last === undefined ? undefined : textOf(last.reply.message)
}
