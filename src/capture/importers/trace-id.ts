import { commonStart } from '../../lib/common-start.ts'
import { sha256, sha256Of } from '../../lib/hash.ts'
import { byCodeUnit, canonicalJson, canonicalJsonByCopy, sortedJson } from '../../lib/json.ts'
import type { SpanOf, Trace } from '../../schema/trace.ts'

/**
 * `t_` and 20 hex digits: the identity of what a trace says, wherever it was found. It is the SHA-256 of the trace's canonical
 * JSON. Throws a `TypeError` where JSON cannot say it.
 */
export function withTraceId(content: Omit<Trace, 'id'>): Trace {
  const { format } = content.source
  const said = { ...content, source: { format } }
  const digest = isShort(content) ? sha256(shortText(said)) : sha256Of(canonicalPieces(said))
  return { ...content, id: `t_${digest.slice(0, 20)}` }
}

/** Values do not change, and thousands of traces have the very same instructions and tools. */
const sorted = new WeakMap<object, object>()

function shortText(content: Omit<Trace, 'id'>): string {
  for (const span of content.spans) {
    if (span.kind !== 'llm') continue
    for (const value of [span.request.system, span.request.tools]) {
      if (value === undefined || sorted.has(value)) continue
      const copy = sortedJson(value)
      if (typeof copy === 'object' && copy !== null) sorted.set(value, copy)
    }
  }
  return canonicalJsonByCopy(content, sorted)
}

/** Written out in one go, which is several times faster where little is repeated: a receiver is given thousands of these. */
function isShort({ spans }: Pick<Trace, 'spans'>): boolean {
  let messages = 0
  for (const span of spans) if (span.kind === 'llm') messages += span.request.messages.length
  return spans.length <= 64 && messages <= 32
}

type Pieces = Iterable<string | Uint8Array>

/**
 * The canonical JSON of a trace, piece by piece; a piece holds until the next is asked for. Every model request repeats the
 * conversation so far as the very same message objects: each is written out once, behind those before it, and a request is
 * the beginning of what was written. So the text, which is as long as the square of the turns, is never in memory.
 */
export function canonicalPieces(content: Omit<Trace, 'id'>): Pieces {
  const texts = new Map<object, string>()
  const shared = (value: object): string => {
    const known = texts.get(value)
    if (known !== undefined) return known
    const text = canonicalJson(value)
    texts.set(value, text)
    return text
  }
  const said = conversation(shared)
  const model = ({ request, ...others }: SpanOf<'llm'>): Pieces => {
    const { messages, system, tools, ...rest } = request
    return members(others, {
      request: () =>
        members(rest, {
          messages: () => said(messages),
          ...(system === undefined ? {} : { system: () => [shared(system)] }),
          ...(tools === undefined ? {} : { tools: () => [shared(tools)] }),
        }),
    })
  }
  const { spans, ...rest } = content
  return members(rest, {
    *spans() {
      yield '['
      for (const [at, span] of spans.entries()) {
        if (at > 0) yield ','
        if (span.kind === 'llm') yield* model(span)
        else yield canonicalJson(span)
      }
      yield ']'
    },
  })
}

/** An object's canonical text, some of whose members say theirs themselves. */
function* members(object: object, written: Readonly<Record<string, () => Pieces>>): Pieces {
  const values = new Map<string, unknown>(Object.entries(object).filter(([, value]) => value !== undefined))
  const told = new Map(Object.entries(written))
  const keys = [...new Set([...values.keys(), ...told.keys()])].sort(byCodeUnit)
  // Short texts go together: a digest is slow to be given a word at a time.
  let before = '{'
  for (const [at, key] of keys.entries()) {
    before += `${at === 0 ? '' : ','}${JSON.stringify(key)}:`
    const pieces = told.get(key)
    if (pieces === undefined) before += canonicalJson(values.get(key))
    else {
      yield before
      yield* pieces()
      before = ''
    }
  }
  yield `${before}}`
}

/** Lists of messages as canonical text. Each goes on from the one before as far as it begins with the same objects. */
function conversation(textOf: (message: object) => string): (messages: readonly object[]) => Pieces {
  let bytes = Buffer.alloc(4096)
  let written: readonly object[] = []
  /** Where each message ends. */
  const ends: number[] = []
  return (messages) => {
    ends.length = commonStart(written, messages)
    let length = ends.at(-1) ?? 0
    for (const message of messages.slice(ends.length)) {
      const text = `${ends.length === 0 ? '' : ','}${textOf(message)}`
      const size = Buffer.byteLength(text)
      if (length + size > bytes.length) {
        const larger = Buffer.alloc(Math.max(2 * bytes.length, length + size))
        bytes.copy(larger, 0, 0, length)
        bytes = larger
      }
      length += bytes.write(text, length)
      ends.push(length)
    }
    written = messages
    return ['[', bytes.subarray(0, length), ']']
  }
}
