import { commonStart } from '../../lib/common-start.ts'
import { sha256, sha256Of } from '../../lib/hash.ts'
import { canonicalJson, canonicalJsonByCopy } from '../../lib/json.ts'
import type { Span, Trace } from '../../schema/trace.ts'

/**
 * `t_` and 20 hex digits: the identity of what a trace says, wherever it was found. It is the SHA-256 of lines: the canonical JSON of
 * the trace without its spans, then that of each span, where of a model request stand digests instead of what all requests repeat.
 * `system` and `tools` are the SHA-256 of their canonical JSON, `messages` is a chain: the digest of a list is the SHA-256 of the
 * digest of the list without its last message, followed by the canonical JSON of that message; of no messages it is the empty
 * text. So it takes time in the measure of what was said, though requests say it again and again. Throws a `TypeError` where JSON
 * cannot say it.
 */
export function withTraceId(content: Omit<Trace, 'id'>): Trace {
  return { ...content, id: `t_${sha256Of(linesOf(content)).slice(0, 20)}` }
}

/** A digest is slow to be given a line at a time. */
const together = 64 * 1024

function* linesOf({ spans, source: { format }, ...content }: Omit<Trace, 'id'>): Iterable<string> {
  const messagesOf = conversation()
  let text = canonicalJsonByCopy({ ...content, source: { format } })
  for (const span of spans) {
    if (text.length > together) {
      yield text
      text = ''
    }
    text += `\n${canonicalJsonByCopy(span.kind === 'llm' ? withDigests(span, messagesOf) : span)}`
  }
  yield text
}

function withDigests(
  { request, ...span }: Extract<Span, { kind: 'llm' }>,
  messagesOf: (messages: readonly object[]) => string,
): object {
  const { messages, system, tools, ...rest } = request
  return {
    ...span,
    request: {
      ...rest,
      messages: messagesOf(messages),
      ...(system === undefined ? {} : { system: digestOf(system) }),
      ...(tools === undefined ? {} : { tools: digestOf(tools) }),
    },
  }
}

/** Values do not change, and thousands of traces have the very same instructions and tools. */
const digests = new WeakMap<object, string>()

function digestOf(value: object): string {
  const known = digests.get(value)
  if (known !== undefined) return known
  const digest = sha256(canonicalJson(value))
  digests.set(value, digest)
  return digest
}

/** Each list goes on from the one before as far as it begins with the same objects. */
function conversation(): (messages: readonly object[]) => string {
  let last: readonly object[] = []
  /** The digest of the list up to each message. */
  const upTo: string[] = []
  return (messages) => {
    upTo.length = commonStart(last, messages)
    last = messages
    for (const message of messages.slice(upTo.length)) upTo.push(chained(upTo.at(-1) ?? '', message))
    return upTo.at(-1) ?? ''
  }
}

/** What stood before a message when it was asked for last, and the digest that came of it: conversations may take turns. */
const chain = new WeakMap<object, { readonly before: string; readonly digest: string }>()

function chained(before: string, message: object): string {
  const known = chain.get(message)
  if (known?.before === before) return known.digest
  const digest = sha256(before + canonicalJson(message))
  chain.set(message, { before, digest })
  return digest
}
