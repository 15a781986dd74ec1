import { readJson } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'
import type { Message, Part, Role } from '../../schema/message.ts'
import {
  aside,
  asideIn,
  type Body,
  carried,
  isAside,
  isRecord,
  isSilent,
  listIn,
  opaque,
  readArguments,
  readResult,
  shownText,
  textIn,
  writeResult,
} from './text.ts'

/**
 * The items of OpenAI Responses. What a model says in one turn is a row of items there (reasoning, messages, calls) and
 * one message of ours, its parts in the same order. Two messages in a row, and a message with a `phase`, are told apart
 * by an aside `{ $item }` before the second; annotations stand beside their text as `{ $text }`. Items we do not read
 * (built-in tools, custom calls, compaction, references) are carried whole. Ids and states are not carried but for those
 * of reasoning, which the provider wants back unchanged: no model sees them.
 */

/** Items of a request as messages. Throws a `TypeError` where one is no item. */
export function readItems(items: readonly Json[]): Message[] {
  const messages: { role: Role; parts: Part[] }[] = []
  for (const item of items) {
    if (!isRecord(item)) throw new TypeError('an item is not an object')
    const role = roleOf(item)
    const last = messages.at(-1)
    if (role === 'tool') messages.push({ role, parts: [readToolItem(item)] })
    else if (role !== 'assistant') messages.push({ role, parts: readContent(item.content) })
    else if (last?.role === 'assistant') addItem(last.parts, item)
    else {
      const parts: Part[] = []
      addItem(parts, item)
      if (parts.length > 0) messages.push({ role, parts })
    }
  }
  return messages
}

/** Items of a reply as the parts of one message. */
export function readOutput(items: readonly Json[]): Part[] {
  const parts: Part[] = []
  for (const item of items) addItem(parts, item)
  return parts
}

export function writeInput(messages: readonly Message[]): Json[] {
  return messages.flatMap(({ role, parts }): Json[] => {
    if (role === 'assistant') return writeTurn(parts, inputForm)
    if (role === 'tool') return parts.flatMap(writeToolItem)
    return [{ role, content: writeContent(parts, 'input_text') }]
  })
}

/** What a model said, as the items of a reply: with the ids and states that its clients expect. */
export function writeOutput(parts: readonly Part[]): Json[] {
  return writeTurn(parts, outputForm)
}

/** Results that are shown to the model, whatever the tool. */
function roleOf(item: Body): Role {
  const { type, role } = item
  if (!isMessage(item)) {
    const isResult = textIn(type).endsWith('_output') || type === 'mcp_approval_response'
    return isResult ? 'tool' : 'assistant'
  }
  if (role === 'developer') return 'system'
  if (role === 'system' || role === 'user' || role === 'assistant') return role
  throw new TypeError('a message has a role we do not know')
}

/** Messages need not say that they are one. */
function isMessage({ type, role }: Body): boolean {
  return type === 'message' || (isSilent(type) && !isSilent(role))
}

function readToolItem(item: Body): Part {
  if (item.type !== 'function_call_output') return opaque(item)
  return {
    type: 'tool_call_response',
    id: textIn(item.call_id),
    response: readResult(item.output, 'input_text'),
  }
}

function addItem(parts: Part[], item: Json): void {
  if (!isRecord(item) || !isMessage(item)) {
    parts.push(readItem(item))
    return
  }
  const content = readContent(item.content)
  if (content.length === 0) return
  const said: Body = typeof item.phase === 'string' ? { phase: item.phase } : {}
  const last = parts.at(-1)
  const follows = last !== undefined && isContent(last)
  if (follows || said.phase !== undefined) parts.push(aside('item', said))
  for (const part of content) parts.push(isContent(part) ? part : enclosed(part))
}

/** Content of a kind we do not know, which must not be taken for an item. */
function enclosed(part: Part): Part {
  const value = part.type === 'opaque' ? carried(part) : undefined
  return isRecord(value) ? aside('content', value) : part
}

function readItem(item: Json): Part {
  if (!isRecord(item)) return opaque(item)
  if (item.type === 'reasoning') return readReasoning(item)
  if (item.type !== 'function_call') return opaque(item)
  const { arguments: given } = item
  return {
    type: 'tool_call',
    id: textIn(item.call_id),
    name: textIn(item.name),
    ...(typeof given === 'string' ? readArguments(given) : { arguments: given ?? {} }),
  }
}

function readContent(content: Json | undefined): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', content }]
  return listIn(content).flatMap((item): Part[] => {
    if (!isRecord(item)) throw new TypeError('what a message holds is not an object')
    if (!textTypes.has(textIn(item.type)) || typeof item.text !== 'string') {
      return [opaque(item)]
    }
    const text: Part = { type: 'text', content: item.text }
    const annotations = listIn(item.annotations)
    return annotations.length === 0 ? [text] : [text, aside('text', { annotations })]
  })
}

const textTypes = new Set(['input_text', 'output_text', 'text'])
const contentTypes = new Set(['refusal', 'output_audio', 'input_image', 'input_file', 'input_audio'])

/** Whether a part stands inside a message of the model, not beside it as an item. */
function isContent(part: Part): boolean {
  if (part.type === 'text') return true
  if ((asideIn(part, 'text') ?? asideIn(part, 'content')) !== undefined) return true
  return part.type === 'opaque' && isRecord(part.value) && contentTypes.has(textIn(part.value.type))
}

/** How items are written: bare, as a model is shown them, or dressed as a provider sends them. */
interface Form {
  message(content: Json[], said: Body, at: number): Body
  call(call: Body, at: number): Body
  reasoning(item: Body, at: number): Body
}

const inputForm: Form = {
  message: (content, said) => ({ role: 'assistant', ...said, content: single(content) ?? content }),
  call: (call) => call,
  reasoning: (item) => item,
}

const outputForm: Form = {
  message: (content, said, at) => ({
    id: `msg_recorded_${at}`,
    type: 'message',
    role: 'assistant',
    status: 'completed',
    ...said,
    content: content.map((item) =>
      isRecord(item) && item.type === 'output_text' ? { annotations: [], ...item } : item,
    ),
  }),
  call: (call, at) => ({ id: `fc_recorded_${at}`, status: 'completed', ...call }),
  reasoning: (item, at) => ({ id: `rs_recorded_${at}`, ...item }),
}

function writeTurn(parts: readonly Part[], form: Form): Json[] {
  const items: Json[] = []
  let content: Json[] = []
  let said: Body = {}
  const close = () => {
    if (content.length > 0) items.push(form.message(content, said, items.length))
    content = []
    said = {}
  }
  parts.forEach((part, at) => {
    const begun = asideIn(part, 'item')
    const held = asideIn(part, 'content')
    if (held !== undefined) content.push(held)
    else if (begun !== undefined) {
      close()
      said = begun
    } else if (isContent(part) && !isAside(part))
      content.push(writeContentItem(part, 'output_text', parts[at + 1]))
    else if (!isAside(part)) {
      close()
      const item = writeItem(part, form, items.length)
      if (item !== undefined) items.push(item)
    }
  })
  close()
  return items
}

function writeItem(part: Part, form: Form, at: number): Json | undefined {
  if (part.type === 'opaque') return carried(part)
  if (part.type === 'reasoning') return form.reasoning(writeReasoning(part), at)
  if (part.type !== 'tool_call') return undefined
  return form.call(
    {
      type: 'function_call',
      call_id: part.id,
      name: part.name,
      arguments: part.malformed ? shownText(part.arguments) : JSON.stringify(part.arguments),
    },
    at,
  )
}

const resultTypes = new Set(['input_text', 'input_image', 'input_file'])

function writeToolItem(part: Part): Json[] {
  if (part.type === 'opaque') return isAside(part) ? [] : [carried(part)]
  if (part.type !== 'tool_call_response') return []
  const output = writeResult(part.response, resultTypes)
  return [{ type: 'function_call_output', call_id: part.id, output }]
}

/** One text is a string. */
function writeContent(parts: readonly Part[], type: string): Json {
  const content = parts.flatMap((part, at) => {
    const shown = part.type === 'text' || (part.type === 'opaque' && !isAside(part))
    return shown ? [writeContentItem(part, type, parts[at + 1])] : []
  })
  return content.length === 0 ? '' : (single(content) ?? content)
}

function writeContentItem(part: Part, type: string, next: Part | undefined): Json {
  if (part.type === 'opaque') return carried(part)
  return { type, text: part.type === 'text' ? part.content : '', ...asideIn(next, 'text') }
}

function single(content: readonly Json[]): string | undefined {
  const [only, ...others] = content
  const plain = others.length === 0 && isRecord(only) && only.annotations === undefined
  if (!plain || !textTypes.has(textIn(only.type))) return undefined
  return typeof only.text === 'string' ? only.text : undefined
}

/**
 * Reasoning must come back unchanged, with its id or its encrypted content: the signature is the item as JSON, without
 * the summary where that is the text of the part.
 */
function readReasoning(item: Body): Part {
  const { type: _, summary, ...others } = item
  const told = [...listIn(summary), ...(listIn(summary).length === 0 ? listIn(item.content) : [])]
  const content = told.flatMap((said) => (isRecord(said) ? [textIn(said.text)] : [])).join('\n\n')
  const derived = JSON.stringify(summary ?? []) === JSON.stringify(summaryOf(content))
  const signature = JSON.stringify(derived ? others : { ...others, summary })
  return { type: 'reasoning', content, signature }
}

function writeReasoning({ content, signature }: Extract<Part, { type: 'reasoning' }>): Body {
  const read = readJson(signature ?? '{}')
  const others = read.ok && isRecord(read.value) ? read.value : { encrypted_content: signature }
  return { type: 'reasoning', summary: summaryOf(content), ...others }
}

function summaryOf(content: string): Json {
  return content === '' ? [] : [{ type: 'summary_text', text: content }]
}
