import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { gradeOf } from '../../schema/grade.ts'
import { recordFrom } from '../../schema/read.ts'
import { type Trace, trace as traceSchema } from '../../schema/trace.ts'
import type { ReadOptions } from './importer.ts'
import { sourceFrom } from './source.ts'
import { temporal } from './temporal.ts'

type Fields = Readonly<Record<string, unknown>>

function read(document: unknown, options?: ReadOptions) {
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  const found = [...temporal.read(sourceFrom('a.json', new TextEncoder().encode(text)), options)]
  const traces = found.flatMap((item) => ('trace' in item ? [item.trace] : []))
  for (const trace of traces) recordFrom(traceSchema, trace, {}, 'trace')
  return { traces, problems: found.flatMap((item) => ('problem' in item ? [item.problem] : [])) }
}

function only(events: readonly Fields[]): Trace {
  const { traces, problems } = read({ events })
  const [trace] = traces
  if (trace === undefined || problems.length > 0) throw new Error(JSON.stringify(problems))
  return trace
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

function payload(encoding: string, data?: string): Fields {
  return { metadata: { encoding: base64(encoding) }, ...(data === undefined ? {} : { data: base64(data) }) }
}

const json = (...values: readonly unknown[]): Fields => ({
  payloads: values.map((value) => payload('json/plain', JSON.stringify(value))),
})

/** One event; ids count from 1, a second apart. */
function history(...events: readonly (readonly [type: string, fields: Fields])[]): Fields[] {
  return events.map(([type, fields], at) => ({
    eventId: String(at + 1),
    eventTime: `2026-03-01T10:00:${String(at).padStart(2, '0')}.123456789Z`,
    eventType: `EVENT_TYPE_${type}`,
    someEventAttributes: fields,
  }))
}

const started = (input: unknown = json('Cancel W7.')) =>
  [
    'WORKFLOW_EXECUTION_STARTED',
    { workflowType: { name: 'Support' }, workflowId: 'support-7', originalExecutionRunId: 'run-1', input },
  ] as const
const scheduled = (name: string, input: unknown) =>
  ['ACTIVITY_TASK_SCHEDULED', { activityId: '1', activityType: { name }, input }] as const
const completed = (scheduledEventId: string, result: unknown) =>
  ['ACTIVITY_TASK_COMPLETED', { scheduledEventId, result }] as const
const done = ['WORKFLOW_EXECUTION_COMPLETED', { result: json('Cancelled.') }] as const

/** Why an activity is not replayed that nothing tells what it is. */
const untold = 'the kind (no model call we know, and no model asked for it)'

/** What the plugin of the AI SDK asks and gets. */
const asks = (...texts: readonly string[]): Fields => ({
  modelId: 'gpt-5',
  options: { prompt: texts.map((text) => ({ role: 'user', content: [{ type: 'text', text }] })) },
})
const calls = (toolName: string, input: unknown, toolCallId = 'c1'): Fields => ({
  content: [{ type: 'tool-call', toolCallId, toolName, input: JSON.stringify(input) }],
  finishReason: 'tool-calls',
})

function load(file: string): Trace {
  return read(readFileSync(new URL(`../../../test/data/temporal/${file}`, import.meta.url), 'utf8'))
    .traces[0] as Trace
}

describe('genuine histories', () => {
  it('show models and tools by the names of their activities', () => {
    const trace = load('tools-workflow-history.json')
    expect(trace).toMatchObject({
      name: 'ToolsWorkflow',
      status: 'ok',
      ended: 'completed',
      startedAt: '2025-06-30T16:01:58.250Z',
      durationMs: 135,
      input: 'What is the weather in Tokio?',
      output: 'Test weather result',
      attributes: {
        'temporal.workflow_type': 'ToolsWorkflow',
        'temporal.run_id': '0197c192-e1ea-72ee-9435-c3625ba774b3',
      },
    })
    expect(trace.spans.map(({ kind, name }) => [kind, name])).toEqual([
      ['agent', 'ToolsWorkflow'],
      ['llm', 'invoke_model_activity'],
      ['tool', 'get_weather'],
      ['llm', 'invoke_model_activity'],
    ])
    expect(trace.spans[1]).toMatchObject({
      request: {
        system: [{ content: 'You are a helpful agent.' }],
        messages: [{ role: 'user', parts: [{ content: 'What is the weather in Tokio?' }] }],
        tools: [{ name: 'get_weather', description: 'Get the weather for a given city.' }],
      },
      reply: {
        message: {
          parts: [{ type: 'tool_call', id: 'call', name: 'get_weather', arguments: { city: 'Tokyo' } }],
        },
      },
    })
    // The test's model counts nothing, and says so with zeros.
    expect(trace).not.toHaveProperty('usage')
    expect(trace.spans[2]).toMatchObject({
      request: { name: 'get_weather', arguments: '{"city":"Tokyo"}', id: 'call' },
      reply: { response: { temperature_range: '14-20C', conditions: 'Sunny with wind.' }, isError: false },
    })
    expect(gradeOf(trace).grade).toBe('B')
  })

  it('show what people said in updates, and tools that ran inside the workflow', () => {
    const trace = load('customer-service-workflow-history.json')
    expect(trace).toMatchObject({ status: 'ok', ended: 'canceled' })
    const shown = trace.spans.map((span) =>
      span.kind === 'llm' || span.kind === 'agent' ? span.kind : `${span.kind} ${span.name}`,
    )
    const user = 'human process_user_message'
    expect(shown).toEqual([
      'agent',
      user,
      'llm',
      user,
      'llm',
      'tool transfer_to_seat_booking_agent',
      'llm',
      user,
      'llm',
      user,
      'llm',
      'tool update_seat',
      'llm',
    ])
    // What the update brought was shown to the model: a turn of the dialogue, which the workflow waited for.
    expect(trace.spans[1]).toMatchObject({
      request: { name: 'user' },
      startedAt: '2025-06-30T16:05:23.897Z',
      durationMs: 48,
      reply: { message: { role: 'user', parts: [{ content: 'Hello' }] } },
      attributes: {
        'temporal.update': 'process_user_message',
        'temporal.payload': { user_input: 'Hello', chat_length: 0 },
        'temporal.update_result': ['User: Hello', 'Triage Agent: Hi there! How can I assist you today?'],
      },
    })
    expect(trace.spans.filter(({ attributes }) => attributes?.['evalkit.derived'] === true)).toHaveLength(2)
  })
})

describe('a history', () => {
  it('tells of signals, children, failures and what was tried again', () => {
    const failure = {
      message: 'Activity task failed',
      cause: { message: 'no such order', applicationFailureInfo: { type: 'NotFound' } },
    }
    const trace = only(
      history(
        started(),
        ['WORKFLOW_EXECUTION_SIGNALED', { signalName: 'approve', input: json('yes') }],
        scheduled('cancel_order', json({ order: 'W7' }, { force: true })),
        ['ACTIVITY_TASK_STARTED', { scheduledEventId: '3', attempt: 3, lastFailure: { message: 'timeout' } }],
        ['ACTIVITY_TASK_FAILED', { scheduledEventId: '3', failure }],
        ['START_CHILD_WORKFLOW_EXECUTION_INITIATED', { workflowType: { name: 'Refund' }, input: json(7) }],
        ['CHILD_WORKFLOW_EXECUTION_STARTED', { initiatedEventId: '6' }],
        ['CHILD_WORKFLOW_EXECUTION_COMPLETED', { initiatedEventId: '6', result: json('paid') }],
        ['WORKFLOW_EXECUTION_FAILED', { failure }],
      ),
    )
    expect(trace).toMatchObject({
      status: 'error',
      ended: 'failed',
      attributes: { 'temporal.workflow_id': 'support-7', 'temporal.run_id': 'run-1' },
    })
    expect(trace.spans).toMatchObject([
      { kind: 'agent', error: { type: 'NotFound', message: 'no such order' } },
      { kind: 'human', name: 'approve', reply: { message: { parts: [{ content: 'yes' }] } } },
      {
        kind: 'tool',
        status: 'error',
        durationMs: 2000,
        request: { name: 'cancel_order', arguments: [{ order: 'W7' }, { force: true }] },
        reply: { response: { thrown: { name: 'NotFound', message: 'no such order' } }, isError: true },
        attributes: { 'temporal.attempt': 3, 'temporal.last_failure': 'timeout' },
      },
      { kind: 'agent', name: 'Refund', input: 7, output: 'paid', status: 'ok' },
    ])
  })

  it.each([
    ['json/plain', payload('json/plain', '{"a":1}'), { a: 1 }],
    ['json/protobuf', payload('json/protobuf', '{"b":"2"}'), { b: '2' }],
    ['binary/null', payload('binary/null'), null],
    ['binary/plain', payload('binary/plain', 'hi'), { base64: 'aGk=' }],
  ])('decodes %s', (_, one, value) => {
    const trace = only(
      history(
        started(),
        scheduled('invokeModel', json(asks('Cancel W7.'))),
        completed('2', json(calls('look', {}))),
        scheduled('look', json({})),
        completed('4', { payloads: [one] }),
        done,
      ),
    )
    expect(trace.spans[2]).toMatchObject({ kind: 'tool', reply: { response: value } })
    expect(gradeOf(trace).grade).toBe('B')
  })

  it('may be written in shorthand, values in the place of payloads', () => {
    const trace = only(
      history(started(['Hi']), scheduled('look', [{ id: 7 }]), completed('2', ['found']), done),
    )
    expect(trace).toMatchObject({ input: 'Hi' })
    expect(trace.spans[1]).toMatchObject({ request: { arguments: { id: 7 } }, reply: { response: 'found' } })
  })

  it('is of grade C where payloads are encrypted, and names which', () => {
    const secret = { payloads: [payload('binary/encrypted', '\u0001\u0002')] }
    const trace = only(
      history(
        started(secret),
        scheduled('invokeModel', secret),
        completed('2', secret),
        scheduled('look', secret),
        completed('4', secret),
        ['WORKFLOW_EXECUTION_SIGNALED', { signalName: 'approve', input: secret }],
        done,
      ),
    )
    expect(gradeOf(trace)).toEqual({
      grade: 'C',
      missing: [
        'the input (binary/encrypted) of agent span s1 (Support)',
        'the input (binary/encrypted) of llm span s2 (invokeModel)',
        'the result (binary/encrypted) of llm span s2 (invokeModel)',
        'the arguments (binary/encrypted) of tool span s3 (look)',
        'the result (binary/encrypted) of tool span s3 (look)',
        `${untold} of tool span s3 (look)`,
        'the input (binary/encrypted) of human span s4 (approve)',
      ],
    })
  })

  it('names a payload that is no JSON we would walk', () => {
    const odd = (text: string) => ({ payloads: [payload('json/plain', text)] })
    const trace = only(
      history(
        started(odd('{"__proto__":1}')),
        scheduled('look', odd('[1e999]')),
        completed('2', odd('[')),
        done,
      ),
    )
    expect(gradeOf(trace).missing).toEqual([
      'the input (json/plain, and its JSON has a key "__proto__") of agent span s1 (Support)',
      'the arguments (json/plain, with a number that JSON cannot say) of tool span s2 (look)',
      expect.stringMatching(/^the result \(json\/plain, and it is not JSON: at column 2/),
      `${untold} of tool span s2 (look)`,
    ])
  })

  it('reads models of the AI SDK, and carries whole what it cannot read', () => {
    const asked = {
      modelId: 'gpt-5',
      options: { prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }] },
    }
    const said = { content: [{ type: 'text', text: 'Hello' }], finishReason: 'stop' }
    const trace = only(
      history(
        started(),
        scheduled('invokeModel', json(asked)),
        completed('2', json(said)),
        scheduled('invokeModelActivity', json({ odd: 1 })),
        completed('4', json({ odder: 2 })),
        done,
      ),
    )
    expect(trace.spans.slice(1)).toMatchObject([
      {
        kind: 'llm',
        request: { model: 'gpt-5', messages: [{ role: 'user', parts: [{ content: 'Hi' }] }] },
        reply: { message: { parts: [{ type: 'text', content: 'Hello' }] } },
      },
      {
        kind: 'llm',
        request: { messages: [{ parts: [{ type: 'opaque', value: { odd: 1 } }] }] },
        reply: { message: { parts: [{ type: 'opaque', value: { odder: 2 } }] } },
      },
    ])
  })

  it('that has not ended is left out, unless it is asked for', () => {
    const events = history(started(), scheduled('look', json({})))
    expect(read({ events })).toMatchObject({ traces: [], problems: [{ action: 'skipped', at: 'events' }] })
    const [trace] = read({ events }, { unfinished: true }).traces
    expect(trace).toMatchObject({ ended: 'unfinished', status: 'error' })
    expect(gradeOf(trace as Trace).missing).toEqual([
      'the end of the run',
      `${untold} of tool span s2 (look)`,
      'the reply of tool span s2 (look)',
    ])
  })
})

describe('people in a history', () => {
  const day = '2026-03-02T10:00:00Z'
  const said = (signalName: string, value: unknown) =>
    ['WORKFLOW_EXECUTION_SIGNALED', { signalName, input: json(value) }] as const
  const task = ['WORKFLOW_TASK_STARTED', {}] as const

  it('talk where the model is shown what they said, else decide; they are waited for, or come meanwhile', () => {
    const events = history(
      started({ payloads: [] }),
      task,
      said('prompt', { text: 'Cancel W7.', by: 'web' }),
      scheduled('invokeModel', json(asks('Cancel W7.'))),
      said('prompt', { text: 'Now!' }),
      completed('4', json(calls('cancel', {}))),
      said('approve', true),
      scheduled('cancel', json({})),
      completed('8', json('done')),
      scheduled('invokeModel', json(asks('Cancel W7.', 'Now!'))),
      completed('10', json({ content: [] })),
      task,
      ['WORKFLOW_EXECUTION_UPDATE_ACCEPTED', { acceptedRequest: { input: { name: 'close' } } }],
      done,
    )
    const late = events.map((event, at) => (at < 6 ? event : { ...event, eventTime: day }))
    const trace = only(late)
    expect(trace.spans.filter(({ kind }) => kind === 'human')).toMatchObject([
      {
        name: 'prompt',
        request: { name: 'user' },
        reply: { message: { parts: [{ type: 'text', content: 'Cancel W7.' }] } },
        attributes: { 'temporal.signal': 'prompt', 'temporal.payload': { text: 'Cancel W7.', by: 'web' } },
        startedAt: '2026-03-01T10:00:00.123Z',
        durationMs: 2000,
      },
      { request: { name: 'user' }, startedAt: '2026-03-01T10:00:04.123Z', durationMs: 0 },
      {
        name: 'approve',
        request: { name: 'approve' },
        reply: { message: { parts: [{ type: 'opaque', value: true }] } },
        startedAt: '2026-03-01T10:00:05.123Z',
        durationMs: 24 * 3_600_000 - 5123,
      },
      { name: 'close', request: { name: 'close' } },
    ])
    expect(gradeOf(trace).grade).toBe('B')
  })

  it('who say the same twice are shown twice', () => {
    const yes = said('prompt', 'yes')
    const first = [scheduled('invokeModel', json(asks('yes'))), completed('3', json({ content: [] }))]
    const again = [
      yes,
      scheduled('invokeModel', json(asks('yes', 'yes'))),
      completed('6', json({ content: [] })),
    ]
    const trace = only(history(started({ payloads: [] }), yes, ...first, ...again, yes, done))
    const names = trace.spans.flatMap((span) => (span.kind === 'human' ? [span.request.name] : []))
    expect(names).toEqual(['user', 'user', 'prompt'])
  })

  it('whom the workflow never met are named; what it waited for beside them is shown', () => {
    const timer = { timerId: 't', startToFireTimeout: '60s' }
    const trace = only(
      history(
        started(),
        task,
        ['TIMER_STARTED', timer],
        ['TIMER_STARTED', timer],
        ['TIMER_STARTED', timer],
        ['TIMER_FIRED', { startedEventId: '3' }],
        ['TIMER_CANCELED', { startedEventId: '4' }],
        said('stop', 'now'),
        ['WORKFLOW_EXECUTION_TIMED_OUT', {}],
      ),
    )
    expect(trace.attributes).toMatchObject({ 'temporal.unmet': ['stop'] })
    expect(trace.spans.slice(1)).toMatchObject([
      { kind: 'custom', name: 'timer', input: { set: '60s' }, output: 'fired', durationMs: 3000 },
      { output: 'canceled', durationMs: 3000 },
      { output: 'pending' },
      { kind: 'custom', name: 'stop (signal that nobody met)', input: 'now' },
    ])
  })

  it('from whom a message is not are not made up for it', () => {
    const trace = only(
      history(
        started(),
        said('approve', 'yes'),
        scheduled('invokeModel', json(asks('Cancel W7.', 'It is late.'))),
        completed('3', json({ content: [] })),
        done,
      ),
    )
    expect(gradeOf(trace).missing).toEqual([
      'the source of the user\'s message "It is late." (no signal, update or input holds it) of llm span s3 (invokeModel)',
    ])
  })
})

describe('an activity', () => {
  it.each([
    ['the text the model wrote', [['{"of":2}'], ['{"of":1}']]],
    ['one value after another', [[2], [1]]],
    ['the arguments as they are', [[{ of: 2 }], [{ of: 1 }]]],
  ])('answers the call whose arguments it was given: as %s', (_, [second = [], first = []]) => {
    const both = {
      content: [calls('look', { of: 1 }, 'c1'), calls('look', { of: 2 }, 'c2')].flatMap((one) => one.content),
    }
    const trace = only(
      history(
        started(),
        scheduled('invokeModel', json(asks('Cancel W7.'))),
        completed('2', json(both)),
        scheduled('look', json(...second)),
        scheduled('look', json(...first)),
        completed('4', json('two')),
        completed('5', json('one')),
        done,
      ),
    )
    const tools = trace.spans.filter(({ kind }) => kind === 'tool')
    expect(tools).toMatchObject([
      { request: { id: 'c2' }, reply: { response: 'two' } },
      { request: { id: 'c1' }, reply: { response: 'one' } },
    ])
  })
})

describe('a history that is damaged', () => {
  const events = history(started(), scheduled('look', json({})), completed('2', json(1)), done)
  // One of each that refers to another event, or counts.
  const all: readonly Fields[] = [
    ...events.slice(0, 2),
    ...history(
      ['ACTIVITY_TASK_STARTED', { scheduledEventId: '2', attempt: 2, lastFailure: {} }],
      ['TIMER_STARTED', { timerId: '1', startToFireTimeout: '1s' }],
      ['TIMER_FIRED', { timerId: '1', startedEventId: '4' }],
      ['WORKFLOW_EXECUTION_UPDATE_ACCEPTED', { acceptedRequest: {} }],
      ['WORKFLOW_EXECUTION_UPDATE_COMPLETED', { acceptedEventId: '6', outcome: {} }],
    ).map((event, index) => ({ ...event, eventId: String(index + 3) })),
    ...events.slice(2).map((event, index) => ({ ...event, eventId: String(index + 8) })),
  ]

  it.each([
    [{ events: [] }, 'the history does not start with a workflow execution'],
    [{ events: events.slice(1) }, 'the history does not start with a workflow execution'],
  ])('is skipped: %j', (document, reason) => {
    expect(read(document).problems).toMatchObject([{ action: 'skipped', reason }])
    expect(read(document).traces).toEqual([])
  })

  it.each(['{}', '[]', 'null', '{"events":1}'])('is no history: %s', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'EVK_SCHEMA' }))
  })

  it.each([
    ['an event that is none', { eventId: '9' }],
    ['nothing', null],
    ['a type that is none', { ...events[1], eventType: 'rm -rf' }],
  ])('names %s, and says that it is not whole', (_, bad) => {
    const { traces, problems } = read({ events: [...events, bad] })
    expect(problems).toMatchObject([{ action: 'skipped', at: expect.stringContaining('events[4]') }])
    expect(traces[0]?.attributes).toMatchObject({ 'evalkit.dropped': 1 })
    expect(gradeOf(traces[0] as Trace).grade).toBe('C')
  })

  it.each<{ readonly value: unknown }>([
    { value: null },
    { value: 0 },
    { value: '' },
    { value: 'x' },
    { value: [] },
    { value: {} },
    { value: [[]] },
    { value: { payloads: 1 } },
    { value: { payloads: [null] } },
    { value: { payloads: [{ metadata: 1 }] } },
    { value: { cause: { cause: { message: 5 } } } },
    { value: { toString: 1, valueOf: 1 } },
  ])('is accounted for with $value wherever something else belongs', ({ value }) => {
    const members = [
      'input',
      'result',
      'activityType',
      'activityId',
      'scheduledEventId',
      'startedEventId',
      'acceptedEventId',
      'attempt',
      'timerId',
      'workflowType',
      'failure',
    ]
    const variants = all.flatMap((event, at) => [
      { at, fields: value },
      ...members.map((member) => ({
        at,
        fields: { ...(event.someEventAttributes as Fields), [member]: value },
      })),
    ])
    for (const { at, fields } of variants) {
      const changed = all.map((one, index) => (index === at ? { ...one, someEventAttributes: fields } : one))
      const { traces, problems } = read({ events: changed }, { unfinished: true })
      expect(traces.length + problems.length).toBeGreaterThan(0)
    }
  })
})
