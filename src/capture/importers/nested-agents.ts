import type { Json } from '../../schema/json.ts'
import type { Span } from '../../schema/trace.ts'
import type { Conversation, StartedAgent } from './conversation.ts'

/**
 * The spans of a run with those of the agents that its calls started below them: an agent's stand behind the call that
 * started it, and one that no call is known to have started stands at the end, below the root. Ids are given anew, in
 * order. `spansOf` makes the spans of a conversation, its root first.
 */
export function withAgents(
  spans: readonly Span[],
  agents: readonly StartedAgent[],
  spansOf: (conversation: Conversation) => readonly Span[],
): readonly Span[] {
  if (agents.length === 0) return spans
  const waiting = new Set(agents)
  const placed: Span[] = []
  const place = (agent: StartedAgent, parent: string): void => {
    waiting.delete(agent)
    const prefix = `${placed.length}:`
    for (const span of spansOf(agent.conversation)) {
      const id = `${prefix}${span.id}`
      placed.push(
        span.parent === null
          ? { ...span, id, parent, attributes: attributesOf(agent, span) }
          : { ...span, id, parent: `${prefix}${span.parent}` },
      )
    }
  }
  for (const span of spans) {
    placed.push(span)
    if (span.kind !== 'tool' || span.request.id === undefined) continue
    for (const agent of waiting) if (agent.call === span.request.id) place(agent, span.id)
  }
  for (const agent of waiting) place(agent, 's1')
  const ids = new Map([['s1', 's1'], ...placed.map(({ id }, at) => [id, `s${at + 2}`] as const)])
  return placed.map((span) => ({
    ...span,
    id: ids.get(span.id) ?? span.id,
    parent: ids.get(span.parent ?? '') ?? 's1',
  }))
}

function attributesOf({ by, conversation }: StartedAgent, span: Span): Record<string, Json | undefined> {
  return {
    ...span.attributes,
    ...conversation.attributes,
    ...(by === undefined ? {} : { 'evalkit.paired_by': by }),
  }
}
