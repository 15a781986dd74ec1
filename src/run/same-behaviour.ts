import { sameJson } from '../lib/json.ts'
import type { Call, LlmReply } from '../schema/call.ts'
import type { Message, Part } from '../schema/message.ts'
import type { Recording } from '../schema/recording.ts'

/**
 * Whether two runs did and were told the same: the same calls in the same order, the same replies, the same end. What is
 * new each time without anybody doing anything else does not count: when it was, how long it took, what it cost, the
 * provider's own ids, the bytes it all came in, the hash of code that did it.
 */
export function sameBehaviour(a: Recording, b: Recording): boolean {
  return (
    a.calls.length === b.calls.length &&
    a.ended === b.ended &&
    sameJson(a.output, b.output) &&
    sameJson(a.dialogue, b.dialogue) &&
    sameJson(saidIn(a), saidIn(b))
  )
}

function saidIn({ calls }: Recording): readonly unknown[] {
  const ids = new Map<string, string>()
  /** Ids of tool calls, by the order in which they were first seen. */
  const known = (id: string): string => {
    const name = ids.get(id) ?? `c${ids.size + 1}`
    ids.set(id, name)
    return name
  }
  return calls.map((call) => said(call, known))
}

type Rename = (id: string) => string

function said(call: Call, known: Rename): unknown {
  switch (call.kind) {
    case 'llm': {
      const { kind, by, request, reply } = call
      const messages = request.messages.map((message) => renamed(message, known))
      return { kind, by, request: { ...request, messages }, reply: saidBy(reply, known) }
    }
    case 'tool': {
      const { kind, request, reply, served } = call
      const id = request.id === undefined ? undefined : known(request.id)
      return { kind, request: { ...request, id }, reply, served }
    }
    case 'human':
      return { kind: call.kind, request: call.request, reply: call.reply }
    case 'custom':
      return { kind: call.kind, request: call.request, reply: call.reply }
  }
}

function saidBy({ message, model, finishReason }: LlmReply, known: Rename): unknown {
  return { message: renamed(message, known), model, finishReason }
}

function renamed({ role, name, parts }: Message, known: Rename): unknown {
  return { role, name, parts: parts.map((part) => renamedPart(part, known)) }
}

function renamedPart(part: Part, known: Rename): Part {
  if (part.type === 'tool_call') return { ...part, id: known(part.id) }
  return part.type === 'tool_call_response' ? { ...part, id: known(part.id) } : part
}
