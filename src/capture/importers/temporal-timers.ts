import { defined } from '../../lib/defined.ts'
import type { Span } from '../../schema/trace.ts'
import { type HistoryEvent, textIn, timeOf } from './temporal-history.ts'
import { idText } from './foreign.ts'

/** What became of each timer, by the id of the event that started it. */
export function timersIn(events: readonly HistoryEvent[]): ReadonlyMap<string, HistoryEvent> {
  const ended = new Map<string, HistoryEvent>()
  for (const event of events) {
    if (event.type === 'TIMER_FIRED' || event.type === 'TIMER_CANCELED')
      ended.set(idText(event.fields.startedEventId), event)
  }
  return ended
}

/** A timer as a step of the run: how long it was set for, and whether it fired. No call, so a replay waits for none. */
export function timerSpan(id: string, event: HistoryEvent, ended: HistoryEvent | undefined): Span {
  const { startToFireTimeout, timerId } = event.fields
  return {
    id,
    parent: 's1',
    kind: 'custom',
    name: 'timer',
    status: 'ok',
    ...timeOf(event, ended),
    input: { set: textIn(startToFireTimeout) ?? 'for a time that is not told' },
    output: ended?.type.replace('TIMER_', '').toLowerCase() ?? 'pending',
    attributes: defined({ 'temporal.timer_id': textIn(timerId) }),
  }
}
