import { describe, expect, it } from 'vitest'
import { type CliResult, runCli } from '../support/cli.ts'
import {
  edited,
  genuine,
  type HistoryEvent,
  historyText,
  payloads,
  signal,
  withEvents,
} from '../support/temporal-history.ts'

const day = 24 * 3600 * 1000

interface Replayed {
  readonly result: string
  readonly status: string
  readonly fidelity: { readonly share: number }
  readonly divergences: readonly { readonly kind: string; readonly what: string }[]
  readonly steps: readonly { readonly kind: string; readonly name: string }[]
}

/** Imports one history into a fresh store. */
async function imported(events: readonly HistoryEvent[]): Promise<{ dir: string; id: string }> {
  const { dir, exitCode, stderr } = await runCli({ 'run.json': historyText(events) }, ['import', 'run.json'])
  expect([exitCode, stderr]).toEqual([0, ''])
  const list = await runCli({}, ['trace', 'list', '--json'], { dir })
  return { dir, id: /"id": "(t_[0-9a-f]+)"/.exec(list.stdout)?.[1] ?? list.stdout }
}

async function replayed(events: readonly HistoryEvent[], ...args: readonly string[]) {
  const { dir, id } = await imported(events)
  const result: CliResult = await runCli({}, ['replay', id, '--json', ...args], { dir })
  return { ...result, id, replay: JSON.parse(result.stdout) as Replayed }
}

const kinds = ({ steps }: Replayed): readonly string[] => steps.map(({ kind, name }) => `${kind} ${name}`)
const reproduced = { result: 'reproduced', divergences: [], fidelity: { share: 1 } }

/** The genuine run with a tool, whose workflow waits for a person before it runs the tool. */
const approved = (answer: unknown = true): readonly HistoryEvent[] =>
  withEvents(genuine('tools'), '10', [
    { type: 'TIMER_STARTED', laterMs: 0, fields: { timerId: '1', startToFireTimeout: '172800s' } },
    signal('approve', answer, day),
    { type: 'TIMER_CANCELED', laterMs: 0, fields: { timerId: '1', startedEventId: '10.1' } },
  ])

describe('a Temporal history', () => {
  it.each(['tools', 'customer-service'] as const)('replays through the built-in loop: %s', async (name) => {
    const { exitCode, replay } = await replayed(genuine(name))
    expect([exitCode, replay]).toMatchObject([0, reproduced])
  })

  it('replays an approval that took a day in no time, and shows how long it took', async () => {
    const { dir, id } = await imported(approved())
    const started = performance.now()
    const { exitCode, stdout } = await runCli({}, ['replay', id, '--json'], { dir })
    expect(performance.now() - started).toBeLessThan(60_000)
    const replay = JSON.parse(stdout) as Replayed
    expect([exitCode, replay]).toMatchObject([0, reproduced])
    expect(kinds(replay)).toEqual(['llm llm', 'human approve', 'tool get_weather', 'llm llm'])
    const { stdout: shown } = await runCli({}, ['trace', 'show', id], { dir })
    expect(shown).toMatch(/human approve {2}24 h/)
    expect(shown).toMatch(/timer {2}24 h/)
  })

  it('does not know what a workflow does with another answer', async () => {
    const { exitCode, stdout } = await replayed(approved(), '--human', 'approve: deny')
    expect(exitCode).toBe(3)
    expect(stdout).toContain('is answered otherwise, and what the agent does then is in its own code')
  })

  it('lets signals that came while a model was asked wait for their turn', async () => {
    const dialogue = genuine('customer-service').map((event) => asSignal(event))
    const late = dialogue.find(({ eventId }) => eventId === '36')
    // "11111" came while the model still answered "Book me a flight to PDX"; a signal for nobody came just after it.
    const without = dialogue.filter((event) => event !== late)
    const moved = withEvents(without, '26', [
      { type: 'WORKFLOW_EXECUTION_SIGNALED', laterMs: 1, fields: late?.['someEventAttributes'] as object },
      signal('resume', null, 1),
    ])
    const { exitCode, replay } = await replayed(moved)
    expect([exitCode, replay]).toMatchObject([0, reproduced])
    expect(replay.steps.filter(({ kind }) => kind === 'human')).toHaveLength(5)
  })

  it('names what came when nobody listened any more', async () => {
    const events = genuine('tools')
    const { dir, id } = await imported(withEvents(events, '22', [signal('too_late', 'stop!')]))
    const { stdout } = await runCli({}, ['trace', 'show', id], { dir })
    expect(stdout).toContain('too_late (signal that nobody met)')
    const { exitCode } = await runCli({}, ['replay', id], { dir })
    expect(exitCode).toBe(0)
  })

  const step = (name: string) => [
    {
      type: 'ACTIVITY_TASK_SCHEDULED',
      laterMs: 1,
      fields: { activityId: '9', activityType: { name }, input: payloads('hi') },
    },
    {
      type: 'ACTIVITY_TASK_COMPLETED',
      laterMs: 1,
      fields: { scheduledEventId: '4.1', result: payloads('ho') },
    },
  ]
  const withoutModels = genuine('tools').filter(
    ({ eventId }) => !['5', '6', '7', '17', '18', '19'].includes(eventId),
  )

  it.each([
    [
      'an activity that may be anything',
      withEvents(genuine('tools'), '4', step('call_llm')),
      /the kind .* of tool span s2 \(call_llm\)/,
    ],
    ['no model call', withoutModels, /the kind .* of tool span s2 \(get_weather\)/],
    [
      'words of the user that nobody said',
      edited(genuine('customer-service'), '8', (text) => text.replace('Hello', 'Goodbye')),
      /the source of the user's message "Hello"/,
    ],
    [
      'a tool whose result cannot be read',
      edited(genuine('tools'), '13', () => '{"__proto__":1}'),
      /the result \(json\/plain, and its JSON has a key "__proto__"\) of tool span s3/,
    ],
  ])('is refused with its reason: %s', async (_, events, reason) => {
    const { dir, id } = await imported(events)
    const { exitCode, stderr } = await runCli({}, ['replay', id], { dir })
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^EVK_TRACE_UNREPLAYABLE/)
    expect(stderr).toMatch(reason)
  })

  it('whose workflow rewrote what the model said diverges there', async () => {
    const { exitCode, replay } = await replayed(
      edited(genuine('tools'), '17', (text) => text.replace('Tokyo\\"}","call_id', 'Osaka\\"}","call_id')),
    )
    expect([exitCode, replay]).toMatchObject([
      1,
      { result: 'diverged', divergences: [{ kind: 'request', step: 3 }] },
    ])
  })
})

/** A message that came by an update, as one that came by a signal. */
function asSignal(event: HistoryEvent): HistoryEvent {
  const attributes = event['workflowExecutionUpdateAcceptedEventAttributes'] as
    | { readonly acceptedRequest: { readonly input: { readonly args: unknown } } }
    | undefined
  if (attributes === undefined) return event
  const { eventId, eventTime } = event
  return {
    eventId,
    eventTime,
    eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED',
    someEventAttributes: { signalName: 'user_prompt', input: attributes.acceptedRequest.input.args },
  }
}
