import { defined } from '../../lib/defined.ts'
import { type Message, textMessage } from '../../schema/message.ts'
import type { Span, Trace } from '../../schema/trace.ts'
import { fieldsIn, hiddenIn, type HistoryEvent, textIn } from './temporal-history.ts'
import { decodePayloads, oneOrAll } from './temporal-payload.ts'
import { idText } from './foreign.ts'

/** What somebody sent to the workflow: a signal, or an update. */
export interface Said {
  readonly kind: 'signal' | 'update'
  readonly name: string
  readonly event: HistoryEvent
  readonly input: unknown
  /** What an update gave back. */
  readonly answer?: HistoryEvent | undefined
  /** Since when the workflow had nothing else to do than to wait, in milliseconds since the epoch. */
  readonly waitingSince?: number | undefined
  /** The workflow's code never ran after it came. */
  readonly isUnmet: boolean
}

/** The signals and updates of a history, by the ids of their events. */
export function peopleIn(events: readonly HistoryEvent[]): ReadonlyMap<string, Said> {
  const updates = new Map<string, HistoryEvent>()
  for (const event of events) {
    if (event.type === 'WORKFLOW_EXECUTION_UPDATE_COMPLETED')
      updates.set(idText(event.fields.acceptedEventId), event)
  }
  const lastRun = events.findLastIndex(({ type }) => type === 'WORKFLOW_TASK_STARTED')
  const people = new Map<string, Said>()
  /** Activities and children under way. */
  const open = new Set<string>()
  let idleSince: number | undefined
  for (const [at, event] of events.entries()) {
    const { type, fields, time } = event
    const ended = idText(fields.scheduledEventId ?? fields.initiatedEventId)
    if (type === 'WORKFLOW_EXECUTION_STARTED') idleSince = time
    else if (type === 'ACTIVITY_TASK_SCHEDULED' || type === 'START_CHILD_WORKFLOW_EXECUTION_INITIATED')
      open.add(event.id)
    else if (!type.endsWith('_STARTED') && !type.startsWith('WORKFLOW_TASK_') && open.delete(ended))
      idleSince = time
    const said = saidIn(event, updates)
    if (said === undefined) continue
    people.set(event.id, {
      ...said,
      ...(open.size === 0 ? defined({ waitingSince: idleSince }) : {}),
      // An update is accepted by the code itself.
      isUnmet: said.kind === 'signal' && lastRun !== -1 && at > lastRun,
    })
    if (open.size === 0) idleSince = time
  }
  return people
}

function saidIn(
  event: HistoryEvent,
  updates: ReadonlyMap<string, HistoryEvent>,
): Omit<Said, 'isUnmet'> | undefined {
  const { type, fields } = event
  if (type === 'WORKFLOW_EXECUTION_SIGNALED')
    return { kind: 'signal', name: textIn(fields.signalName) ?? 'signal', event, input: fields.input }
  if (type !== 'WORKFLOW_EXECUTION_UPDATE_ACCEPTED') return undefined
  const { name, args } = fieldsIn(fieldsIn(fields.acceptedRequest).input)
  return {
    kind: 'update',
    name: textIn(name) ?? 'update',
    event,
    input: args,
    answer: updates.get(event.id),
  }
}

/**
 * What somebody sent, as a call that was answered: asked when the workflow began to wait, answered when it arrived. What
 * arrived while something was under way was waited for by nobody. What the workflow never saw is a step, and no call.
 */
export function personSpan(
  id: string,
  { kind, name, event, input, answer, waitingSince, isUnmet }: Said,
): Span {
  const said = decodePayloads(input)
  const gave = decodePayloads(fieldsIn(answer?.fields.outcome).success)
  const value = oneOrAll(said) ?? null
  const hidden = hiddenIn({ input: said, result: gave })
  const base = {
    id,
    parent: 's1',
    status: 'ok',
    ...arrival(event.time, waitingSince),
    attributes: {
      [`temporal.${kind}`]: name,
      ...(hidden.length === 0 ? {} : { 'evalkit.hidden': hidden }),
      ...(answer === undefined ? {} : { 'temporal.update_result': oneOrAll(gave) ?? null }),
      ...(isUnmet ? { 'temporal.unmet': true } : {}),
    },
  } as const
  if (isUnmet) return { ...base, kind: 'custom', name: `${name} (signal that nobody met)`, input: value }
  const message: Message =
    typeof value === 'string'
      ? textMessage('user', value)
      : { role: 'user', parts: [{ type: 'opaque', value }] }
  return { ...base, kind: 'human', name, request: { name }, reply: { message } }
}

function arrival(
  at: number | undefined,
  since: number | undefined = at,
): Pick<Span, 'startedAt' | 'durationMs'> {
  if (at === undefined || since === undefined) return {}
  const from = Math.min(since, at)
  return { startedAt: new Date(from).toISOString(), durationMs: at - from }
}

/** Of the run: the names of signals that its code never saw. */
export function unmetIn(spans: readonly Span[]): Trace['attributes'] {
  const names = spans.flatMap(({ attributes }) =>
    attributes?.['temporal.unmet'] === true ? [attributes['temporal.signal'] ?? null] : [],
  )
  return names.length === 0 ? {} : { 'temporal.unmet': names }
}
