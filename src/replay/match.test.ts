import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LlmRequest } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import { knownTools } from '../schema/known-tools.ts'
import { type Part, textMessage, toolMessage } from '../schema/message.ts'
import { normalizersOf } from '../schema/normalizers.ts'
import { recordingWith, recordings, refund, says, turn, used } from '../schema/testing/recordings.ts'
import type { Effect } from '../schema/tool.ts'
import { wires } from '../tap/wire/index.ts'
import { matcher } from './match.ts'
import { toolKey } from './tool-tape.ts'

const order = (id: string, status: string) => used('get_order', { order: id }, status)
const hi = { messages: [textMessage('user', 'hi')] }
const llm = (request: LlmRequest, reply = 'ok') => ({ kind: 'llm', request, reply: says(reply) }) as const

describe('tools', () => {
  it('serve repeats in recorded order, and say which step took the last', () => {
    const page = (channel: string, response: string) => used('page', { channel }, response)
    const calls = [page('ops', 'paged'), page('sales', 'lost'), page('ops', 'paged again')]
    const facts = { v: 1, tools: { page: { effect: 'external' } } } as const
    const match = matcher(recordingWith(calls), { known: knownTools(facts) })
    const ask = { name: 'page', arguments: { channel: 'ops' }, id: 'new' }
    expect(match.tool(1, ask)).toMatchObject({
      step: 1,
      served: 'exact',
      call: { reply: { response: 'paged' } },
    })
    expect(match.tool(2, { ...ask, id: 'other' })).toMatchObject({
      step: 3,
      call: { reply: { response: 'paged again' } },
    })
    expect(match.unused().map(({ step }) => step)).toEqual([2])
    expect(match.tool(5, ask)).toEqual({
      miss: {
        what: 'tool page is called with these arguments more often than in the recording',
        nearest: [
          { step: 1, name: 'page', differences: [], consumedBy: 1 },
          { step: 3, name: 'page', differences: [], consumedBy: 2 },
          {
            step: 2,
            name: 'page',
            differences: [{ path: 'arguments.channel', expected: 'sales', got: 'ops' }],
          },
        ],
      },
    })
  })

  it('do not see how arguments were spelled', () => {
    const match = matcher(recordingWith([used('pay', { to: 'ann', sum: 1 }, 'paid')]))
    expect(match.tool(1, { name: 'pay', arguments: { sum: 1.0, to: 'ann' } })).toMatchObject({
      served: 'exact',
    })
  })

  it.each([
    ['another value', { order: 'W10' }],
    ['a number for a text', { order: 1 }],
    ['one more', { order: 'W1', limit: null }],
    ['none', {}],
  ])('are not served for arguments that are merely similar: %s', (_, given) => {
    const match = matcher(recordingWith([order('W1', 'packed')]))
    expect(match.tool(1, { name: 'get_order', arguments: given })).toMatchObject({
      miss: {
        what: 'tool get_order is called with arguments the recording does not hold',
        nearest: [{ step: 1 }],
      },
    })
    expect(match.unused()).toHaveLength(1)
  })

  it('show the three nearest, fewest differences first, free ones before taken ones', () => {
    const calls = [
      used('book', { from: 'A', to: 'B', day: 1 }, 1),
      used('book', { from: 'A', to: 'B', day: 2 }, 2),
      used('book', { from: 'X', to: 'Y', day: 9 }, 3),
      used('book', { from: 'A', to: 'Y', day: 3 }, 4),
    ]
    const match = matcher(recordingWith(calls))
    match.tool(1, { name: 'book', arguments: { from: 'A', to: 'B', day: 1 } })
    const missed = match.tool(2, { name: 'book', arguments: { from: 'A', to: 'B', day: 3 } })
    expect(missed).toMatchObject({
      miss: { nearest: [{ step: 2 }, { step: 4 }, { step: 1, consumedBy: 1 }] },
    })
  })

  it('that the recording does not know are told what it knows, twenty at most', () => {
    const few = matcher(recordingWith([used('get', {}, 1), used('get', {}, 2), used('put', {}, 3)]))
    expect(few.tool(1, { name: 'drop', arguments: {} })).toEqual({
      miss: { what: 'tool drop is not called in the recording, which calls get, put', nearest: [] },
    })
    expect(matcher({ calls: [] }).tool(1, { name: 'drop', arguments: {} })).toMatchObject({
      miss: { what: 'tool drop is not called in the recording, which calls no tool' },
    })
    const many = matcher(recordingWith(Array.from({ length: 500 }, (_, at) => used(`tool_${at}`, {}, 1))))
    const missed = many.tool(1, { name: 'drop', arguments: {} })
    expect('miss' in missed && missed.miss.what.length).toBeLessThan(300)
  })

  it('tell arguments that were no JSON from a text', () => {
    const broken = {
      kind: 'tool',
      request: { name: 'pay', arguments: '{"a', malformed: true },
      reply: { response: 1, isError: true },
    } as const
    const match = matcher(recordingWith([broken]))
    expect(match.tool(1, { name: 'pay', arguments: '{"a' })).toMatchObject({
      miss: { nearest: [{ differences: [{ path: 'malformed', expected: true }] }] },
    })
    expect(match.tool(2, { name: 'pay', arguments: '{"a', malformed: true })).toMatchObject({
      served: 'exact',
    })
  })

  it('have a key that names cannot forge', () => {
    const keys = [
      { name: 'a', arguments: 'b' },
      { name: 'a"b', arguments: '' },
      { name: 'a', arguments: 'b', malformed: true as const },
      { name: 'a!', arguments: 'b' },
      { name: 'a"!', arguments: 'b' },
    ].map(toolKey)
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('models', () => {
  const said = (...parts: Part[]): LlmRequest => ({ messages: [{ role: 'assistant', parts }] })
  const thought: Part = { type: 'reasoning', content: 'hm' }
  const text: Part = { type: 'text', content: 'ok' }

  it.each([
    ['model', { model: 'a' }, { model: 'b' }],
    ['system', { system: [text] }, { system: [] }],
    ['tools', { tools: [{ name: 'get' }] }, { tools: [{ name: 'get', description: 'Gets.' }] }],
    ['parameters', { parameters: { temperature: 0 } }, { parameters: { temperature: 1 } }],
  ] as const)('are compared by %s where the recording knows it, and only there', (field, recorded, live) => {
    const knowing = matcher(recordingWith([llm({ ...hi, ...recorded })]))
    expect(knowing.llm(1, { ...hi, ...live }, undefined)).toMatchObject({
      miss: { nearest: [{ step: 1, differences: [{ path: expect.stringContaining(field) as string }] }] },
    })
    expect(knowing.llm(1, hi, undefined)).toHaveProperty('miss')
    expect(knowing.llm(1, { ...hi, ...recorded }, undefined)).toHaveProperty('served', 'exact')
    const ignorant = matcher(recordingWith([llm(hi)]))
    expect(ignorant.llm(1, { ...hi, ...live }, undefined)).toHaveProperty('served', 'exact')
  })

  it('are compared as the wire shows them: reasoning is not there for OpenAI, and is for Anthropic', () => {
    const match = () => matcher(recordingWith([llm(said(thought, text))]))
    expect(match().llm(1, said(text), wires['openai-chat'])).toHaveProperty('served', 'exact')
    expect(match().llm(1, said(text), wires['anthropic-messages'])).toHaveProperty('miss')
    expect(match().llm(1, said(text), undefined)).toHaveProperty('miss')
    expect(match().llm(1, said(thought, text), wires['anthropic-messages'])).toHaveProperty('served', 'exact')
  })

  it('are shown the first difference to the next recorded request', () => {
    const match = matcher(recordingWith([llm({ messages: [toolMessage('c1', 'get', 'sent', false)] })]))
    const live = { messages: [toolMessage('c1', 'get', 'lost', false)] }
    expect(match.llm(1, live, wires['openai-chat'])).toMatchObject({
      miss: {
        what: 'the model is asked something else than in step 1 of the recording',
        nearest: [{ differences: [{ path: 'messages[0].content', expected: 'sent', got: 'lost' }] }],
      },
    })
  })

  it('answer a retry with what came then, in order', () => {
    const match = matcher(recordingWith([llm(hi, 'busy'), llm(hi, 'ok')]))
    expect(match.llm(1, hi, undefined)).toMatchObject({ step: 1 })
    expect(match.llm(2, hi, undefined)).toMatchObject({ step: 2 })
    expect(match.llm(3, hi, undefined)).toMatchObject({
      miss: { what: 'the recording holds no further model call' },
    })
  })

  it('answer requests that were made together in any order', () => {
    const other = { messages: [textMessage('user', 'ho')] }
    const match = matcher(recordingWith([llm(hi, 'hi'), llm(other, 'ho')]))
    expect(match.llm(1, other, undefined)).toMatchObject({ step: 2 })
    expect(match.llm(2, hi, undefined)).toMatchObject({ step: 1 })
    expect(match.unused()).toEqual([])
  })
})

describe('people', () => {
  const asked = (question: string | undefined, answer: string) => ({
    ...turn(answer),
    request: { name: 'user', ...(question === undefined ? {} : { question }) },
  })

  it('answer in recorded order, by name', () => {
    const match = matcher(
      recordingWith([turn('hi'), { ...turn('yes'), request: { name: 'boss' } }, turn('bye')]),
    )
    expect(match.human(1, { name: 'boss' })).toMatchObject({ step: 2 })
    expect(match.human(2, { name: 'user' })).toMatchObject({ step: 1 })
    expect(match.human(3, { name: 'user' })).toMatchObject({ step: 3 })
    expect(match.human(4, { name: 'user' })).toEqual({
      miss: { what: 'nobody called "user" says anything more in the recording', nearest: [] },
    })
  })

  it('do not approve of what the recording does not know that they were asked', () => {
    const match = matcher(recordingWith([{ ...turn('yes'), request: { name: 'boss' } }]))
    expect(match.human(1, { name: 'boss', question: 'may I?' })).toMatchObject({
      miss: { nearest: [{ step: 1, differences: [{ path: 'question', got: 'may I?' }] }] },
    })
    // What another model came to, nobody approved of.
    const anew = matcher(recordingWith([{ ...turn('yes'), request: { name: 'boss' } }]), { asksAnew: true })
    expect(anew.human(1, { name: 'boss' })).toHaveProperty('miss')
    expect(match.human(2, { name: 'boss' })).toMatchObject({ step: 1 })
  })

  it('do not answer another question than they were asked, where that is known', () => {
    const match = matcher(recordingWith([asked('Refund it?', 'yes'), asked(undefined, 'thanks')]))
    expect(match.human(1, { name: 'user', question: 'Refund it?' })).toMatchObject({ step: 1 })
    expect(match.human(2, { name: 'user', question: 'Anything else?' })).toMatchObject({ step: 2 })
    const strict = matcher(recordingWith([asked('Refund it?', 'yes')]))
    expect(strict.human(1, { name: 'user', question: 'Delete the account?' })).toEqual({
      miss: {
        what: '"user" is asked something else than in step 1 of the recording',
        nearest: [
          {
            step: 1,
            name: 'user',
            differences: [{ path: 'question', expected: 'Refund it?', got: 'Delete the account?' }],
          },
        ],
      },
    })
    expect(strict.human(2, { name: 'user' })).toHaveProperty('miss')
  })
})

describe('a matcher', () => {
  it('serves a recording in its own order, each call once, whatever was recorded', () => {
    fc.assert(
      fc.property(recordings, (recording) => {
        const match = matcher(recording)
        const served = new Set<number>()
        for (const [at, call] of recording.calls.entries()) {
          const found =
            call.kind === 'llm'
              ? match.llm(at + 1, call.request, wires['openai-chat'])
              : call.kind === 'tool'
                ? match.tool(at + 1, call.request)
                : call.kind === 'human'
                  ? match.human(at + 1, call.request)
                  : match.custom(at + 1, call.request)
          if ('miss' in found) throw new Error(found.miss.what)
          expect(found.call.reply).toEqual(call.reply)
          served.add(found.step)
        }
        expect(served.size).toBe(recording.calls.length)
        expect(match.unused()).toEqual([])
      }),
      { seed: 42, numRuns: 200 },
    )
  })

  it('serves a recording in its own order as exact, whatever its tools do, and to what', () => {
    const name = fc.constantFrom('a', 'b', 'c')
    const value = fc.constantFrom<Json>('r1', 'r2', '7', 7, ['r1', 'r2'], null)
    const call = fc.record({
      name,
      given: fc.dictionary(fc.constantFrom('of', 'id', 'more'), value, { noNullPrototype: true }),
      response: fc.nat(),
      isError: fc.boolean(),
    })
    const facts = fc.record(
      {
        effect: fc.constantFrom<Effect>('read', 'write', 'pure', 'external'),
        resource: fc.constantFrom(['/of'], ['/of', '/more']),
        volatile: fc.constantFrom(['arguments.id'], ['arguments.more[*]', 'arguments.of']),
      },
      { requiredKeys: [] },
    )
    const tools = fc.record({ a: facts, b: facts, c: facts })
    fc.assert(
      fc.property(fc.array(call, { maxLength: 20 }), tools, fc.boolean(), (calls, of, strict) => {
        const recording = recordingWith(
          calls.map(({ name, given, response, isError }) => ({
            kind: 'tool',
            request: { name, arguments: given },
            reply: { response, isError },
          })),
        )
        const file = { v: 1, tools: of } as const
        const normalizers = normalizersOf(file, ['a', 'b', 'c'])
        const match = matcher(recording, { known: knownTools(file), strict, normalizers })
        for (const [at, one] of recording.calls.entries()) {
          if (one.kind !== 'tool') continue
          const found = match.tool(at + 1, structuredClone(one.request))
          expect(found).toMatchObject({ served: 'exact', step: at + 1, call: { reply: one.reply } })
        }
        expect(match.unused()).toEqual([])
      }),
      { seed: 42, numRuns: 500 },
    )
  })

  it('never serves a write twice, or after other writes, and nothing wrong without a label', () => {
    // A world of two registers: what a read of one brings is what was last written to it.
    const act = fc.record({
      write: fc.boolean(),
      of: fc.constantFrom('x', 'y'),
      value: fc.constantFrom(1, 2),
    })
    const acts = fc.array(act, { maxLength: 14 })
    const file = {
      v: 1,
      tools: { get: { effect: 'read', resource: ['/of'] }, set: { effect: 'write', resource: ['/of'] } },
    } as const
    const played = (done: readonly { write: boolean; of: string; value: number }[]) => {
      const world = new Map<string, number>()
      return done.map(({ write, of, value }) => {
        const before = world.get(of) ?? 0
        if (write) world.set(of, value)
        return write ? used('set', { of, value }, before) : used('get', { of }, before)
      })
    }
    fc.assert(
      fc.property(acts, acts, acts, (then, other, now) => {
        const pool = [recordingWith(played(other), { trace: 't_other' })]
        const match = matcher(recordingWith(played(then)), { known: knownTools(file), pool })
        let taken = 0
        for (const [at, { request, reply }] of played(now).entries()) {
          const own = match.tool(at + 1, request)
          const found = 'miss' in own ? match.pooled(at + 1, request) : own
          if (found === undefined) match.answered(request, reply)
          const isLabelled = found === undefined || found.served === 'stale-state'
          expect(isLabelled ? reply : found.call.reply).toEqual(reply)
          expect([found?.served, request.name]).not.toEqual(['stale-state', 'set'])
          if (request.name === 'set' && found !== undefined) taken++
        }
        const writes = [...played(then), ...played(other)].filter((one) => one.request.name === 'set')
        expect(taken).toBeLessThanOrEqual(writes.length)
      }),
      { seed: 42, numRuns: 1000 },
    )
  })

  it('never serves a call of another kind', () => {
    const match = matcher(refund())
    expect(match.tool(1, { name: 'user', arguments: {} })).toHaveProperty('miss')
    expect(match.human(2, { name: 'get_order' })).toHaveProperty('miss')
  })
})
