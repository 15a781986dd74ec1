import { defined } from '../../lib/defined.ts'
import { sameJson } from '../../lib/json.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Json } from '../../schema/json.ts'
import { textOf } from '../../schema/message.ts'
import { isRecord, listIn } from '../../tap/wire/text.ts'
import { versionsIn } from '../versions.ts'
import { type Conversation, type ConversationItem, shownResult } from './conversation.ts'
import { documentIn, said, skipped, smallOnly } from './foreign.ts'
import { importConversation } from './import-conversation.ts'
import type { Imported, Importer, Source } from './importer.ts'
import { type LangchainMessage, langchainMessage } from './langchain-message.ts'
import { channelIn, type Checkpoint, checkpointOf, inOrder, writesIn } from './langgraph-checkpoint.ts'

/**
 * Checkpoints of LangGraph (https://langchain-ai.github.io/langgraph/concepts/persistence/): the history of a thread's state. Every
 * checkpoint repeats the whole list of messages, so what was said is what is new from one to the next. A thread is a run.
 */
export const langgraph: Importer = {
  name: 'langgraph',
  description: 'Checkpoints of LangGraph: the history of a thread, as getStateHistory() or a saver has it.',
  looksFor:
    'a JSON list of checkpoints with "thread_id" and "checkpoint_id", or an object with such a list "checkpoints"',

  detect: (source) =>
    rowsIn(documentIn(source))?.rows.some((row) => checkpointOf(row, '', () => []) !== undefined) === true,

  *read(source) {
    const found = rowsIn(source.document())
    const writesOf = writesIn(found?.writes ?? [])
    const threads = new Map<string, Checkpoint[]>()
    const problems: Imported[] = []
    for (const [index, row] of (found?.rows ?? []).entries()) {
      const at = `${found?.place ?? ''}[${index}]`
      const checkpoint = checkpointOf(row, at, writesOf)
      if (checkpoint === undefined)
        problems.push(skipped(at, 'this is no checkpoint: it has no thread, no id or no values'))
      else if (threads.get(checkpoint.thread)?.push(checkpoint) === undefined)
        threads.set(checkpoint.thread, [checkpoint])
    }
    if (threads.size === 0) {
      throw new EvalkitError('EVK_SCHEMA', `This is not ${langgraph.looksFor}.`, {
        at: { file: source.file },
      })
    }
    yield* problems
    for (const [thread, checkpoints] of threads) yield* importThread(thread, checkpoints, source)
  },
}

function rowsIn(
  document: unknown,
): { readonly rows: readonly Json[]; readonly writes: readonly Json[]; readonly place: string } | undefined {
  if (Array.isArray(document)) return { rows: document as Json[], writes: [], place: '' }
  if (!isRecord(document) || !Array.isArray(document.checkpoints)) return undefined
  return { rows: document.checkpoints as Json[], writes: listIn(document.writes), place: 'checkpoints' }
}

function* importThread(
  thread: string,
  checkpoints: readonly Checkpoint[],
  source: Source,
): Iterable<Imported> {
  const graphs = Map.groupBy(checkpoints, ({ namespace }) => namespace)
  const counted = new Set<string>()
  const own = graphs.get('')
  const conversations = [
    ...(own === undefined ? [] : [['', own] as const]),
    ...[...graphs].filter(([name]) => name !== ''),
  ].map(([name, list]) => ({ name, conversation: conversationOf(inOrder(list), name, counted) }))
  const [main, ...others] = conversations
  const at = checkpoints[0]?.at ?? ''
  if (main === undefined || conversations.every(({ conversation }) => conversation.items.length === 0)) {
    yield skipped(at, 'the thread has no messages')
    return
  }
  const apart = others.filter(({ conversation }) =>
    conversation.items.some((item) => item.kind === 'assistant' && item.attributes === undefined),
  )
  const repairs = others
    .filter((one) => !apart.includes(one))
    .map(({ name }) => ({
      at,
      reason: `the subgraph ${JSON.stringify(name)} says nothing that the graph does not; read once`,
    }))
  yield* importConversation(
    {
      ...main.conversation,
      name: langgraph.name,
      source: { format: langgraph.name, at: source.file },
      session: thread,
      agents: apart.map(({ conversation }) => ({ conversation })),
    },
    at,
    repairs,
  )
}

interface Told {
  readonly item: number
  readonly value: Json
  readonly message: LangchainMessage | undefined
}

function conversationOf(
  checkpoints: readonly Checkpoint[],
  name: string,
  counted: Set<string>,
): Conversation {
  const items: ConversationItem[] = []
  /** What stood in the list and was taken out: where it comes again, nobody says it again. */
  const removed = new Set<string>()
  const lists = new Map<string, readonly Json[]>()
  let system: readonly Json[] = []
  let told: Told[] = []
  let before: Checkpoint | undefined

  const say = (value: Json, at: string, since: Checkpoint | undefined): void => {
    const read = langchainMessage(value)
    const startedAt = since?.time?.iso
    const item =
      read === undefined
        ? undefined
        : removed.has(keyOf(value, read))
          ? ({ kind: 'note', at, message: read.message } as const)
          : itemOf(read, at, counted)
    if (item === undefined) items.push({ kind: 'other', at, name: 'message', value })
    else items.push({ ...item, ...defined({ startedAt }) })
    told.push({ item: items.length - 1, value, message: read })
  }

  for (const checkpoint of checkpoints) {
    const list = messagesIn(checkpoint, lists, checkpoints)
    lists.set(checkpoint.id, list)
    const leading = list.findIndex((value) => langchainMessage(value)?.message.role !== 'system')
    const head = leading === -1 ? list : list.slice(0, leading)
    if (head.length > 0) system = head
    const rest = list.slice(head.length)
    let same = 0
    while (same < told.length && same < rest.length && isSame(told[same], rest[same] ?? null)) same++
    if (same < told.length) {
      items.push({ kind: 'rewind', at: checkpoint.at, after: told[same - 1]?.item ?? -1 })
      for (const { value, message } of told.slice(same)) removed.add(keyOf(value, message))
      told = told.slice(0, same)
    }
    for (const value of rest.slice(same)) say(value, checkpoint.at, before)
    before = checkpoint
  }
  const last = checkpoints.at(-1)
  const end = endOf(last, told, (value) => {
    if (last !== undefined) say(value, last.at, last)
  })
  for (const { what, value } of end.others)
    items.push({ kind: 'other', at: last?.at ?? '', name: what, value })
  return finished(checkpoints, items, system, name, end)
}

function keyOf(value: Json, read: LangchainMessage | undefined): string {
  return read?.id ?? JSON.stringify(value)
}

function itemOf(
  { message, reply, id }: LangchainMessage,
  at: string,
  counted: Set<string>,
): ConversationItem {
  const [part] = message.parts
  if (message.role === 'tool' && part?.type === 'tool_call_response') {
    return shownResult(message.name, part, at)
  }
  if (message.role === 'user') return { kind: 'user', at, message }
  if (message.role !== 'assistant') return { kind: 'note', at, message }
  const elsewhere = id !== undefined && counted.has(id)
  if (id !== undefined) counted.add(id)
  const { usage, ...known } = reply ?? {}
  return {
    kind: 'assistant',
    at,
    message,
    reply: { ...known, ...(elsewhere ? {} : defined({ usage })) },
    fidelity: { request: 'derived', ...(usage === undefined ? { usage: 'missing' } : {}) },
    ...(elsewhere ? { attributes: { 'langgraph.counted_elsewhere': true } } : {}),
  }
}

/** A message is the same by its id and content: what was changed in place is another one. */
function isSame(told: Told | undefined, value: Json): boolean {
  if (told === undefined) return false
  if (sameJson(told.value, value)) return true
  const other = langchainMessage(value)
  return (
    other?.id !== undefined && told.message?.id === other.id && sameJson(told.message.message, other.message)
  )
}

/** The messages at a checkpoint: those in it, else those of the one before with what was written since. */
function messagesIn(
  checkpoint: Checkpoint,
  lists: ReadonlyMap<string, readonly Json[]>,
  all: readonly Checkpoint[],
): readonly Json[] {
  const own = channelIn(checkpoint.values, 'messages')
  if (Array.isArray(own)) return own as readonly Json[]
  const above = checkpoint.parent === undefined ? undefined : lists.get(checkpoint.parent)
  if (above === undefined) return []
  const parent = parentOf(checkpoint, all)
  return [...above, ...writtenTo(parent)]
}

const byId = new WeakMap<readonly Checkpoint[], ReadonlyMap<string, Checkpoint>>()

function parentOf({ parent }: Checkpoint, all: readonly Checkpoint[]): Checkpoint | undefined {
  const known = byId.get(all) ?? new Map(all.map((one) => [one.id, one]))
  byId.set(all, known)
  return parent === undefined ? undefined : known.get(parent)
}

function writtenTo(checkpoint: Checkpoint | undefined): readonly Json[] {
  return (checkpoint?.writes ?? []).flatMap(([channel, value]): readonly Json[] =>
    channel === 'messages' ? (Array.isArray(value) ? (value as readonly Json[]) : [value]) : [],
  )
}

interface End {
  readonly ended: string | undefined
  readonly error: { readonly type: string; readonly message: string } | undefined
  readonly others: readonly { readonly what: string; readonly value: Json }[]
}

/** What tasks wrote after the last checkpoint: they ran, though the step they ran in did not come to its end. */
function endOf(last: Checkpoint | undefined, told: readonly Told[], say: (value: Json) => void): End {
  if (last === undefined) return { ended: undefined, error: undefined, others: [] }
  const known = new Set(told.map(({ value, message }) => keyOf(value, message)))
  for (const value of writtenTo(last)) if (!known.has(keyOf(value, langchainMessage(value)))) say(value)
  const failed = last.writes.find(([channel]) => channel === '__error__')?.[1]
  const asked = last.writes.filter(([channel]) => channel === '__interrupt__').map(([, value]) => value)
  return {
    ended:
      asked.length > 0
        ? 'interrupted'
        : last.next.length > 0 || failed !== undefined
          ? 'unfinished'
          : undefined,
    error:
      failed === undefined
        ? undefined
        : { type: 'task_error', message: typeof failed === 'string' ? failed : JSON.stringify(failed) },
    others: asked.map((value) => ({ what: 'interrupt', value })),
  }
}

function finished(
  checkpoints: readonly Checkpoint[],
  items: readonly ConversationItem[],
  system: readonly Json[],
  name: string,
  { ended, error }: End,
): Conversation {
  const request =
    system.length === 0
      ? {}
      : { system: system.flatMap((value) => langchainMessage(value)?.message.parts ?? []) }
  const opening = items.find((item) => item.kind === 'user')
  const models = items.flatMap((item) => (item.kind === 'assistant' ? (item.reply?.model ?? []) : []))
  const first = checkpoints[0]
  const last = checkpoints.at(-1)
  const { messages: _, ...state } = last?.values ?? {}
  const took =
    first?.time === undefined || last?.time === undefined
      ? undefined
      : Number(last.time.nanos - first.time.nanos) / 1e6
  return {
    name: name === '' ? langgraph.name : name,
    source: { format: langgraph.name },
    status: error === undefined ? 'ok' : 'error',
    ...defined({
      ended,
      error,
      startedAt: first?.time?.iso,
      durationMs: took === undefined || took < 0 ? undefined : took,
      input: opening?.kind === 'user' ? textOf(opening.message) : undefined,
    }),
    versions: { ...versionsIn({ ...request, messages: [] }).versions, ...defined({ model: models[0] }) },
    attributes: Object.fromEntries(
      Object.entries(smallOnly(said(state))).map(([key, value]) => [`${langgraph.name}.state.${key}`, value]),
    ),
    request,
    items,
    dialogue: { stopTexts: [], stopTools: [], user: name === '' },
  }
}
