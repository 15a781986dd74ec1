import { defined } from '../../lib/defined.ts'
import { textMessage, toolCallsOf } from '../../schema/message.ts'
import { totalsOf } from '../../schema/totals.ts'
import { type Span, type SpanOf, type Trace, traceVersion } from '../../schema/trace.ts'
import { type Fields, isFields } from '../ai-messages.ts'
import { deriveTools } from '../derive-tools.ts'
import { versionsIn } from '../versions.ts'
import { isModelActivity, modelReply, modelRequest } from './temporal-model.ts'
import { type Decoded, decodePayloads, oneOrAll } from './temporal-payload.ts'

/** One event of a history. */
export interface HistoryEvent {
  readonly id: string
  /** `ACTIVITY_TASK_SCHEDULED`. */
  readonly type: string
  /** Milliseconds since the epoch. */
  readonly time?: number
  /** Its attributes, whatever they are called. */
  readonly fields: Fields
}

type Content = Omit<Trace, 'id' | 'source'>

/** An activity, or a child workflow: scheduled, and what became of it. */
interface Task {
  readonly event: HistoryEvent
  started?: HistoryEvent
  closed?: HistoryEvent
}

/** How a workflow ends, by the last word of the event, and whether that is an error. */
const ends: ReadonlyMap<string, 'ok' | 'error'> = new Map([
  ['COMPLETED', 'ok'],
  ['CONTINUED_AS_NEW', 'ok'],
  ['CANCELED', 'ok'],
  ['FAILED', 'error'],
  ['TIMED_OUT', 'error'],
  ['TERMINATED', 'error'],
])

/** The run a history tells of; undefined where its start is missing. Never throws. */
export function runOf(events: readonly HistoryEvent[]): Content | undefined {
  const start = events.find(({ type }) => type === 'WORKFLOW_EXECUTION_STARTED')
  if (start === undefined) return undefined
  const end = events.find(({ type }) => ends.has(type.replace('WORKFLOW_EXECUTION_', '')) && isOfRun(type))
  const word = end?.type.replace('WORKFLOW_EXECUTION_', '') ?? 'unfinished'
  const status = ends.get(word) ?? 'error'
  const name = nameIn(start.fields.workflowType) ?? 'workflow'
  const asked = decodePayloads(start.fields.input)
  const gave = decodePayloads(end?.fields.result)
  const time = timeOf(start, end)
  const known = defined({ ...time, input: oneOrAll(asked), output: oneOrAll(gave) })
  const error = status === 'ok' ? undefined : failureOf(end, word.toLowerCase())
  const hidden = hiddenIn({ input: asked, result: gave })
  const root: Span = {
    id: 's1',
    parent: null,
    kind: 'agent',
    name,
    status,
    ...known,
    ...defined({ error }),
    ...(hidden.length === 0 ? {} : { attributes: { 'evalkit.hidden': hidden } }),
  }
  const spans = deriveTools([root, ...spansIn(events)])
  const first = spans.find((span) => span.kind === 'llm')
  const versions = first === undefined ? undefined : versionsIn(first.request)
  return {
    v: traceVersion,
    name,
    status,
    ...known,
    ended: word.toLowerCase(),
    versions: versions?.versions ?? {},
    tags: [],
    attributes: { ...versions?.attributes, ...runAttributes(start.fields, name) },
    ...totalsOf(spans),
    scores: [],
    spans,
  }
}

function isOfRun(type: string): boolean {
  return type.startsWith('WORKFLOW_EXECUTION_')
}

function spansIn(events: readonly HistoryEvent[]): readonly Span[] {
  const tasks = tasksIn(events)
  const updates = new Map<string, HistoryEvent>()
  for (const event of events) {
    if (event.type === 'WORKFLOW_EXECUTION_UPDATE_COMPLETED')
      updates.set(String(event.fields.acceptedEventId), event)
  }
  const spans: Span[] = []
  const open: { readonly id: string; readonly name: string }[] = []
  for (const event of events) {
    const id = `s${spans.length + 2}`
    const task = tasks.get(event.id)
    if (task !== undefined && event.type === 'ACTIVITY_TASK_SCHEDULED') {
      const type = nameIn(event.fields.activityType) ?? 'activity'
      if (isModelActivity(type)) {
        const span = modelSpan(id, type, task)
        if (span.reply !== undefined) open.push(...toolCallsOf(span.reply.message))
        spans.push(span)
      } else {
        const call = open.findIndex(({ name }) => name === type)
        const [asked] = call === -1 ? [] : open.splice(call, 1)
        spans.push(toolSpan(id, type, task, asked?.id))
      }
    } else if (task !== undefined) spans.push(childSpan(id, task))
    else if (event.type === 'WORKFLOW_EXECUTION_SIGNALED') {
      spans.push(humanSpan(id, textIn(event.fields.signalName) ?? 'signal', event, event.fields.input))
    } else if (event.type === 'WORKFLOW_EXECUTION_UPDATE_ACCEPTED') {
      const input = fieldsIn(fieldsIn(event.fields.acceptedRequest).input)
      spans.push(humanSpan(id, textIn(input.name) ?? 'update', event, input.args, updates.get(event.id)))
    }
  }
  return spans
}

/** By the id of the event that scheduled them. */
function tasksIn(events: readonly HistoryEvent[]): ReadonlyMap<string, Task> {
  const tasks = new Map<string, Task>()
  for (const event of events) {
    const { type, fields } = event
    if (type === 'ACTIVITY_TASK_SCHEDULED' || type === 'START_CHILD_WORKFLOW_EXECUTION_INITIATED') {
      tasks.set(event.id, { event })
      continue
    }
    const word =
      /^(?:ACTIVITY_TASK|CHILD_WORKFLOW_EXECUTION)_(STARTED|COMPLETED|FAILED|TIMED_OUT|CANCELED|TERMINATED)$/.exec(
        type,
      )?.[1]
    const task =
      word === undefined ? undefined : tasks.get(String(fields.scheduledEventId ?? fields.initiatedEventId))
    if (task === undefined) continue
    if (word === 'STARTED') task.started = event
    else task.closed ??= event
  }
  return tasks
}

function modelSpan(id: string, name: string, task: Task): SpanOf<'llm'> {
  const asked = decodePayloads(task.event.fields.input)
  const gave = decodePayloads(task.closed?.fields.result)
  const done = task.closed?.type.endsWith('_COMPLETED') === true
  return {
    ...baseOf(id, name, task, { input: asked, result: gave }),
    kind: 'llm',
    request: modelRequest(oneOrAll(asked)),
    ...(done ? { reply: modelReply(oneOrAll(gave)) } : {}),
  }
}

/** A tool that failed told the workflow so: that is what it answered. */
function toolSpan(id: string, name: string, task: Task, callId: string | undefined): SpanOf<'tool'> {
  const asked = decodePayloads(task.event.fields.input)
  const gave = decodePayloads(task.closed?.fields.result)
  const base = baseOf(id, name, task, { arguments: asked, result: gave })
  const { error } = base
  const thrown = error === undefined ? undefined : { name: error.type, message: error.message }
  const response = thrown === undefined ? (oneOrAll(gave) ?? null) : { thrown }
  return {
    ...base,
    kind: 'tool',
    request: { name, arguments: oneOrAll(asked) ?? {}, ...defined({ id: callId }) },
    ...(task.closed === undefined ? {} : { reply: { response, isError: thrown !== undefined } }),
  }
}

function childSpan(id: string, task: Task): Span {
  const asked = decodePayloads(task.event.fields.input)
  const gave = decodePayloads(task.closed?.fields.result)
  const name = nameIn(task.event.fields.workflowType) ?? 'workflow'
  const base = baseOf(id, name, task, { input: asked, result: gave })
  return { ...base, kind: 'agent', ...defined({ input: oneOrAll(asked), output: oneOrAll(gave) }) }
}

function humanSpan(
  id: string,
  name: string,
  event: HistoryEvent,
  input: unknown,
  answer?: HistoryEvent,
): Span {
  const said = decodePayloads(input)
  const gave = decodePayloads(fieldsIn(answer?.fields.outcome).success)
  const value = oneOrAll(said) ?? null
  const hidden = hiddenIn({ input: said, result: gave })
  const attributes = {
    ...(hidden.length === 0 ? {} : { 'evalkit.hidden': hidden }),
    ...(answer === undefined ? {} : { 'temporal.update_result': oneOrAll(gave) ?? null }),
  }
  return {
    id,
    parent: 's1',
    kind: 'human',
    name,
    status: 'ok',
    ...timeOf(event, answer),
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
    request: { name },
    reply: { message: textMessage('user', typeof value === 'string' ? value : JSON.stringify(value)) },
  }
}

function baseOf(id: string, name: string, task: Task, decoded: Readonly<Record<string, Decoded>>) {
  const { event, started, closed } = task
  const failed = closed !== undefined && !closed.type.endsWith('_COMPLETED')
  const hidden = hiddenIn(decoded)
  const attempt = Number(started?.fields.attempt ?? 1)
  const last = failureText(started?.fields.lastFailure)
  return {
    id,
    parent: 's1',
    name,
    status: closed === undefined || failed ? ('error' as const) : ('ok' as const),
    ...timeOf(event, closed),
    ...(failed ? { error: failureOf(closed, 'failed') } : {}),
    attributes: {
      ...defined({ 'temporal.activity_id': textIn(event.fields.activityId), 'temporal.last_failure': last }),
      ...(attempt > 1 ? { 'temporal.attempt': attempt } : {}),
      ...(hidden.length === 0 ? {} : { 'evalkit.hidden': hidden }),
    },
  }
}

/** What of a span could not be read, as the grade names it: `the result (binary/encrypted)`. */
function hiddenIn(decoded: Readonly<Record<string, Decoded>>): readonly string[] {
  return Object.entries(decoded).flatMap(([what, { hidden }]) =>
    hidden.length === 0 ? [] : [`the ${what} (${[...new Set(hidden)].join(', ')})`],
  )
}

function runAttributes(fields: Fields, type: string): Trace['attributes'] {
  return defined({
    'temporal.workflow_type': type,
    'temporal.workflow_id': textIn(fields.workflowId),
    'temporal.run_id': textIn(fields.originalExecutionRunId),
    'temporal.task_queue': nameIn(fields.taskQueue),
  })
}

/** What went wrong: the innermost cause says it, the others only where. */
function failureOf(event: HistoryEvent | undefined, word: string): { type: string; message: string } {
  let failure = event?.fields.failure
  for (let depth = 0; depth < 20 && isFields(failure) && isFields(failure.cause); depth++)
    failure = failure.cause
  const { message, applicationFailureInfo } = fieldsIn(failure)
  const type = textIn(fieldsIn(applicationFailureInfo).type)
  return { type: type ?? word, message: textIn(message) ?? (event?.type ?? 'it never ended').toLowerCase() }
}

function failureText(failure: unknown): string | undefined {
  return textIn(fieldsIn(failure).message)
}

function timeOf(
  start: HistoryEvent,
  end: HistoryEvent | undefined,
): { startedAt?: string; durationMs?: number } {
  if (start.time === undefined) return {}
  const startedAt = new Date(start.time).toISOString()
  const took = end?.time === undefined ? Number.NaN : end.time - start.time
  return { startedAt, ...(took >= 0 ? { durationMs: took } : {}) }
}

function fieldsIn(value: unknown): Fields {
  return isFields(value) ? value : {}
}

function nameIn(value: unknown): string | undefined {
  return textIn(fieldsIn(value).name)
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
