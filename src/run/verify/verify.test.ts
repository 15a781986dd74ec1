import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { readPath } from '../../lib/json-path.ts'
import type { ToolReply } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import { knownTools } from '../../schema/known-tools.ts'
import type { Recording } from '../../schema/recording.ts'
import { toolsFile } from '../../schema/tool.ts'
import type { Span, SpanOf } from '../../schema/trace.ts'
import type { RecordedRead } from '../../schema/verify.ts'
import { askLive, type LiveTool } from './ask.ts'
import { compareRead } from './compare.ts'
import { readsOf } from './reads.ts'
import { byTool, restsOn, staleFixtures, verifyExit } from './report.ts'

const place = { eval: 'shop', case: 'refund' }
const file = toolsFile.parse({
  tools: {
    get_order: { effect: 'read', resource: ['/order'] },
    refund: { effect: 'write', resource: ['/order'] },
    add: { effect: 'pure' },
    mail: { effect: 'external' },
  },
})
const settings = { known: knownTools(file), includeGuessed: false, only: [] }

function recordingOf(
  ...calls: readonly (readonly [name: string, given: Json, response?: Json, isError?: boolean])[]
): Recording {
  return {
    trace: 't_1',
    trial: 0,
    versions: {},
    scores: [],
    calls: calls.map(([name, given, response = 'ok', isError = false]) => ({
      kind: 'tool',
      request: { name, arguments: given },
      reply: { response, isError },
    })),
  }
}

function read(reply: Partial<ToolReply>, more: Partial<RecordedRead> = {}): RecordedRead {
  const request = { name: 'get_order', arguments: { order: 'W12' } }
  return {
    ...place,
    trace: 't_1',
    step: 1,
    request,
    reply: { response: null, isError: false, ...reply },
    ...more,
  }
}

describe('readsOf', () => {
  it('takes reads and pure calls, and never what writes or reaches out', () => {
    const recording = recordingOf(
      ['get_order', { order: 'a' }],
      ['add', [1, 2]],
      ['mail', {}],
      ['refund', { order: 'a' }],
    )
    const { reads } = readsOf(recording, place, settings)
    expect(reads.map(({ request, step }) => [request.name, step])).toEqual([
      ['get_order', 1],
      ['add', 2],
    ])
  })

  it('tells apart what was read after a write to the same thing', () => {
    const recording = recordingOf(
      ['refund', { order: 'a' }],
      ['get_order', { order: 'a' }],
      ['get_order', { order: 'b' }],
      ['add', [1, 2]],
    )
    const { reads } = readsOf(recording, place, settings)
    expect(reads.map(({ step, incomparable }) => [step, incomparable])).toEqual([
      [2, 'something was written before it'],
      [3, undefined],
      [4, undefined],
    ])
    // A write that failed wrote nothing.
    const failed = recordingOf(['refund', { order: 'a' }, 'no', true], ['get_order', { order: 'a' }])
    expect(readsOf(failed, place, settings).reads[0]?.incomparable).toBeUndefined()
    // Of a tool that says nothing of its state, any write may have changed what it reads.
    const plain = {
      ...settings,
      known: knownTools(toolsFile.parse({ tools: { get_order: { effect: 'read' } } })),
    }
    expect(
      readsOf(recordingOf(['x', {}], ['get_order', {}]), place, plain).reads[0]?.incomparable,
    ).toBeDefined()
  })

  it('leaves what is only guessed to read to who asks for it', () => {
    const recording = recordingOf(['search_books', { q: 'Momo' }], ['lend', {}])
    expect(readsOf(recording, place, settings)).toEqual({ reads: [], skipped: ['search_books'] })
    const { reads } = readsOf(recording, place, { ...settings, includeGuessed: true })
    expect(reads.map(({ request }) => request.name)).toEqual(['search_books'])
    expect(readsOf(recording, place, { ...settings, only: ['add'] })).toEqual({ reads: [], skipped: [] })
  })

  it('does not ask with what was redacted', () => {
    const recording = recordingOf(['get_order', { order: 'W12', token: '<redacted:token:0123456789>' }])
    expect(readsOf(recording, place, settings).reads[0]?.incomparable).toContain('secret')
  })
})

describe('compareRead', () => {
  const says = (response: Json): { reply: ToolReply } => ({ reply: { response, isError: false } })
  const throws = (message: string): { reply: ToolReply } => ({
    reply: { response: { thrown: { name: 'Error', message } }, isError: true },
  })
  const gone = { response: { thrown: { name: 'Error', message: 'No such order.' } }, isError: true }

  it.each([
    ['the same', { response: { a: 1, b: 2 } }, says({ b: 2, a: 1 }), 'same'],
    ['the same as JSON text', { response: '{"a": 1}' }, says({ a: 1 }), 'same'],
    ['another', { response: { a: 1 } }, says({ a: 2 }), 'changed'],
    ['an error that was recorded', gone, throws('No such order.'), 'same'],
    ['an error that was not', { response: { a: 1 } }, throws('connect ECONNREFUSED'), 'failed'],
    ['another error', gone, throws('connect ECONNREFUSED'), 'failed'],
    ['a result where an error was recorded', gone, says({ a: 1 }), 'changed'],
    ['nothing', { response: 1 }, { failed: 'no answer after 5 ms' }, 'failed'],
    ['not asked', { response: 1 }, undefined, 'failed'],
  ] as const)('%s', (_, recorded, answer, verdict) => {
    expect(compareRead(read(recorded), answer).verdict).toBe(verdict)
  })

  it('names what changed by its path, without what is ignored', () => {
    const one = read({ response: { at: 1, items: [{ age: 1, zip: 'a' }] } })
    const answer = says({ at: 2, items: [{ age: 2, zip: 'b' }] })
    const ignored = ['response.at', 'response.items[*].age'].map((path) => readPath(path) ?? [])
    expect(compareRead(one, answer, ignored).differences).toEqual([
      { path: 'response.items[0].zip', expected: 'a', got: 'b' },
    ])
    expect(compareRead(read({}, { incomparable: 'written' }), answer)).toMatchObject({
      verdict: 'not-comparable',
    })
  })
})

describe('askLive', () => {
  const asking = {
    concurrency: 2,
    timeoutMs: 1000,
    signal: new AbortController().signal,
    redact: <T>(it: T) => it,
  }
  const answersOf = async (tool: LiveTool, more: Partial<typeof asking> = {}): Promise<unknown[]> => [
    ...(await askLive([read({})], new Map([['get_order', tool]]), { ...asking, ...more })).values(),
  ]

  it('makes the same call once, and a call that cannot be compared never', async () => {
    const asked: Json[] = []
    const order = (n: number): RecordedRead => read({}, { request: { name: 'get_order', arguments: { n } } })
    const reads = [order(1), order(2), order(1), { ...order(3), incomparable: 'written' }]
    const answers = await askLive(reads, new Map([['get_order', (given) => asked.push(given)]]), asking)
    expect(asked).toEqual([{ n: 1 }, { n: 2 }])
    expect(answers.size).toBe(2)
  })

  it('has no more calls under way than it may', async () => {
    let now = 0
    let peak = 0
    const slow = async (): Promise<void> => {
      peak = Math.max(peak, ++now)
      await wait(1)
      now--
    }
    const reads = Array.from({ length: 9 }, (_, n) =>
      read({}, { request: { name: 'get_order', arguments: n } }),
    )
    await askLive(reads, new Map([['get_order', slow]]), asking)
    expect(peak).toBe(2)
  })

  it('says why there is no answer', async () => {
    expect(await answersOf(() => wait(60_000, 'late', { ref: false }), { timeoutMs: 5 })).toEqual([
      { failed: 'no answer after 5 ms' },
    ])
    expect(await answersOf(() => 1n)).toEqual([{ failed: 'it returns something that JSON cannot say' }])
    const none = await askLive([read({})], new Map(), asking)
    expect([...none.values()]).toEqual([{ failed: 'there is no live tool "get_order"' }])
    const thrown = await answersOf(() => {
      throw new TypeError('no order')
    })
    expect(thrown).toEqual([
      { reply: { response: { thrown: { name: 'TypeError', message: 'no order' } }, isError: true } },
    ])
  })

  it('asks nothing more once it is stopped', async () => {
    expect(await answersOf(() => 1, { signal: AbortSignal.abort() })).toEqual([])
  })

  it('redacts what it is told, as a recorder would', async () => {
    const redact = <T>(it: T): T => JSON.parse(JSON.stringify(it).replace('secret', 'gone')) as T
    expect(await answersOf(() => 'secret', { redact })).toEqual([
      { reply: { response: 'gone', isError: false } },
    ])
  })
})

describe('what rests on stale reads', () => {
  const stale = { ...compareRead(read({ response: 1 }), { reply: { response: 2, isError: false } }) }
  const [fixture] = staleFixtures([stale])
  const span = (over: Partial<SpanOf<'tool'>>): Span => {
    const { request } = stale
    return { id: 's2', parent: 's1', kind: 'tool', name: 'get_order', status: 'ok', request, ...over }
  }
  const rests = (over: Partial<SpanOf<'tool'>>, at = 't_1'): boolean =>
    fixture !== undefined && restsOn({ source: { format: 'evalkit', at }, spans: [span(over)] }, fixture)

  const calls: readonly (readonly [what: string, over: Partial<SpanOf<'tool'>>, rests: boolean])[] = [
    ['served as recorded', { served: 'exact' }, true],
    ['not served', {}, false],
    ['served live', { served: 'live' }, false],
    [
      'normalized, of that step',
      {
        served: 'normalized',
        request: { name: 'get_order', arguments: {} },
        attributes: { 'evalkit.served.step': 1 },
      },
      true,
    ],
    [
      'normalized, of another step',
      { served: 'normalized', attributes: { 'evalkit.served.step': 2 } },
      false,
    ],
    [
      'pooled from that run',
      { served: 'pooled', attributes: { 'evalkit.served.step': 1, 'evalkit.served.trace': 't_1' } },
      true,
    ],
    [
      'pooled from another',
      { served: 'pooled', attributes: { 'evalkit.served.step': 1, 'evalkit.served.trace': 't_2' } },
      false,
    ],
  ]
  it.each(calls)('a call %s', (_, over, expected) => {
    expect(rests(over)).toBe(expected)
  })

  it('is asked of the recording the trial was played against', () => {
    expect(rests({ served: 'exact' }, 't_2')).toBe(false)
  })

  it('decides the exit code', () => {
    const exit = (...reads: readonly (Json | undefined)[]): number =>
      verifyExit(
        byTool(
          reads.map((live) =>
            compareRead(
              read({ response: 1 }),
              live === undefined ? undefined : { reply: { response: live, isError: false } },
            ),
          ),
          settings.known,
        ),
      )
    expect([exit(1), exit(1, 2), exit(1, undefined), exit(2, undefined), exit()]).toEqual([0, 1, 4, 1, 3])
  })
})
