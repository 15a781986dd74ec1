import type { CallKind, CallOf, LlmRequest, RequestOf } from '../schema/call.ts'
import { toolCallsOf } from '../schema/message.ts'
import { tappedTools } from '../tap/tap.ts'

/** Finds results that a model is shown of tools that no tap met: they ran for real, in the middle of a replay. */
export interface Untapped {
  /** A call was answered by the tap. */
  answered(call: CallOf<CallKind>): void
  /** The tool whose result stands in this request, and came from nowhere we know. */
  resultIn(kind: CallKind, request: RequestOf<CallKind>): string | undefined
}

/**
 * Only results of what a model asked for in this run are looked at, and each once. A tool that is behind the tap and was
 * not called answered nothing: its result is the agent's own word (a person said no, the arguments were wrong).
 */
export function createUntapped(): Untapped {
  /** Ids of calls a model asked for, whose results nobody was shown yet. */
  const asked = new Map<string, string>()
  const met = new Set<string>()
  return {
    answered(call) {
      if (call.kind === 'tool') met.add(call.request.name)
      if (call.kind !== 'llm') return
      for (const { id, name } of toolCallsOf(call.reply.message)) asked.set(id, name)
    },
    resultIn(kind, request) {
      if (kind !== 'llm' || asked.size === 0) return undefined
      for (const { parts } of (request as LlmRequest).messages) {
        for (const part of parts) {
          const name = part.type === 'tool_call_response' ? asked.get(part.id) : undefined
          if (name === undefined) continue
          asked.delete((part as { readonly id: string }).id)
          if (!met.has(name) && !tappedTools().includes(name)) return name
        }
      }
      return undefined
    },
  }
}
