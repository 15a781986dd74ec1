import { sha256 } from '../../lib/hash.ts'
import { byCodeUnit, canonicalJson } from '../../lib/json.ts'
import type { Trace } from '../../schema/trace.ts'

/** `t_` and 20 hex digits: the identity of what a trace says, wherever it was found. */
export function withTraceId(content: Omit<Trace, 'id'>): Trace {
  const { format } = content.source
  return { ...content, id: `t_${sha256(canonicalTrace({ ...content, source: { format } })).slice(0, 20)}` }
}

/**
 * The canonical JSON of a trace. Every model request repeats the conversation so far as the very same message
 * objects; each is written out once and its text used again, which makes importing several times faster.
 */
function canonicalTrace(content: Omit<Trace, 'id'>): string {
  const texts = new Map<object, string>()
  const shared = (value: object): string => {
    const known = texts.get(value)
    if (known !== undefined) return known
    const text = canonicalJson(value)
    texts.set(value, text)
    return text
  }
  const list = (items: readonly object[]): string => `[${items.map(shared).join(',')}]`
  const spans = content.spans.map((span) => {
    if (span.kind !== 'llm') return canonicalJson(span)
    const { messages, system, tools, ...rest } = span.request
    const request = canonicalMembers(rest, {
      messages: list(messages),
      ...(system === undefined ? {} : { system: shared(system) }),
      ...(tools === undefined ? {} : { tools: shared(tools) }),
    })
    const { request: _, ...others } = span
    return canonicalMembers(others, { request })
  })
  const { spans: _, ...rest } = content
  return canonicalMembers(rest, { spans: `[${spans.join(',')}]` })
}

/** An object's canonical text, some of whose members are canonical text already. */
function canonicalMembers(members: object, written: Readonly<Record<string, string>>): string {
  const texts: Record<string, string> = { ...written }
  for (const [key, value] of Object.entries(members))
    if (value !== undefined) texts[key] = canonicalJson(value)
  const keys = Object.keys(texts).sort(byCodeUnit)
  return `{${keys.map((key) => `${JSON.stringify(key)}:${texts[key]}`).join(',')}}`
}
