import * as fc from 'fast-check'
import type { Json } from '../../schema/json.ts'
import { textMessage, toolMessage } from '../../schema/message.ts'
import type { Run, Trial } from '../../schema/run.ts'
import type { Span, Trace } from '../../schema/trace.ts'

/** Small traces with a theme, for the store's tests and its bench: a gift shop's support agent. */
export function sampleTrace(over: Partial<Trace> = {}): Trace {
  return {
    v: 1,
    id: 't_0001',
    name: 'gift shop',
    source: { format: 'sample' },
    status: 'ok',
    versions: {},
    tags: [],
    attributes: {},
    scores: [],
    spans: [],
    ...over,
  }
}

/** A run of `turns` tool calls whose every model request repeats the whole conversation, as recordings do. */
export function conversation(
  id: string,
  turns: number,
  words: (turn: number) => string,
  over: Partial<Trace> = {},
) {
  const messages = [textMessage('user', `I want to return my order, ${words(0)}`)]
  const spans: Span[] = []
  for (let turn = 1; turn <= turns; turn++) {
    const callId = `call_${turn}`
    const given = { order: `#W${turn}`, note: words(turn) }
    const result = { order: `#W${turn}`, status: 'delivered', history: words(turn + 1000) }
    const reply = {
      role: 'assistant' as const,
      parts: [
        { type: 'text' as const, content: `Let me look up order ${turn}.` },
        { type: 'tool_call' as const, id: callId, name: 'get_order', arguments: given },
      ],
    }
    spans.push({
      id: `s${spans.length + 1}`,
      parent: null,
      name: 'chat',
      kind: 'llm',
      status: 'ok',
      durationMs: 100 * turn,
      request: {
        model: 'large',
        system: [{ type: 'text', content: 'You help. '.repeat(200) }],
        messages: [...messages],
      },
      reply: {
        message: reply,
        usage: { input: 10 * turn, cacheRead: 0, cacheWrite: 0, output: 5 },
        costUsd: 0.001,
      },
    })
    spans.push({
      id: `s${spans.length + 1}`,
      parent: null,
      name: 'get_order',
      kind: 'tool',
      status: 'ok',
      durationMs: 20,
      request: { name: 'get_order', arguments: given, id: callId },
      reply: { response: result, isError: false },
    })
    messages.push(reply, toolMessage(callId, 'get_order', result, false))
  }
  return sampleTrace({ id, spans, startedAt: '2025-06-01T10:00:00Z', durationMs: 120 * turns, ...over })
}

export function sampleRun(over: Partial<Run> = {}): Run {
  return {
    v: 1,
    id: 'run-1',
    name: 'nightly',
    eval: 'support',
    dataset: 'support',
    mode: { llm: 'recorded', tools: 'recorded' },
    hashes: { dataset: 'd', checks: 'c', fixtures: 'f' },
    versions: {},
    cases: 2,
    trials: 2,
    startedAt: '2025-06-01T10:00:00Z',
    status: 'running',
    ...over,
  }
}

export function sampleTrial(over: Partial<Trial> = {}): Trial {
  return {
    run: 'run-1',
    case: 'refund',
    caseHash: 'h',
    trial: 0,
    tags: [],
    status: 'completed',
    scores: [{ name: 'equals', source: 'check', gating: true, status: 'scored', value: 1, passed: true }],
    fidelity: { share: 1, steps: 0, counts: {} },
    divergences: [],
    durationMs: 1,
    ...over,
  }
}

const phrase = fc.constantFrom(
  'gift card',
  'Gift',
  'refund',
  'Refunded',
  'café au lait',
  '返金してください',
  'a ½ b',
  '',
)
const anyText = fc.oneof(
  phrase,
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constant('long words '.repeat(120)),
)
const anyJson: fc.Arbitrary<Json> = fc
  .oneof(anyText, fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }))
  .map((value) => JSON.parse(JSON.stringify(value)) as Json)

const optional = <T>(key: string, value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.option(value).map((it): Record<string, T> => (it === null ? {} : { [key]: it }))

const anyPart = fc.oneof(
  anyText.map((content) => ({ type: 'text' as const, content })),
  anyText.map((content) => ({ type: 'reasoning' as const, content })),
  anyJson.map((given) => ({ type: 'tool_call' as const, id: 'c', name: 'find', arguments: given })),
  anyJson.map((response) => ({ type: 'tool_call_response' as const, id: 'c', response })),
  anyJson.map((value) => ({ type: 'opaque' as const, value })),
)
const anyMessage = fc.record({
  role: fc.constantFrom('system' as const, 'user' as const, 'assistant' as const, 'tool' as const),
  parts: fc.array(anyPart, { maxLength: 3 }),
})

const model = fc.constantFrom('large', 'small', 'Small-2')
const tool = fc.constantFrom('find', 'refund', 'Think')
const count = fc.nat(9)
const durationMs = fc.constantFrom(0, 1, 2.5, 2000)

const spanBase = fc
  .tuple(
    fc.constantFrom('ok' as const, 'error' as const),
    optional('durationMs', durationMs),
    optional('startedAt', fc.constantFrom('2025-06-01T10:00:00Z', 'yesterday')),
    optional('attributes', fc.dictionary(fc.string(), anyJson, { maxKeys: 2 })),
  )
  .map(
    ([status, ...rest]) => Object.assign({ id: 's', parent: null, name: 'span', status }, ...rest) as object,
  )

const anySpan: fc.Arbitrary<Span> = fc
  .oneof(
    fc
      .tuple(
        spanBase,
        optional('model', model),
        fc.array(anyMessage, { maxLength: 4 }),
        optional('system', fc.array(anyPart, { maxLength: 1 })),
        optional(
          'reply',
          fc
            .tuple(
              anyMessage,
              optional('model', model),
              optional(
                'usage',
                fc.record({ input: count, cacheRead: count, cacheWrite: count, output: count }),
              ),
              optional('costUsd', fc.constantFrom(0, 0.1, 0.2, 0.7)),
            )
            .map(([message, ...rest]) => Object.assign({ message }, ...rest) as object),
        ),
      )
      .map(([base, model, messages, system, reply]) => ({
        ...base,
        kind: 'llm',
        request: { ...model, ...system, messages },
        ...reply,
      })),
    fc
      .tuple(
        spanBase,
        tool,
        anyJson,
        optional('reply', fc.record({ response: anyJson, isError: fc.boolean() })),
      )
      .map(([base, name, given, reply]) => ({
        ...base,
        kind: 'tool',
        request: { name, arguments: given },
        ...reply,
      })),
    fc
      .tuple(spanBase, optional('question', anyJson), optional('reply', fc.record({ message: anyMessage })))
      .map(([base, question, reply]) => ({
        ...base,
        kind: 'human',
        request: { name: 'user', ...question },
        ...reply,
      })),
    fc
      .tuple(
        spanBase,
        fc.constantFrom('agent', 'retrieval', 'custom'),
        optional('input', anyJson),
        optional('output', anyJson),
      )
      .map(([base, kind, ...rest]) => Object.assign({ ...base, kind }, ...rest) as object),
  )
  .map((span) => span as Span)

/** Conversations that grow from request to request, as real ones do, beside spans of any shape. */
const anySpans = fc
  .tuple(fc.array(anySpan, { maxLength: 5 }), fc.array(anyMessage, { maxLength: 4 }))
  .map(([spans, messages]): readonly Span[] => [
    ...spans,
    ...messages.map(
      (_, turn): Span => ({
        id: `m${turn}`,
        parent: null,
        name: 'chat',
        status: 'ok',
        kind: 'llm',
        request: { messages: messages.slice(0, turn + 1) },
      }),
    ),
  ])

const anyScore = fc.oneof(
  fc.record({
    name: fc.constantFrom('reward', 'tone'),
    source: fc.constant('environment' as const),
    gating: fc.boolean(),
    status: fc.constant('scored' as const),
    value: fc.constantFrom(0, 0.5, 1),
    passed: fc.boolean(),
  }),
  fc.record({
    name: fc.constantFrom('reward', 'tone'),
    source: fc.constant('judge' as const),
    gating: fc.boolean(),
    status: fc.constant('unscored' as const),
    reason: fc.constant('no answer'),
  }),
)

/** Any trace, but for its id. */
export const anyTrace: fc.Arbitrary<Trace> = fc
  .tuple(
    fc.record({
      name: fc.constantFrom('support', 'Support', 'sales', 'half \ud800 a pair'),
      source: fc.constantFrom({ format: 'tau' }, { format: 'own', at: 'file#1' }),
      status: fc.constantFrom('ok' as const, 'error' as const),
      tags: fc.array(fc.constantFrom('vip', 'new', 'VIP'), { maxLength: 3 }),
      attributes: fc.dictionary(fc.string({ unit: 'binary' }), anyJson, { maxKeys: 2 }),
      scores: fc.array(anyScore, { maxLength: 3 }),
      versions: fc.constantFrom({}, { model: 'large' }, { prompt: 'v1', code: 'abc' }),
      spans: anySpans,
    }),
    optional('task', fc.constantFrom({ id: '1' }, { id: '10', instruction: 'be polite' }, { id: '2' })),
    optional('trial', count),
    optional('session', fc.constantFrom('one', 'two')),
    optional('user', fc.constantFrom('kim', 'Kim')),
    optional('ended', fc.constantFrom('user_stop', 'max_steps')),
    optional(
      'startedAt',
      fc.constantFrom('2025-06-01T10:00:00Z', '2025-06-01T12:00:00+02:00', '2025-06-02', 'soon'),
    ),
    optional('durationMs', durationMs),
    optional('usage', fc.record({ input: count, cacheRead: count, cacheWrite: count, output: count })),
    optional('costUsd', fc.constantFrom(0, 0.1, 0.2)),
    optional('input', anyJson),
    optional('output', anyJson),
  )
  // Through JSON text, as every trace from a file: no null prototypes, no -0.
  .map((members) => JSON.parse(JSON.stringify(Object.assign({ v: 1, id: 't' }, ...members))) as Trace)
