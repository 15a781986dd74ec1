import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { textMessage } from '../schema/message.ts'
import type { Trace } from '../schema/trace.ts'
import { type Filter, type GroupKey, groupKey } from '../schema/trace-query.ts'
import { factsOf, textsOf } from './facts.ts'
import { holdsAll } from './holds.ts'
import { memoryStore } from './memory.ts'
import { predicatesOf } from './predicate.ts'
import type { Store } from './store.ts'
import { gather } from './testing/gather.ts'
import { anyFilter } from './testing/any-filter.ts'
import { anyTrace, conversation, sampleTrace } from './testing/samples.ts'
import { parseWhere } from './where.ts'
import { searchText } from './words.ts'

/** The part of the store contract that asks: what conditions mean and how groups count, in every store alike. */
export function describeQuestions(store: () => Store): void {
  const list = async (where: string | readonly Filter[] = [], limit?: number) => {
    const conditions = typeof where === 'string' ? parseWhere(where) : where
    return gather(store().listTraces({ where: conditions, ...(limit === undefined ? {} : { limit }) }))
  }
  const ids = async (where?: string | readonly Filter[]) => (await list(where)).map((summary) => summary.id)
  const group = async (by: GroupKey, where = '', limit?: number) =>
    store().groupTraces({ where: parseWhere(where), ...(limit === undefined ? {} : { limit }) }, by)

  describe('conditions', () => {
    const shop: readonly Trace[] = [
      conversation('t_1', 2, () => 'a gift card', {
        task: { id: '7' },
        tags: ['vip'],
        costUsd: 0.5,
        usage: { input: 10, cacheRead: 5, cacheWrite: 0, output: 5 },
        scores: [
          { name: 'reward', source: 'environment', gating: true, status: 'scored', value: 1, passed: true },
        ],
      }),
      conversation('t_2', 1, () => 'it was refunded', {
        status: 'error',
        durationMs: 5000,
        startedAt: '2025-06-03T00:00:00Z',
        ended: 'max_steps',
        scores: [
          {
            name: 'reward',
            source: 'environment',
            gating: true,
            status: 'scored',
            value: 0,
            passed: false,
          },
        ],
      }),
      sampleTrace({
        id: 't_3',
        output: 'Café 返金してください',
        session: 'conv-1',
        versions: { prompt: 'v2' },
        attributes: { 'user.id': 'kim' },
      }),
    ]
    it.each([
      ['tool=get_order', ['t_2', 't_1']],
      ['tool!=get_order', ['t_3']],
      ['tool~ORDER status=error', ['t_2']],
      ['task=7', ['t_1']],
      ['task!=7', ['t_2', 't_3']],
      ['tag=vip and model=large', ['t_1']],
      ['duration>2s', ['t_2']],
      ['duration<=240ms', ['t_1']],
      ['cost!=0', ['t_1']],
      ['cost<1', ['t_1']],
      ['tokens=20', ['t_1']],
      ['calls>=2', ['t_1']],
      ['spans=0', ['t_3']],
      ['score.reward>=1', ['t_1']],
      ['score.reward<1', ['t_2']],
      ['score.reward!=1', ['t_2']],
      ['score.tone>=0', []],
      ['started=2025-06-01', ['t_1']],
      ['started>2025-06-01', ['t_2']],
      ['started<=2025-06-01', ['t_1']],
      ['ended~STEPS', ['t_2']],
      ['text~"gift card"', ['t_1']],
      ['text~"card gift"', []],
      ['text~refund', ['t_2']],
      ['text=refund', []],
      ['text=refunded', ['t_2']],
      ['text!=refunded', ['t_1', 't_3']],
      ['text~cafe', ['t_3']],
      ['text~返金', ['t_3']],
      ['text~"You help"', []],
      ['', ['t_2', 't_1', 't_3']],
      ['task=7 or status=error', ['t_2', 't_1']],
      ['not tool=get_order', ['t_3']],
      ['not cost>0.1', ['t_2', 't_3']],
      ['cost=unknown', ['t_2', 't_3']],
      ['cost!=unknown', ['t_1']],
      ['score.reward=unknown', ['t_3']],
      ['score.reward!=unknown and not score.reward=1', ['t_2']],
      ['error', ['t_2']],
      ['error=false "gift card"', ['t_1']],
      ['(status = error or tag = vip) and not "gift card"', ['t_2']],
      ['any(span.tool = get_order and span.duration < 100)', ['t_2', 't_1']],
      ['any(span.model = large and span.duration > 150ms)', ['t_1']],
      ['any(span.cost = 0.001 and span.tokens >= 25)', ['t_1']],
      ['all(span.kind = llm or span.tool ~ ORDER)', ['t_2', 't_1', 't_3']],
      ['none(span.kind = tool)', ['t_3']],
      ['any(span.error)', []],
      ['none(span.error) and spans > 0', ['t_2', 't_1']],
      ['any(not span.error and span.started != 2025-06-01)', []],
      ['session=conv-1', ['t_3']],
      ['user~KIM and prompt=v2', ['t_3']],
      ['session~""', ['t_3']],
    ] as const)('%s', async (where, expected) => {
      await store().putTraces(shop)
      expect(await ids(where)).toEqual(expected)
    })

    it('shows where the words of a search stand', async () => {
      await store().putTraces(shop)
      const [first] = await list('text~"was refund"')
      expect(first?.snippet).toContain('it was refunded')
      expect((await list('tool=get_order'))[0]).not.toHaveProperty('snippet')
    })

    it.each([
      '" OR 1',
      'a* NEAR(b',
      "'; DROP TABLE traces; --",
      'words:x',
      '^zz',
      '-zz',
      'AND OR NOT',
      '\0 x',
    ])('takes hostile words as words: %j', async (value) => {
      await store().putTraces(shop)
      expect(await list([{ field: 'text', op: '~', value }])).toEqual([])
    })

    it('answers the longest and deepest filters there may be', async () => {
      await store().putTraces(shop)
      const spans = `any(${Array.from({ length: 50 }, (_, at) => `span.tool ~ x${at} or not span.cost > ${at}`).join(' or ')})`
      expect(await ids(spans)).toEqual(['t_2', 't_1'])
      const many = Array.from({ length: 25 }, (_, at) => [
        `any(span.tool~"'${at}")`,
        `score."it's ${at}" != 1`,
        `"word${at} OR"`,
        `tag != "; --${at}"`,
      ])
      expect(await ids(many.flat().join(' or '))).toEqual(['t_2', 't_1', 't_3'])
      const deep = `${'not ('.repeat(10)}tool = get_order${')'.repeat(10)}`
      expect(await ids(deep)).toEqual(['t_2', 't_1'])
    })

    it.each([
      [{ field: 'dration', op: '=', value: 1 }, 'Did you mean "duration"?'],
      [{ field: 'toString', op: '=', value: 'x' }, 'no field'],
      [{ field: 'score.', op: '=', value: 1 }, 'no field'],
      [{ field: 'status', op: '<', value: 'ok' }, 'cannot be compared'],
      [{ field: 'duration', op: '~', value: 1 }, 'cannot be compared'],
      [{ field: 'duration', op: '>', value: 'long' }, 'wants a number'],
      [{ field: 'started', op: '>', value: '2025-02-30' }, 'wants a date'],
      [{ field: 'text', op: '~', value: '!!!' }, 'wants a word'],
      [{ field: 'text', op: '=', value: '"' }, 'wants a word'],
      [{ field: 'span.tool', op: '=', value: 'x' }, 'inside any('],
      [{ field: 'status', op: '=', value: 'eror' }, 'Did you mean "error"?'],
      [{ field: 'error', op: '=', value: 'x' }, 'wants true or false'],
      [{ any: { field: 'tool', op: '=', value: 'x' } }, 'Did you mean "span.tool"?'],
      [{ any: { field: 'span.tol', op: '=', value: 'x' } }, 'Did you mean "span.tool"?'],
      [{ any: { not: { all: { field: 'span.tool', op: '=', value: 'x' } } } }, 'no other of them'],
    ] as const)('refuses %j', async (condition, says) => {
      await expect(list([condition])).rejects.toMatchObject({
        code: 'EVK_USAGE',
        message: expect.stringContaining(says),
      })
      await expect(store().groupTraces({ where: [condition] }, 'task')).rejects.toMatchObject({
        code: 'EVK_USAGE',
      })
    })

    it('means by any condition what the shared definition means', async () => {
      const traces = fc
        .sample(anyTrace, { seed: 42, numRuns: 60 })
        .map((trace, index) => ({ ...trace, id: `t_${index}` }))
      const reference = memoryStore()
      await reference.putTraces(traces)
      await store().putTraces(traces)
      const known = traces.map((trace) => ({
        id: trace.id,
        facts: factsOf(trace),
        words: searchText(textsOf(trace)),
      }))
      let met = 0
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyFilter, { minLength: 1, maxLength: 2 }),
          fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
          fc.constantFrom(...groupKey.options),
          async (where, limit, by) => {
            const predicates = predicatesOf(where)
            const expected = known
              .filter((it) => holdsAll(predicates, it.facts, () => it.words))
              .map((it) => it.id)
            if (expected.length > 0) met++
            expect((await ids(where)).sort()).toEqual(expected.sort())
            const query = { where, ...(limit === undefined ? {} : { limit }) }
            expect(await list(where, limit)).toEqual(await gather(reference.listTraces(query)))
            expect(await store().groupTraces(query, by)).toEqual(await reference.groupTraces(query, by))
          },
        ),
        { seed: 42, numRuns: 300 },
      )
      // Conditions that nothing meets prove nothing.
      expect(met).toBeGreaterThan(100)
    })
  })

  describe('groups', () => {
    it('counts calls by tool, with their errors, times and the scores of their traces', async () => {
      const failing = sampleTrace({
        id: 't_9',
        scores: [
          {
            name: 'reward',
            source: 'environment',
            gating: true,
            status: 'scored',
            value: 0,
            passed: false,
          },
          { name: 'tone', source: 'judge', gating: true, status: 'unscored', reason: 'no answer' },
        ],
        spans: [
          {
            id: 's1',
            parent: null,
            name: 'get_order',
            kind: 'tool',
            status: 'ok',
            durationMs: 40,
            request: { name: 'get_order', arguments: {} },
            reply: { response: 'Error: no such order', isError: true },
          },
          {
            id: 's2',
            parent: null,
            name: 'think',
            kind: 'tool',
            status: 'ok',
            request: { name: 'think', arguments: {} },
          },
        ],
      })
      const passing = conversation('t_1', 3, () => 'x', {
        scores: [
          { name: 'reward', source: 'environment', gating: true, status: 'scored', value: 1, passed: true },
        ],
      })
      await store().putTraces([failing, passing])
      expect(await group('tool')).toEqual([
        {
          key: 'get_order',
          count: 4,
          traces: 2,
          errors: 1,
          errorRate: 0.25,
          from: '2025-06-01T10:00:00.000Z',
          to: '2025-06-01T10:00:00.000Z',
          durationMs: {
            known: 4,
            sum: 100,
            p50: 20,
            p90: expect.closeTo(34, 9),
            p95: expect.closeTo(37, 9),
            p99: expect.closeTo(39.4, 9),
            mean: 25,
          },
          unpriced: 0,
          scores: [{ name: 'reward', scored: 2, passed: 1, passRate: 0.5, mean: 0.5 }],
        },
        {
          key: 'think',
          count: 1,
          traces: 1,
          errors: 0,
          errorRate: 0,
          unpriced: 0,
          scores: [{ name: 'reward', scored: 1, passed: 0, passRate: 0, mean: 0 }],
        },
      ])
    })

    it('gives a model what went to it, and what nobody knows to nobody', async () => {
      const base = { parent: null, name: 'chat', kind: 'llm', status: 'ok' } as const
      const ask = (id: string, model: string, tokens?: number) => ({
        ...base,
        id,
        request: { model, messages: [] },
        reply: {
          message: textMessage('assistant', 'hi'),
          ...(tokens === undefined
            ? {}
            : { usage: { input: tokens, cacheRead: 0, cacheWrite: 0, output: 0 } }),
        },
      })
      await store().putTraces([
        sampleTrace({
          id: 't_1',
          spans: [ask('a', 'large', 10), ask('b', 'small', 1), ask('c', 'large', 5)],
        }),
        sampleTrace({ id: 't_2', spans: [ask('a', 'large')] }),
      ])
      const [large, small] = await group('model')
      expect(large).toMatchObject({ key: 'large', count: 2, tokens: { p50: 15, mean: 15 } })
      expect(small).toMatchObject({ key: 'small', count: 1, tokens: { p50: 1 } })
      expect(large).not.toHaveProperty('costUsd')
      expect([large?.unpriced, small?.unpriced]).toEqual([3, 1])
    })

    it('sets sessions and days apart, with when they began and ended', async () => {
      const at = (id: string, session: string, startedAt: string) => sampleTrace({ id, session, startedAt })
      await store().putTraces([
        at('a', 'one', '2025-06-01T23:59:00Z'),
        at('b', 'one', '2025-06-02T00:01:00+00:00'),
        at('c', 'two', '2025-06-02T02:00:00+02:00'),
        sampleTrace({ id: 'd', attributes: { 'session.id': 'two' } }),
      ])
      expect((await group('session')).map((it) => [it.key, it.count, it.from, it.to])).toEqual([
        ['one', 2, '2025-06-01T23:59:00.000Z', '2025-06-02T00:01:00.000Z'],
        ['two', 2, '2025-06-02T00:00:00.000Z', '2025-06-02T00:00:00.000Z'],
      ])
      expect((await group('day')).map((it) => [it.key, it.count])).toEqual([
        ['2025-06-02', 2],
        ['', 1],
        ['2025-06-01', 1],
      ])
    })

    it('puts traces under every tag, and under "" without one', async () => {
      await store().putTraces([
        sampleTrace({ id: 'a', tags: ['x', 'y'], costUsd: 0.1 }),
        sampleTrace({ id: 'b', tags: ['x'], costUsd: 0.2, status: 'error' }),
        sampleTrace({ id: 'c' }),
      ])
      const groups = await group('tag')
      expect(groups.map((it) => [it.key, it.count, it.errors])).toEqual([
        ['x', 2, 1],
        ['', 1, 0],
        ['y', 1, 0],
      ])
      expect(groups[0]?.costUsd?.sum).toBeCloseTo(0.3, 12)
      expect((await group('status', 'tag=x')).map((it) => it.key)).toEqual(['error', 'ok'])
      expect((await group('name', '', 2))[0]?.count).toBe(2)
    })
  })
}
