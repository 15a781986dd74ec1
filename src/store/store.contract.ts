import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CachedReply } from '../schema/cached-reply.ts'
import type { Score } from '../schema/score.ts'
import type { Trace } from '../schema/trace.ts'
import { describeQuestions } from './questions.contract.ts'
import type { Store } from './store.ts'
import { gather } from './testing/gather.ts'
import { anyTrace, conversation, sampleRun, sampleTrace, sampleTrial } from './testing/samples.ts'

/** What every store promises: run by the tests of each member. `open` gives a new, empty store each time. */
export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(`store contract: ${name}`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    const list = (limit?: number) =>
      gather(store.listTraces({ where: [], ...(limit === undefined ? {} : { limit }) }))
    const ids = async (limit?: number) => (await list(limit)).map((summary) => summary.id)

    describe('traces', () => {
      it('gives back what was written', async () => {
        const trace = conversation('t_1', 4, (turn) => `gift ${turn} `.repeat(100))
        await store.putTraces([trace])
        expect(await store.getTrace('t_1')).toEqual(trace)
      })

      it('gives back any trace deep-equal', async () => {
        let written = 0
        await fc.assert(
          fc.asyncProperty(anyTrace, async (any) => {
            const trace = { ...any, id: `t_${written++}` }
            await store.putTraces([trace])
            expect(await store.getTrace(trace.id)).toStrictEqual(trace)
          }),
          { seed: 42, numRuns: 150 },
        )
      })

      it('keeps keys that reach a prototype elsewhere', async () => {
        const hostile = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": "x"}') as Trace['input']
        await store.putTraces([sampleTrace({ input: hostile })])
        const { input } = await store.getTrace('t_0001')
        expect(JSON.stringify(input)).toBe(JSON.stringify(hostile))
        expect(({} as { polluted?: number }).polluted).toBeUndefined()
      })

      it('adds a trace once, and never changes it', async () => {
        const trace = sampleTrace()
        expect(await store.putTraces([trace, trace])).toEqual({ added: 1, known: 1 })
        expect(await store.putTraces([{ ...trace, name: 'other' }])).toEqual({ added: 0, known: 1 })
        expect((await store.getTrace(trace.id)).name).toBe('gift shop')
        expect(await ids()).toEqual([trace.id])
      })

      it('finds by a prefix that one id has', async () => {
        await store.putTraces(['t_aa1', 't_aa2', 't_aa', 't_b'].map((id) => sampleTrace({ id })))
        expect((await store.getTrace('t_b')).id).toBe('t_b')
        expect((await store.getTrace('t_aa1')).id).toBe('t_aa1')
        // An id that begins others is still itself.
        expect((await store.getTrace('t_aa')).id).toBe('t_aa')
        await expect(store.getTrace('t_a')).rejects.toMatchObject({ code: 'EVK_TRACE_AMBIGUOUS' })
        for (const nothing of ['t_c', '', '%', 't_aa1x', "'; DROP TABLE traces; --"]) {
          await expect(store.getTrace(nothing)).rejects.toMatchObject({ code: 'EVK_TRACE_NOT_FOUND' })
        }
      })

      it('lists newest first, then by id, unknown times last', async () => {
        await store.putTraces([
          sampleTrace({ id: 'c' }),
          sampleTrace({ id: 'a', startedAt: 'one fine day' }),
          sampleTrace({ id: 'e', startedAt: '2025-06-01T10:00:00Z' }),
          sampleTrace({ id: 'd', startedAt: '2025-06-01T12:00:00+02:00' }),
          sampleTrace({ id: 'b', startedAt: '2025-06-02T00:00:00.123456' }),
        ])
        expect(await ids()).toEqual(['b', 'd', 'e', 'a', 'c'])
        expect(await ids(2)).toEqual(['b', 'd'])
      })

      it('lists more than a page, once each, while others write', async () => {
        const many = Array.from({ length: 450 }, (_, i) =>
          sampleTrace({ id: `t_${String(i).padStart(3, '0')}` }),
        )
        await store.putTraces(many)
        const seen: string[] = []
        for await (const summary of store.listTraces({ where: [] })) {
          if (seen.length === 10) await store.putRun(sampleRun())
          seen.push(summary.id)
        }
        expect(seen).toEqual(many.map((trace) => trace.id))
      })

      it('says what is known, and nothing else', async () => {
        await store.putTraces([sampleTrace()])
        expect(await list()).toEqual([
          {
            id: 't_0001',
            name: 'gift shop',
            format: 'sample',
            status: 'ok',
            models: [],
            spans: 0,
            toolCalls: 0,
            toolErrors: 0,
            tags: [],
            scores: [],
          },
        ])
      })
    })

    describe('replacing', () => {
      it('puts a trace in the place of its earlier versions, and finds its words', async () => {
        const version = (id: string, said: string) =>
          conversation(id, 2, () => said, { input: said, output: said })
        await store.putTraces([version('v1', 'lost luggage'), sampleTrace({ id: 'other' })])
        const change = { trace: version('v2', 'found luggage'), replaces: ['v1', 'nobody', 'v2'] }
        expect(await store.replaceTraces([change])).toEqual({ added: 1, known: 0 })
        expect(await store.replaceTraces([change])).toEqual({ added: 0, known: 1 })
        expect(await ids()).toEqual(['v2', 'other'])
        expect(await store.getTrace('v2')).toStrictEqual(change.trace)
        const found = async (value: string) =>
          (await gather(store.listTraces({ where: [{ field: 'text', op: '~', value }] }))).map(({ id }) => id)
        expect([await found('found luggage'), await found('lost luggage')]).toEqual([['v2'], []])
        await store.replaceTraces([{ trace: version('v3', 'given back'), replaces: ['v2'] }])
        // Its words were never looked for, nor made searchable.
        await store.replaceTraces([{ trace: version('v4', 'given back'), replaces: ['v3'] }])
        while ((await store.indexWords(1)) > 0);
        expect([await found('given back'), await found('luggage')]).toEqual([['v4'], []])
      })
    })

    describe('removing', () => {
      it('removes traces whole, and leaves what others need', async () => {
        const shared = 'the same long words in both '.repeat(100)
        const traces = ['a', 'b', 'c'].map((id) =>
          conversation(id, 3, (turn) => `${shared}${turn}`, { tags: ['vip'], session: 's' }),
        )
        await store.putTraces(traces)
        expect(await store.removeTraces(['a', 'nobody', 'c', 'a'])).toBe(2)
        expect(await ids()).toEqual(['b'])
        expect(await store.getTrace('b')).toStrictEqual(traces[1])
        await expect(store.getTrace('a')).rejects.toMatchObject({ code: 'EVK_TRACE_NOT_FOUND' })
        const found = await gather(
          store.listTraces({ where: [{ field: 'text', op: '~', value: 'the same long' }] }),
        )
        expect(found.map(({ id }) => id)).toEqual(['b'])
        expect((await store.groupTraces({ where: [] }, 'tool')).map(({ count }) => count)).toEqual([3])
        expect(await store.putTraces(traces)).toEqual({ added: 2, known: 1 })
        for (const trace of traces) expect(await store.getTrace(trace.id)).toStrictEqual(trace)
      })

      it('weighs every trace, newest first', async () => {
        await store.putTraces([
          sampleTrace({ id: 'old', startedAt: '2025-01-01T00:00:00Z', tags: ['x'] }),
          sampleTrace({ id: 'undated' }),
          conversation('new', 9, (turn) => `${turn}`),
        ])
        const weights = await gather(store.weighTraces())
        expect(weights.map(({ id, started, tags }) => [id, started, tags])).toEqual([
          ['new', Date.UTC(2025, 5, 1, 10), []],
          ['old', Date.UTC(2025, 0, 1), ['x']],
          ['undated', undefined, []],
        ])
        const [first, second] = weights
        expect(first?.bytes).toBeGreaterThan(second?.bytes ?? Number.NaN)
      })
    })

    describeQuestions(() => store)

    describe('scores', () => {
      const scored = (reason: string): Score => ({
        name: 'polite',
        source: 'judge',
        gating: true,
        status: 'scored',
        value: 0.5,
        passed: false,
        reason,
      })

      it('gives back what was kept first, and nothing where nothing was', async () => {
        const long = scored(`\u0000 \u{1f381} ${'gift '.repeat(5000)}`)
        await store.putScores([
          ['k1', long],
          ['k2', scored('short')],
        ])
        await store.putScores([['k1', scored('later')]])
        expect(await store.getScore('k1')).toStrictEqual(long)
        expect(await store.getScore('k2')).toStrictEqual(scored('short'))
        for (const key of ['k', 'k11', '', '%', '__proto__'])
          expect(await store.getScore(key)).toBeUndefined()
      })
    })

    describe('replies', () => {
      const reply = (said: string): CachedReply => ({
        v: 1,
        reply: { message: { role: 'assistant', parts: [{ type: 'text', content: said }] }, costUsd: 0.001 },
        attempts: [{ status: 200, headers: { 'content-type': 'application/json' }, body: said, cuts: [1] }],
        startedAt: '2025-06-01T10:00:00.000Z',
        durationMs: 12,
      })

      it('gives back what was kept, and nothing where nothing was', async () => {
        const long = reply(`\u0000 \u{1f381} ${'gift '.repeat(5000)}`)
        await store.putReply('k1', long)
        await store.putReply('k2', reply('short'))
        expect(await store.getReply('k1')).toStrictEqual(long)
        expect(await store.getReply('k2')).toStrictEqual(reply('short'))
        for (const key of ['k', 'k11', '', '%', '__proto__'])
          expect(await store.getReply(key)).toBeUndefined()
      })

      it('gives back the newest of a key', async () => {
        for (const said of ['one', 'two', 'two', 'one', 'three']) await store.putReply('k', reply(said))
        expect(await store.getReply('k')).toStrictEqual(reply('three'))
      })
    })

    describe('runs and trials', () => {
      it('finds a run by id, and the newest of a name', async () => {
        await store.putRun(sampleRun({ id: 'r1', startedAt: '2025-06-02T00:00:00Z' }))
        await store.putRun(sampleRun({ id: 'r2', startedAt: '2025-06-01T00:00:00Z' }))
        await store.putRun(sampleRun({ id: 'r3', name: 'other', startedAt: '2025-06-03T00:00:00Z' }))
        expect((await store.getRun('r2')).id).toBe('r2')
        expect((await store.getRun('nightly')).id).toBe('r1')
        expect((await store.listRuns()).map((run) => run.id)).toEqual(['r3', 'r1', 'r2'])
        await expect(store.getRun('nigthly')).rejects.toMatchObject({
          code: 'EVK_RUN_NOT_FOUND',
          details: ['nearest: nightly'],
        })
      })

      it('moves a run on, until it is finished', async () => {
        const finished = sampleRun({ status: 'finished', finishedAt: '2025-06-01T11:00:00Z' })
        await store.putRun(sampleRun({ status: 'interrupted' }))
        await store.putRun(sampleRun())
        expect((await store.getRun('run-1')).status).toBe('running')
        await store.putRun(finished)
        await store.putRun(sampleRun())
        expect(await store.getRun('run-1')).toEqual(finished)
        expect(await store.listRuns()).toHaveLength(1)
      })

      it('keeps the first trial of a kind, with its trace', async () => {
        await store.putRun(sampleRun())
        const first = sampleTrial({ trace: 't_first' })
        await store.putTrials([first], [sampleTrace({ id: 't_first' })])
        const second = sampleTrial({ trace: 't_second', status: 'failed' })
        const other = sampleTrial({ trial: 1, trace: 't_other' })
        await store.putTrials(
          [second, other],
          [sampleTrace({ id: 't_second' }), sampleTrace({ id: 't_other' })],
        )
        expect(await gather(store.listTrials('run-1'))).toEqual([first, other])
        expect((await ids()).sort()).toEqual(['t_first', 't_other'])
      })

      it('lists trials by case, then trial, however they came', async () => {
        await store.putRun(sampleRun())
        await store.putRun(sampleRun({ id: 'run-2' }))
        const trials = Array.from({ length: 600 }, (_, i) =>
          sampleTrial({ case: `c${(i * 7) % 60}`, trial: (i / 60) | 0 }),
        )
        await store.putTrials([...trials].reverse(), [])
        await store.putTrials([sampleTrial({ run: 'run-2' })], [])
        const found = await gather(store.listTrials('run-1'))
        const inOrder = [...trials].sort((a, b) =>
          a.case < b.case ? -1 : a.case > b.case ? 1 : a.trial - b.trial,
        )
        expect(found).toEqual(inOrder)
        expect(await gather(store.listTrials('nobody'))).toEqual([])
      })

      it('takes no trial of a run it does not know, and nothing that came with it', async () => {
        const put = store.putTrials([sampleTrial({ run: 'ghost' })], [sampleTrace()])
        await expect(put).rejects.toMatchObject({ code: 'EVK_RUN_NOT_FOUND' })
        expect(await ids()).toEqual([])
      })
    })
  })
}
