import type { Json } from '../../schema/json.ts'
import { type ServerSentEvent, writeEvent } from './sse.ts'
import { type Growing, isIndex, recordsIn, type Slots, slots, takeOver } from './stream.ts'
import { type Body, isRecord, listIn, recordIn, textIn } from './text.ts'

/**
 * OpenAI's streamed responses: https://platform.openai.com/docs/api-reference/responses-streaming. The last event of a
 * whole stream holds the whole response; of one that was cut, the response is put together from its items, and those
 * that were not done from their deltas.
 */

interface Item {
  readonly told: Growing
  /** The item as it was when it was done: that is what counts. */
  done?: Body
  readonly content: Slots<Entry>
  readonly summary: Slots<Entry>
  /** A member of the item itself that grows: the arguments of a call, the input of a custom one, code. */
  readonly members: Map<string, Entry>
}

/** Text that grows, and what it stands in. */
interface Entry {
  told: Body
  text: string[]
  readonly annotations: Json[]
}

interface Place {
  /** The type of the item it belongs to. */
  readonly item: string
  readonly list?: 'content' | 'summary'
  readonly member: string
  readonly type?: string
}

/** Where the text of `response.<name>.delta` and `response.<name>.done` belongs. */
const places: ReadonlyMap<string, Place> = new Map<string, Place>([
  ['output_text', { item: 'message', list: 'content', member: 'text', type: 'output_text' }],
  ['refusal', { item: 'message', list: 'content', member: 'refusal', type: 'refusal' }],
  ['reasoning_text', { item: 'reasoning', list: 'content', member: 'text', type: 'reasoning_text' }],
  ['reasoning_summary_text', { item: 'reasoning', list: 'summary', member: 'text', type: 'summary_text' }],
  ['function_call_arguments', { item: 'function_call', member: 'arguments' }],
  ['mcp_call_arguments', { item: 'mcp_call', member: 'arguments' }],
  ['custom_tool_call_input', { item: 'custom_tool_call', member: 'input' }],
  ['code_interpreter_call_code', { item: 'code_interpreter_call', member: 'code' }],
])

/** Throws a `TypeError` where nothing of a response came, and no error either. */
export function assembleResponse(events: readonly ServerSentEvent[]): Json {
  const response: Growing = {}
  let error: Json | undefined
  let begun = false
  let whole = false
  const items: Items = { byIndex: slots(newItem), byId: new Map() }
  for (const data of recordsIn(events)) {
    const type = textIn(data.type)
    if (type === 'error' || (type === '' && isRecord(data.error))) error = data.error ?? errorOf(data)
    else if (isRecord(data.response) && type.startsWith('response.')) {
      takeOver(response, data.response)
      begun = true
      whole = last.has(type)
    } else if (type.startsWith('response.')) {
      begun = addEvent(items, type, data) || begun
    }
  }
  if (!begun && error === undefined) throw new TypeError('no response in the stream')
  if (!begun) return { error }
  const output = listIn(response.output)
  // Servers exist whose last event tells of no output.
  const told = whole && output.length > 0 ? output : items.byIndex.all().map(finishedItem)
  return {
    object: 'response',
    ...response,
    output: told.length === 0 ? output : told,
    ...(error === undefined ? {} : { error }),
  }
}

/**
 * Whether an event ends the stream: by the type of what it carries, since servers exist that do not name their events,
 * and since one that was cut inside the response it carries ends nothing.
 */
export function isLastOfResponse(event: ServerSentEvent): boolean {
  if (event.event !== undefined && event.event !== 'error' && !last.has(event.event)) return false
  const [data] = recordsIn([event])
  return (
    data !== undefined && (event.event === 'error' || data.type === 'error' || last.has(textIn(data.type)))
  )
}

const last = new Set(['response.completed', 'response.failed', 'response.incomplete'])

function entry(): Entry {
  return { told: {}, text: [], annotations: [] }
}

/** An error event that is itself the error. */
function errorOf(data: Body): Body {
  const { type: _, ...others } = data
  return others
}

interface Items {
  readonly byIndex: Slots<Item>
  readonly byId: Map<string, Item>
  latest?: Item
}

function newItem(): Item {
  return { told: {}, content: slots(entry), summary: slots(entry), members: new Map() }
}

/**
 * The item of this type that an event tells of. Servers exist that give no index: then it is the one of the id, else the
 * latest, unless that is of another type.
 */
function itemOf(items: Items, { output_index, item_id }: Body, type: string): Item {
  const id = textIn(item_id)
  const fits = items.latest?.told.type === type ? items.latest : undefined
  const known = items.byId.get(id) ?? (id === '' ? fits : undefined)
  const item = isIndex(output_index) ? items.byIndex.at(output_index) : (known ?? items.byIndex.add())
  item.told.type ??= type
  if (id !== '') items.byId.set(id, item)
  items.latest = item
  return item
}

/** Whether the event told of an item. */
function addEvent(items: Items, type: string, data: Body): boolean {
  const [, what = '', how = ''] = /^response\.(.*)\.(added|delta|done)$/.exec(type) ?? []
  if (what === 'output_item') {
    const told = recordIn(data.item)
    const item = itemOf(items, { ...data, item_id: told.id }, textIn(told.type))
    if (how === 'done') item.done = told
    else takeOver(item.told, told)
  } else if (what === 'content_part' || what === 'reasoning_summary_part') {
    const part = recordIn(data.part)
    const reasoning = what !== 'content_part' || part.type === 'reasoning_text'
    const item = itemOf(items, data, reasoning ? 'reasoning' : 'message')
    const into =
      what === 'content_part' ? item.content.at(data.content_index) : item.summary.at(data.summary_index)
    into.told = part
    // A part that is done tells its text whole, and one that is added comes before its text.
    into.text = []
  } else if (what === 'output_text.annotation') {
    const { annotations } = itemOf(items, data, 'message').content.at(data.content_index)
    annotations.push(data.annotation ?? null)
  } else {
    const place = places.get(what)
    if (place === undefined) return false
    addText(itemOf(items, data, place.item), place, data, how === 'done')
  }
  return true
}

function addText(item: Item, place: Place, data: Body, whole: boolean): void {
  const into =
    place.list === undefined
      ? memberOf(item, place.member)
      : item[place.list].at(place.list === 'content' ? data.content_index : data.summary_index)
  if (place.type !== undefined && into.told.type === undefined) into.told = { ...into.told, type: place.type }
  if (whole && typeof data[place.member] === 'string') {
    if (place.list === undefined) item.told[place.member] = ''
    into.told = { ...into.told, [place.member]: '' }
    into.text = [textIn(data[place.member])]
  } else if (!whole) into.text.push(textIn(data.delta))
}

function memberOf(item: Item, member: string): Entry {
  const found = item.members.get(member) ?? entry()
  item.members.set(member, found)
  return found
}

function finishedItem({ told, done, content, summary, members }: Item): Json {
  if (done !== undefined && Object.keys(done).length > 0) return done
  const grown = [...members].map(
    ([member, { text }]) => [member, `${textIn(told[member])}${text.join('')}`] as const,
  )
  const [parts, summaries] = [content.all(), summary.all()]
  return {
    ...(told.type === 'message' ? { role: 'assistant' } : {}),
    ...told,
    status: 'incomplete',
    ...Object.fromEntries(grown),
    ...(parts.length === 0 ? {} : { content: parts.map(finishedEntry) }),
    ...(summaries.length === 0 ? {} : { summary: summaries.map(finishedEntry) }),
  }
}

function finishedEntry({ told, text, annotations }: Entry): Json {
  const member = told.type === 'refusal' ? 'refusal' : 'text'
  return {
    ...told,
    ...(text.length === 0 ? {} : { [member]: `${textIn(told[member])}${text.join('')}` }),
    ...(annotations.length === 0 ? {} : { annotations }),
  }
}

/** A plain response as the stream that brings it: one delta for each thing that comes in deltas. */
export function streamResponse(response: Body): readonly string[] {
  const { usage: _, ...others } = response
  const begun = { ...others, status: 'in_progress', incomplete_details: null, output: [] }
  const { status } = response
  const end = status === 'failed' || status === 'incomplete' ? status : 'completed'
  const events: Body[] = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    ...listIn(response.output).flatMap((item, output_index) => streamItem(item, output_index)),
    { type: `response.${end}`, response },
  ]
  return events.map(({ type, ...data }, sequence_number) =>
    writeEvent({ type, sequence_number, ...data }, textIn(type)),
  )
}

function streamItem(item: Json, output_index: number): Body[] {
  const whole = recordIn(item)
  const at = { item_id: whole.id, output_index }
  const [start, steps] = stepsOf(whole)
  return [
    { type: 'response.output_item.added', output_index, item: isRecord(item) ? start : item },
    ...steps.map(({ type, ...step }) => ({ type, ...at, ...step })),
    { type: 'response.output_item.done', output_index, item },
  ]
}

/** An item as it is before anything of it came, and the events that bring it. */
function stepsOf(item: Body): readonly [Body, readonly Body[]] {
  if (item.type === 'function_call') {
    const { arguments: given, name } = item
    return [
      { ...item, status: 'in_progress', arguments: '' },
      [
        { type: 'response.function_call_arguments.delta', delta: given },
        { type: 'response.function_call_arguments.done', arguments: given, name },
      ],
    ]
  }
  if (item.type === 'message') {
    const content = listIn(item.content)
    return [{ ...item, status: 'in_progress', content: [] }, content.flatMap(contentSteps)]
  }
  if (item.type === 'reasoning') {
    const summary = listIn(item.summary)
    return [{ ...item, summary: [] }, summary.flatMap(summarySteps)]
  }
  return [item, []]
}

function contentSteps(content: Json, content_index: number): Body[] {
  const part = recordIn(content)
  const [kind, member] =
    part.type === 'refusal' ? (['refusal', 'refusal'] as const) : (['output_text', 'text'] as const)
  const text = part[member]
  const logprobs = kind === 'output_text' ? { logprobs: [] } : {}
  const annotations = listIn(part.annotations)
  const start = { ...part, [member]: '', ...(part.annotations === undefined ? {} : { annotations: [] }) }
  return [
    { type: 'response.content_part.added', content_index, part: start },
    { type: `response.${kind}.delta`, content_index, delta: text, ...logprobs },
    ...annotations.map((annotation, annotation_index) => ({
      type: 'response.output_text.annotation.added',
      content_index,
      annotation_index,
      annotation,
    })),
    { type: `response.${kind}.done`, content_index, [member]: text, ...logprobs },
    { type: 'response.content_part.done', content_index, part },
  ]
}

function summarySteps(summary: Json, summary_index: number): Body[] {
  const part = recordIn(summary)
  const { text } = part
  return [
    { type: 'response.reasoning_summary_part.added', summary_index, part: { ...part, text: '' } },
    { type: 'response.reasoning_summary_text.delta', summary_index, delta: text },
    { type: 'response.reasoning_summary_text.done', summary_index, text },
    { type: 'response.reasoning_summary_part.done', summary_index, part },
  ]
}
