import type { CallKind, CallOf, LlmRequest } from '../schema/call.ts'
import type { Recording } from '../schema/recording.ts'

/** The call a recorded step made, as a person would name it. */
export function callName(call: CallOf<CallKind>): string {
  if (call.kind === 'llm') return 'model call'
  if (call.kind === 'custom') return `request ${call.request.method} ${call.request.url}`
  return call.kind === 'tool' ? `tool ${call.request.name}` : `turn of ${call.request.name}`
}

/** What the recording's first model request was sent with, beside its messages. */
export function settingsOf(recording: Recording | undefined): Omit<LlmRequest, 'messages'> {
  const first = recording?.calls.find((call) => call.kind === 'llm')
  if (first === undefined) return {}
  const { messages: _, ...settings } = first.request
  return settings
}
