import type { Json } from '../../schema/json.ts'
import { type Fields, isFields } from './messages.ts'
import type { OtlpAttributes, OtlpLog, OtlpSpan } from './shape.ts'
import { parsed } from './told.ts'

/**
 * The messages of a model call that came as events: log records that carry the span's id (conventions 1.28 to 1.36, body
 * structured), events of the span (the same as attributes), `gen_ai.client.inference.operation.details` (from 1.37), and
 * `gen_ai.content.prompt` / `.completion` (to 1.27). In order of time.
 */
export function eventMessages(span: OtlpSpan, logs: readonly OtlpLog[]): EventMessages {
  const input: Json[] = []
  const output: Json[] = []
  let whole: EventMessages = {}
  for (const { name, attributes, body } of [...span.events.map(asEvent), ...logs.map(asLog)]) {
    if (name === 'gen_ai.client.inference.operation.details' || name.startsWith('gen_ai.content.')) {
      const said = { ...attributes, ...(isFields(body) ? body : {}) }
      whole = {
        ...whole,
        ...one('input', said['gen_ai.input.messages'] ?? said['gen_ai.prompt']),
        ...one('output', said['gen_ai.output.messages'] ?? said['gen_ai.completion']),
        ...one('system', said['gen_ai.system_instructions']),
        ...one('tools', said['gen_ai.tool.definitions']),
      }
      continue
    }
    const role = /^gen_ai\.(system|user|assistant|tool)\.message$/.exec(name)?.[1]
    const said = isFields(body) ? body : fromAttributes(attributes)
    if (role !== undefined) input.push(messageOf(role, said))
    else if (name === 'gen_ai.choice') output.push(choiceOf(said))
  }
  return {
    ...(input.length === 0 ? {} : { input }),
    ...(output.length === 0 ? {} : { output }),
    ...whole,
  }
}

/** Instructions and tools stand apart from the messages only where the whole operation is one event. */
export interface EventMessages {
  readonly input?: Json
  readonly output?: Json
  readonly system?: Json
  readonly tools?: Json
}

interface Event {
  readonly name: string
  readonly attributes: OtlpAttributes
  readonly body: Json | undefined
}

function asEvent({ name, attributes }: OtlpSpan['events'][number]): Event {
  return { name, attributes, body: undefined }
}

function asLog({ eventName, attributes, body }: OtlpLog): Event {
  return { name: eventName ?? '', attributes, body: parsed(body) }
}

function one(key: keyof EventMessages, value: Json | undefined): EventMessages {
  return value === undefined ? {} : { [key]: value }
}

function fromAttributes(attributes: OtlpAttributes): Fields {
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, parsed(value)]))
}

function messageOf(role: string, { id, role: said, ...rest }: Fields): Json {
  const own = typeof said === 'string' ? said : role
  return role === 'tool' ? { ...rest, role: own, tool_call_id: id } : { ...rest, role: own }
}

function choiceOf({ message, finish_reason: finish, content, tool_calls: calls }: Fields): Json {
  const said = parsed(message)
  return {
    role: 'assistant',
    ...(isFields(said) ? said : { content: said ?? content, tool_calls: calls }),
    finish_reason: finish,
  }
}
