import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../lib/json.ts'
import { prettyJson } from '../lib/pretty-json.ts'
import type { CallOf } from './call.ts'
import { EvalkitError } from './errors.ts'
import { fixture, type PackedCall, type PackedRecording, recording as packedSchema } from './fixture.ts'
import { messageFrom, packRecording, recordingOf, unpackRecording } from './recording.ts'
import {
  longConversation,
  recordings,
  recordingWith,
  refund,
  says,
  turn,
  used,
} from './testing/recordings.ts'
import { type Span, type Trace, trace } from './trace.ts'

const seed = { seed: 42, numRuns: 400 }

function errorOf(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return EvalkitError.is(error) ? { code: error.code, message: error.message } : error
  }
}

/** As it comes back from a fixture's file: text, keys sorted, checked. */
function filed(packed: PackedRecording): PackedRecording {
  const written = prettyJson({ v: 1, dataset: 'shop', case: 'refund', recordings: [packed] })
  const [read] = fixture.parse(JSON.parse(written)).recordings
  if (read === undefined) throw new Error('no recording')
  return read
}

describe('packRecording and unpackRecording', () => {
  it('give back what went in', () => {
    fc.assert(
      fc.property(recordings, (recording) => {
        expect(unpackRecording(packRecording(recording))).toEqual(recording)
      }),
      seed,
    )
  })

  it('give back what went in through a file', () => {
    fc.assert(
      fc.property(recordings, (recording) => {
        const packed = packRecording(recording)
        expect(packedSchema.safeParse(packed).error).toBeUndefined()
        expect(unpackRecording(filed(packed))).toEqual(recording)
      }),
      seed,
    )
  })

  it('pack what was unpacked to the same bytes', () => {
    fc.assert(
      fc.property(recordings, (recording) => {
        const packed = packRecording(recording)
        expect(canonicalJson(packRecording(unpackRecording(packed)))).toBe(canonicalJson(packed))
      }),
      seed,
    )
  })

  it('keep what is known of a run beside its calls', () => {
    const whole = refund({
      trial: 3,
      ended: 'user_stop',
      versions: { model: 'gpt-shop' },
      output: { refunded: false },
    })
    expect(unpackRecording(filed(packRecording(whole)))).toEqual(whole)
  })

  it('say what is new, and where it came from', () => {
    expect(packRecording(refund()).calls).toMatchObject([
      { step: 1, kind: 'human' },
      { step: 2, kind: 'llm', add: [{ from: 1 }], model: 'gpt-shop' },
      { step: 3, kind: 'tool' },
      { step: 4, kind: 'llm', after: 2, add: [{ from: 3 }] },
      { step: 5, kind: 'human' },
    ])
    expect(packRecording(refund()).calls[3]).not.toHaveProperty('system')
  })

  it('grow with the length of a conversation, not with its square', () => {
    const size = (turns: number): number => canonicalJson(packRecording(longConversation(turns))).length
    const [short, double] = [size(40), size(80)]
    expect(double / short).toBeLessThan(2.1)
    // Written out, each request would repeat the whole conversation.
    expect(
      canonicalJson(longConversation(80)).length / canonicalJson(longConversation(40)).length,
    ).toBeGreaterThan(3)
  })

  it('grow so for two sub-agents that take turns, too', () => {
    const size = (turns: number): number => {
      const one = longConversation(turns).calls
      const other = one.map((call) =>
        call.kind === 'llm' ? { ...call, request: { ...call.request, model: 'b' } } : call,
      )
      const woven = one.flatMap((call, at) => [call, other[at] ?? call])
      return canonicalJson(packRecording(recordingWith(woven))).length
    }
    expect(size(40) / size(20)).toBeLessThan(2.1)
  })
})

describe('unpackRecording', () => {
  const llm = (step: number, more: Partial<PackedCall & { kind: 'llm' }>): PackedCall => ({
    step,
    kind: 'llm',
    add: [],
    reply: says('ok'),
    ...more,
  })
  const packed = (...calls: PackedCall[]): PackedRecording => ({ ...packRecording(refund()), calls })

  it.each([
    ['a step that is missing', packed(llm(1, {}), llm(3, {})), 'Call 3', 'step 2 is missing'],
    ['a step that stands twice', packed(llm(1, {}), llm(1, {})), 'Call 1', 'step 2 is missing'],
    ['a call it continues that is not there', packed(llm(1, { after: 9 })), 'Call 1', 'continues call 9'],
    ['itself', packed(llm(1, { after: 1 })), 'Call 1', 'continues call 1'],
    [
      'a call it continues that asked no model',
      packed({ step: 1, kind: 'human', name: 'user', reply: turn('hi').reply.message }, llm(2, { after: 1 })),
      'Call 2',
      'continues call 1, which is not an earlier model call',
    ],
    [
      'a message of a later call',
      packed(llm(1, { add: [{ from: 2 }] })),
      'Call 1',
      'from call 2, which brought none',
    ],
    ['a message of a model', packed(llm(1, {}), llm(2, { add: [{ from: 1 }] })), 'Call 2', 'from call 1'],
  ])('refuses %s', (_, wrong, call, why) => {
    const error = errorOf(() => unpackRecording(wrong))
    expect(error).toMatchObject({
      code: 'EVK_FIXTURE_CORRUPT',
      message: expect.stringContaining(why) as string,
    })
    expect((error as Error).message).toContain(`${call} of the recording of trace t_shop`)
  })
})

describe('recordingOf', () => {
  const base = { parent: 's1', name: 'x', status: 'ok' } as const
  const order = used('get_order', { order: 'W12' }, 'sent', 'c1')
  const spans: Span[] = [
    { id: 's1', parent: null, kind: 'agent', name: 'shop', status: 'ok' },
    { ...base, id: 's2', kind: 'human', request: { name: 'user' }, reply: turn('hi').reply },
    {
      ...base,
      id: 's3',
      kind: 'llm',
      request: { messages: [] },
      reply: says('ok'),
      startedAt: '2026-01-01T00:00:00Z',
      durationMs: 7,
      served: 'exact',
    },
    { ...base, id: 's4', kind: 'llm', request: { messages: [] }, status: 'error' },
    { ...base, id: 's5', kind: 'tool', request: order.request, reply: order.reply },
    {
      ...base,
      id: 's6',
      kind: 'tool',
      request: order.request,
      reply: order.reply,
      attributes: { requestor: 'user' },
    },
    { ...base, id: 's7', kind: 'tool', request: order.request, status: 'error' },
    { ...base, id: 's8', kind: 'retrieval', output: ['a'] },
  ]
  const run: Trace = trace.parse({
    v: 1,
    id: 't_1',
    name: 'shop',
    source: { format: 'test' },
    status: 'ok',
    output: 'ok',
    trial: 2,
    ended: 'user_stop',
    spans,
  })

  it('keeps what a simulated user asked its model, as the user’s, also in a fixture', () => {
    fc.assert(
      fc.property(recordings, fc.array(fc.boolean()), (agents, whose) => {
        const calls = agents.calls.map((call, at) =>
          call.kind === 'llm' && whose[at] === true ? { ...call, by: 'user' as const } : call,
        )
        const spans = calls.map((call, at) => ({ ...base, id: `c${at}`, ...call }))
        const taken = recordingOf({ ...run, spans })
        expect(taken.calls).toEqual(calls)
        expect(unpackRecording(filed(packRecording(taken)))).toEqual(taken)
      }),
      seed,
    )
  })

  it('takes what an agent was answered, in order', () => {
    const found = recordingOf(run)
    expect(found).toMatchObject({ trace: 't_1', trial: 2, ended: 'user_stop', output: 'ok' })
    expect(found.calls).toEqual([
      { kind: 'human', request: { name: 'user' }, reply: turn('hi').reply },
      {
        kind: 'llm',
        request: { messages: [] },
        reply: says('ok'),
        startedAt: '2026-01-01T00:00:00Z',
        durationMs: 7,
      },
      order,
    ])
  })
})

describe('messageFrom', () => {
  it('shows a result to the model as it was', () => {
    const failed: CallOf<'tool'> = {
      ...used('pay', {}, { thrown: 1 }),
      reply: { response: 'no', isError: true },
    }
    expect(messageFrom(failed)).toEqual({
      role: 'tool',
      name: 'pay',
      parts: [{ type: 'tool_call_response', id: '', response: 'no', isError: true }],
    })
    expect(messageFrom(turn('hi'))).toEqual({ role: 'user', parts: [{ type: 'text', content: 'hi' }] })
  })
})

describe('calls inside of calls', () => {
  it('belong to the tool that made them, not to the agent', () => {
    const base = { status: 'ok', parent: 's1' } as const
    const reply = { response: 'x', isError: false }
    const call = (id: string, parent: string, name: string) =>
      ({ ...base, id, parent, kind: 'tool', name, request: { name, arguments: {} }, reply }) as const
    const spans = [
      { ...base, id: 's1', parent: null, kind: 'agent', name: 'shop' },
      call('s2', 's1', 'outer'),
      call('s3', 's2', 'inner'),
      call('s4', 's3', 'innermost'),
      { ...base, id: 's5', kind: 'agent', name: 'helper' },
      call('s6', 's5', 'helped'),
    ] as const
    const { calls } = recordingOf(recordingTrace(spans))
    expect(calls.map((one) => (one.kind === 'tool' ? one.request.name : one.kind))).toEqual([
      'outer',
      'helped',
    ])
  })

  it.each([
    ['each other', ['s3', 's2'], ['s2']],
    ['themselves', ['s2', 's3'], ['s2', 's3']],
    ['what is not there', ['s9', 's8'], ['s2', 's3']],
    ['one that begins later', ['s3', 's1'], ['s2', 's3']],
  ])('are found in a trace whose spans lie in %s', (_, [first = '', second = ''], names) => {
    const call = (id: string, parent: string) =>
      ({
        id,
        parent,
        status: 'ok',
        kind: 'tool',
        name: id,
        request: { name: id, arguments: {} },
        reply: { response: 'x', isError: false },
      }) as const
    const { calls } = recordingOf(recordingTrace([call('s2', first), call('s3', second)]))
    expect(calls.map((one) => one.kind === 'tool' && one.request.name)).toEqual(names)
  })
})

function recordingTrace(spans: Trace['spans']): Trace {
  const at = { v: 1, id: 't_1', name: 'shop', source: { format: 'test' }, status: 'ok' } as const
  return { ...at, versions: {}, tags: [], attributes: {}, scores: [], spans }
}
