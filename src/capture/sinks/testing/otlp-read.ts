import type { Json } from '../../../schema/json.ts'
import type { SpoolRecord } from '../../../schema/spool.ts'
import type { OtlpSpan } from '../otlp-span.ts'

type Members = { readonly [key: string]: Json | undefined }

/**
 * The records that spans of an evalkit were made of: starts, spans in the order they began, replies, plans, ends. Spans of
 * somebody else give none. They are as the other side said them: check them with `spoolRecord`.
 */
export function recordsFromOtlp(spans: readonly OtlpSpan[]): readonly SpoolRecord[] {
  const read = spans.map((span) => ({ at: BigInt(span.startTimeUnixNano), ...recordsOf(span) }))
  // Ids are given in the order of start; clocks are not that fine.
  const order = (a: { at: bigint; id: string }, b: { at: bigint; id: string }): number =>
    numberOf(a.id) - numberOf(b.id) || (a.at < b.at ? -1 : 1)
  return [
    ...read.flatMap(({ start }) => start),
    ...read.toSorted(order).flatMap(({ span }) => span),
    ...read.flatMap(({ reply }) => reply),
    ...read.flatMap(({ plan }) => plan),
    ...read.flatMap(({ end }) => end),
  ] as unknown as readonly SpoolRecord[]
}

/** Each of them one record or none. */
interface Parts {
  readonly id: string
  readonly start: readonly Members[]
  readonly span: readonly Members[]
  readonly reply: readonly Members[]
  readonly plan: readonly Members[]
  readonly end: readonly Members[]
}

function recordsOf({ attributes }: OtlpSpan): Parts {
  const text = new Map(
    attributes.flatMap(({ key, value }) =>
      'stringValue' in value ? [[key, value.stringValue] as const] : [],
    ),
  )
  const trace = text.get('evalkit.trace.id')
  const id = text.get('evalkit.span.id') ?? ''
  const base = { v: 1, ...(trace === undefined ? {} : { trace }) }
  const one = (key: string, record: (told: Members) => Members): readonly Members[] => {
    const told = parsed(text.get(key))
    return trace !== undefined && isMembers(told) ? [record(told)] : []
  }
  return {
    id,
    start: one('evalkit.start', (told) => ({ ...base, type: 'start', ...told })),
    span: one('evalkit.span', ({ span, ...told }) => ({
      ...base,
      type: 'span',
      ...told,
      span: isMembers(span) ? withRequest(span, text) : span,
    })),
    reply: one('evalkit.reply', (told) => ({ ...base, type: 'reply', span: id, ...withReply(told, text) })),
    plan: one('evalkit.plan', (told) => ({ ...base, type: 'plan', ...told })),
    end: one('evalkit.end', (told) => ({ ...base, type: 'end', ...told })),
  }
}

function withRequest(span: Members, text: ReadonlyMap<string, string>): Members {
  if (!isMembers(span['request'])) return span
  const tools = parsed(text.get('gen_ai.tool.definitions'))
  const request = {
    ...span['request'],
    ...found({
      system: parsed(text.get('gen_ai.system_instructions')),
      messages: parsed(text.get('gen_ai.input.messages')),
      tools: Array.isArray(tools) ? tools.filter(isMembers).map(toolWithoutType) : undefined,
      arguments: parsed(text.get('gen_ai.tool.call.arguments')),
    }),
  }
  return { ...span, request }
}

function withReply(told: Members, text: ReadonlyMap<string, string>): Members {
  const said = parsed(text.get('gen_ai.output.messages'))
  const message: unknown = Array.isArray(said) ? said[0] : undefined
  const attempts = found({ attempts: parsed(text.get('evalkit.attempts')) })
  if (!isMembers(told['reply'])) return { ...told, ...attempts }
  const reply = {
    ...told['reply'],
    ...found({
      message: isMembers(message) ? without(message, 'finish_reason') : undefined,
      response: parsed(text.get('gen_ai.tool.call.result')),
    }),
  }
  return { ...told, reply, ...attempts }
}

function toolWithoutType(tool: Members): Members {
  const { parameters, ...rest } = without(tool, 'type')
  return { ...rest, ...found({ inputSchema: parameters }) }
}

function without(members: Members, key: string): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => name !== key))
}

function found(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

function parsed(text: string | undefined): Json | undefined {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    // Collectors cut long attributes.
    return undefined
  }
}

function numberOf(id: string): number {
  return Number(/\d+/.exec(id)?.[0] ?? 0)
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
