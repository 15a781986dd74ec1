import { defined } from '../../lib/defined.ts'
import { readJson, sameJson } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'
import { type ToolCallPart, toolCallsOf } from '../../schema/message.ts'
import { totalsOf } from '../../schema/totals.ts'
import { type Span, type SpanOf, type Trace, traceVersion } from '../../schema/trace.ts'
import { type Fields, isFields } from '../ai-messages.ts'
import { deriveTools } from '../derive-tools.ts'
import { numberIn } from '../otlp/told.ts'
import { versionsIn } from '../versions.ts'
import { fieldsIn, hiddenIn, type HistoryEvent, nameIn, textIn, timeOf } from './temporal-history.ts'
import { isModelActivity, modelReply, modelRequest } from './temporal-model.ts'
import { type Decoded, decodePayloads, oneOrAll } from './temporal-payload.ts'
import { peopleIn, personSpan, unmetIn } from './temporal-people.ts'
import { timersIn, timerSpan } from './temporal-timers.ts'
import { withTurns } from './temporal-turns.ts'
import { idText } from './foreign.ts'

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
  const spans = withTurns(deriveTools([root, ...spansIn(events)]), known.input)
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
    attributes: { ...versions?.attributes, ...runAttributes(start.fields, name), ...unmetIn(spans) },
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
  const timers = timersIn(events)
  const people = peopleIn(events)
  const spans: Span[] = []
  /** Tools that a model asked for, and that no activity answers yet. */
  const open: ToolCallPart[] = []
  for (const event of events) {
    const id = `s${spans.length + 2}`
    const task = tasks.get(event.id)
    const said = people.get(event.id)
    if (task !== undefined && event.type === 'ACTIVITY_TASK_SCHEDULED') {
      const type = nameIn(event.fields.activityType) ?? 'activity'
      if (isModelActivity(type)) {
        const span = modelSpan(id, type, task)
        if (span.reply !== undefined) open.push(...toolCallsOf(span.reply.message))
        spans.push(span)
      } else spans.push(toolSpan(id, type, task, open))
    } else if (task !== undefined) spans.push(childSpan(id, task))
    else if (said !== undefined) spans.push(personSpan(id, said))
    else if (event.type === 'TIMER_STARTED') spans.push(timerSpan(id, event, timers.get(event.id)))
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
      word === undefined ? undefined : tasks.get(idText(fields.scheduledEventId ?? fields.initiatedEventId))
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

/**
 * A tool that failed told the workflow so: that is what it answered. An activity that no model asked for may be anything,
 * a model call under a name of its own among it.
 */
function toolSpan(id: string, name: string, task: Task, open: ToolCallPart[]): SpanOf<'tool'> {
  const asked = decodePayloads(task.event.fields.input)
  const gave = decodePayloads(task.closed?.fields.result)
  const call = takeCall(open, name, asked.values)
  const untold = call === undefined ? ['the kind (no model call we know, and no model asked for it)'] : []
  const base = baseOf(id, name, task, { arguments: asked, result: gave }, untold)
  const { error } = base
  const thrown = error === undefined ? undefined : { name: error.type, message: error.message }
  const response = thrown === undefined ? (oneOrAll(gave) ?? null) : { thrown }
  return {
    ...base,
    kind: 'tool',
    request: { name, arguments: oneOrAll(asked) ?? {}, ...defined({ id: call?.id }) },
    ...(task.closed === undefined ? {} : { reply: { response, isError: thrown !== undefined } }),
  }
}

/** The call that an activity answers: of its name, and of those the one whose arguments it was given, else the first. */
function takeCall(open: ToolCallPart[], name: string, given: readonly Json[]): ToolCallPart | undefined {
  const fits = ({ arguments: asked }: ToolCallPart): boolean => isGiven(asked, given)
  const same = open.findIndex((call) => call.name === name && fits(call))
  const at = same === -1 ? open.findIndex((call) => call.name === name) : same
  return at === -1 ? undefined : open.splice(at, 1)[0]
}

/** Arguments are handed on as they are, as the text the model wrote, or one by one. */
function isGiven(asked: Json, given: readonly Json[]): boolean {
  const [only] = given
  if (given.length === 1 && sameJson(only, asked)) return true
  if (given.length === 1 && typeof only === 'string') {
    const read = readJson(only)
    if (read.ok && sameJson(read.value, asked)) return true
  }
  return typeof asked === 'object' && asked !== null && sameJson(Object.values(asked), given)
}

function childSpan(id: string, task: Task): Span {
  const asked = decodePayloads(task.event.fields.input)
  const gave = decodePayloads(task.closed?.fields.result)
  const name = nameIn(task.event.fields.workflowType) ?? 'workflow'
  const base = baseOf(id, name, task, { input: asked, result: gave })
  return { ...base, kind: 'agent', ...defined({ input: oneOrAll(asked), output: oneOrAll(gave) }) }
}

function baseOf(
  id: string,
  name: string,
  task: Task,
  decoded: Readonly<Record<string, Decoded>>,
  untold: readonly string[] = [],
) {
  const { event, started, closed } = task
  const failed = closed !== undefined && !closed.type.endsWith('_COMPLETED')
  const hidden = [...hiddenIn(decoded), ...untold]
  const attempt = numberIn(idText(started?.fields.attempt)) ?? 1
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
