import { defined } from '../../lib/defined.ts'
import { textOf, toolCallsOf } from '../../schema/message.ts'
import { isRecord, recordIn } from '../../tap/wire/text.ts'
import type { PlacedLine } from './claude-line.ts'
import type { Conversation, ConversationItem, StartedAgent } from './conversation.ts'

/** The lines of a session by who speaks: the agent itself under '', the agents that it started under their own keys. */
export function linesByAgent(
  lines: readonly PlacedLine[],
  keyOf: (placed: PlacedLine) => string,
): ReadonlyMap<string, readonly PlacedLine[]> {
  const agents = new Map<string, PlacedLine[]>([['', []]])
  for (const placed of lines) {
    const key = keyOf(placed)
    const own = agents.get(key)
    if (own === undefined) agents.set(key, [placed])
    else own.push(placed)
  }
  return agents
}

/** What a session says of an agent that it started, beside its lines. */
export interface AgentFacts {
  /** The call that started it. */
  readonly call?: string | undefined
  readonly name?: string | undefined
}

/**
 * The agents that a session started, each with the call that did: the one its facts name, else one that gave it the
 * prompt it began with. `of` are all the conversations of the session, its own first.
 */
export function startedAgents(
  found: ReadonlyMap<string, { readonly conversation: Conversation; readonly facts: AgentFacts }>,
): readonly StartedAgent[] {
  const prompts = new Map<string, string[]>()
  for (const { conversation } of found.values()) {
    for (const { id, prompt } of promptsIn(conversation.items)) {
      const calls = prompts.get(prompt)
      if (calls === undefined) prompts.set(prompt, [id])
      else calls.push(id)
    }
  }
  return [...found].flatMap(([key, { conversation, facts }]): readonly StartedAgent[] => {
    if (key === '') return []
    const prompt = openingOf(conversation.items)
    const call = facts.call ?? (prompt === undefined ? undefined : prompts.get(prompt)?.shift())
    return [
      {
        conversation,
        ...defined({
          call,
          by: facts.call === undefined && call !== undefined ? ('arguments' as const) : undefined,
        }),
      },
    ]
  })
}

function* promptsIn(
  items: readonly ConversationItem[],
): Iterable<{ readonly id: string; readonly prompt: string }> {
  for (const item of items) {
    if (item.kind !== 'assistant') continue
    for (const { id, arguments: given } of toolCallsOf(item.message)) {
      const { prompt } = isRecord(given) ? given : {}
      if (typeof prompt === 'string') yield { id, prompt }
    }
  }
}

function openingOf(items: readonly ConversationItem[]): string | undefined {
  const first = items.find((item) => item.kind === 'user')
  return first?.kind === 'user' ? textOf(first.message) : undefined
}

/** Of a result line, the agent that did the work: newer versions say so beside the result. */
export function agentOfResult({
  line,
  raw,
}: PlacedLine): { readonly agent: string; readonly call: string } | undefined {
  const { agentId } = recordIn(recordIn(raw).toolUseResult)
  const blocks = line.message?.content
  const block = Array.isArray(blocks) ? blocks.find((one) => recordIn(one).type === 'tool_result') : undefined
  const call = recordIn(block).tool_use_id
  return typeof agentId === 'string' && typeof call === 'string' ? { agent: agentId, call } : undefined
}
