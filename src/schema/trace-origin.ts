import type { Json } from './json.ts'
import type { Trace } from './trace.ts'

/**
 * Where sources put the session and the user that have no better place, most trusted first: OpenTelemetry
 * (https://opentelemetry.io/docs/specs/semconv/registry/attributes/session/, .../gen-ai/, .../enduser/), OpenInference,
 * Langfuse, LangSmith, the AI SDK, OpenLLMetry.
 */
const sessionKeys = [
  'session.id',
  'gen_ai.conversation.id',
  'langfuse.session.id',
  'langsmith.metadata.session_id',
  'langsmith.metadata.thread_id',
  'ai.telemetry.metadata.sessionId',
  'ai.settings.context.sessionId',
  'traceloop.association.properties.session_id',
  'thread_id',
] as const
const userKeys = [
  'user.id',
  'enduser.id',
  'langfuse.user.id',
  'langsmith.metadata.user_id',
  'ai.telemetry.metadata.userId',
  'ai.settings.context.userId',
  'traceloop.association.properties.user_id',
] as const

/** The session a trace belongs to: its own word, else a well-known attribute of it or of the span it begins with. */
export function sessionOf(trace: Pick<Trace, 'session' | 'attributes' | 'spans'>): string | undefined {
  return trace.session ?? attributeOf(trace, sessionKeys)
}

/** For whom the agent worked, in the same way. */
export function userOf(trace: Pick<Trace, 'user' | 'attributes' | 'spans'>): string | undefined {
  return trace.user ?? attributeOf(trace, userKeys)
}

function attributeOf(
  { attributes, spans }: Pick<Trace, 'attributes' | 'spans'>,
  keys: readonly string[],
): string | undefined {
  for (const from of [attributes, spans[0]?.attributes]) {
    const found = keys.map((key) => textIn(from, key)).find((text) => text !== undefined)
    if (found !== undefined) return found
  }
  return undefined
}

function textIn(
  from: Readonly<Record<string, Json | undefined>> | undefined,
  key: string,
): string | undefined {
  const value = from !== undefined && Object.hasOwn(from, key) ? from[key] : undefined
  // Some number their users.
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}
