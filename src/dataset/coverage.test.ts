import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Feature } from '../schema/dataset-report.ts'
import { knownTools } from '../schema/known-tools.ts'
import type { Span } from '../schema/trace.ts'
import { featureKey, featuresOfCase, featuresOfTrace, ProductionCoverage } from './coverage.ts'
import { errorKind } from './error-kind.ts'
import { promote } from './promote.ts'
import { StatsOfCases } from './stats.ts'
import { suggest } from './suggest.ts'
import { deskTrace } from './testing/desk.ts'

const known = knownTools()

/** A run of these tools; one that ends in `!` failed with the text behind it. */
function run(id: string, ...tools: string[]) {
  const spans = tools.map((tool, index): Span => {
    const [name = '', error] = tool.split('!')
    return {
      id: `s${index + 1}`,
      parent: null,
      name,
      kind: 'tool',
      status: 'ok',
      request: { name, arguments: {}, id: `c${index}` },
      reply: { response: error ?? 'ok', isError: error !== undefined },
    }
  })
  return deskTrace({ id, spans, scores: [] })
}
const featuresOf = (...tools: string[]) =>
  featuresOfTrace(run('t', ...tools), known).features.map(({ kind, name }) => `${kind} ${name}`)

describe('features of a run', () => {
  it('are its tools, pairs of them, errors, and what it wrote in which order', () => {
    expect(featuresOf('get_user', 'refund', 'get_user', 'notify', 'refund')).toEqual([
      'tool get_user',
      'tool refund',
      'pair get_user → refund',
      'pair refund → get_user',
      'tool notify',
      'pair get_user → notify',
      'pair notify → refund',
      'writes refund → notify',
    ])
  })

  it('do not take a write that failed for one', () => {
    expect(featuresOf('refund!Order W12 not found')).toEqual([
      'tool refund',
      'error refund: order <n> not found',
    ])
  })

  it('name the category, and scores that failed', () => {
    const failed = {
      name: 'reward',
      source: 'environment',
      gating: true,
      status: 'scored',
      value: 0,
      passed: false,
    } as const
    const trace = deskTrace({ spans: [], scores: [failed], task: { id: 'x', category: 'edge' } })
    expect(featuresOfTrace(trace, known).features.map(featureKey)).toEqual([
      'category edge',
      'score reward failed',
    ])
  })

  it('law: a promoted trace is covered by the case that was made of it', () => {
    const tool = fc.constantFrom('get', 'refund', 'refund!no', 'cancel', 'find!x 12')
    fc.assert(
      fc.property(fc.array(tool, { minLength: 1, maxLength: 8 }), (tools) => {
        const trace = run('t_1', ...tools)
        const { case: made, fixture } = promote(trace, 'desk', {})
        const held = featuresOfCase(made, fixture, known).map(featureKey)
        expect(held).toEqual(expect.arrayContaining(featuresOfTrace(trace, known).features.map(featureKey)))
      }),
      { seed: 42, numRuns: 100 },
    )
  })

  it('of a case without recordings are those of its reference', () => {
    const reference = {
      toolCalls: [
        { name: 'get_user', arguments: {} },
        { name: 'refund', arguments: {} },
      ],
    }
    const held = featuresOfCase({ v: 1, id: 'x', input: 1, tags: [], reference }, undefined, known)
    expect(held.map(featureKey)).toEqual([
      'tool get_user',
      'tool refund',
      'pair get_user → refund',
      'writes refund',
    ])
  })
})

describe('errorKind', () => {
  it.each([
    ['Error: order #W2378156 not found', 'error: order <n> not found'],
    ['User mia_li_3668 has 3 of 2 bags', 'user <n> has <n> of <n> bags'],
    [{ error: { message: 'No "Momo" at https://x.test/a?b=1' } }, 'no <text> at <url>'],
    [{ detail: 'ada@example.com is unknown' }, '<email> is unknown'],
    ['timed out at 2026-11-28T10:00:00Z', 'timed out at <n>'],
    [{ code: 7 }, '{<text><n>}'],
    ['', ''],
  ])('of %j is %j', (response, kind) => expect(errorKind(response)).toBe(kind))

  it('is short and quick, whatever it is given', () => {
    for (const text of [
      '"'.repeat(1e6),
      'a@'.repeat(1e6),
      '1.'.repeat(1e6),
      '<n>'.repeat(1e6),
      'http://'.repeat(1e5),
    ]) {
      expect(errorKind(text).length).toBeLessThanOrEqual(100)
    }
  })
})

describe('what production shows', () => {
  it('is counted with the smallest ids, in whatever order runs come', () => {
    const runs = ['t_3', 't_1', 't_2', 't_4'].map((id) => featuresOfTrace(run(id, 'get'), known))
    const of = (list: typeof runs) => {
      const production = new ProductionCoverage()
      for (const one of list) production.add(one)
      return production.against(new Set(['tool get']))
    }
    expect(of(runs)).toEqual([
      { kind: 'tool', name: 'get', traces: 4, examples: ['t_1', 't_2', 't_3'], covered: true },
    ])
    expect(of(runs.toReversed())).toEqual(of(runs))
  })
})

describe('suggest', () => {
  const named = (trace: string, names: readonly string[]) => ({
    trace,
    features: names.map((name): Feature => ({ kind: 'tool', name })),
  })

  it('takes the run that adds most, then what adds most to that; of equals the smallest id', () => {
    const runs = [
      named('d', ['a', 'b']),
      named('c', ['c', 'd']),
      named('b', ['a', 'b', 'c']),
      named('a', ['d']),
    ]
    const { picked, missing, left } = suggest(runs, new Set(), 5)
    expect(picked.map(({ trace, adds }) => [trace, adds.map(({ name }) => name)])).toEqual([
      ['b', ['a', 'b', 'c']],
      ['a', ['d']],
    ])
    expect([missing, left]).toEqual([4, 0])
  })

  it('adds nothing that the dataset holds, and says what is left at the limit', () => {
    const runs = [named('a', ['a', 'b']), named('b', ['c'])]
    expect(suggest(runs, new Set(['tool a', 'tool b', 'tool c']), 5)).toEqual({
      picked: [],
      missing: 0,
      left: 0,
    })
    expect(suggest(runs, new Set(['tool a']), 1)).toMatchObject({
      picked: [{ trace: 'a' }],
      missing: 2,
      left: 1,
    })
  })

  it('law: never adds less than 1 − 1/e of what the best choice of as many would', () => {
    const runsOf = fc.array(
      fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), { minLength: 1 }),
      {
        minLength: 1,
        maxLength: 6,
      },
    )
    fc.assert(
      fc.property(runsOf, fc.integer({ min: 1, max: 3 }), (sets, limit) => {
        const runs = sets.map((names, index) => named(`t${index}`, names))
        const { picked } = suggest(runs, new Set(), limit)
        const found = picked.reduce((sum, { adds }) => sum + adds.length, 0)
        let best = 0
        for (let mask = 0; mask < 2 ** sets.length; mask++) {
          const chosen = sets.filter((_, index) => (mask >> index) % 2 === 1)
          if (chosen.length <= limit) best = Math.max(best, new Set(chosen.flat()).size)
        }
        expect(found).toBeGreaterThanOrEqual((1 - 1 / Math.E) * best)
        expect(suggest(runs.toReversed(), new Set(), limit).picked).toEqual(picked)
      }),
      { seed: 42, numRuns: 300 },
    )
  })

  it('takes a moment for thousands of runs', () => {
    const runs = Array.from({ length: 5000 }, (_, index) =>
      named(
        `t${index}`,
        Array.from({ length: 20 }, (_, at) => `f${(index * 7 + at * 13) % 3000}`),
      ),
    )
    expect(suggest(runs, new Set(), 500).left).toBe(0)
  })
})

describe('StatsOfCases', () => {
  it('counts by category, tag, cluster, source, age and tool', () => {
    const stats = new StatsOfCases(Date.parse('2026-11-28T00:00:00Z'))
    const tool: Feature = { kind: 'tool', name: 'get' }
    const one = { v: 1, input: 1, tags: ['a', 'a'], cluster: 'x' } as const
    stats.add(
      { ...one, id: 'a', category: 'edge', source: { traces: ['t'], recordedAt: '2026-11-27' } },
      [tool],
      2,
    )
    stats.add(
      { ...one, id: 'b', tags: [], source: { traces: [], importedFrom: 'p: x', addedAt: '2020-01-01' } },
      [],
      0,
    )
    stats.add({ ...one, id: 'c', cluster: 'y' }, [tool], 0)
    stats.add({ ...one, id: 'd', source: { traces: ['t'] } }, [tool], 1, '2026-10-15T00:00:00Z')
    expect(stats.stats()).toEqual({
      cases: 4,
      categories: [
        { name: 'none', cases: 3 },
        { name: 'edge', cases: 1 },
      ],
      tags: [{ name: 'a', cases: 3 }],
      clusters: [{ name: 'x', cases: 3 }],
      sources: [
        { name: 'traces', cases: 2 },
        { name: 'by hand', cases: 1 },
        { name: 'p: x', cases: 1 },
      ],
      ages: [
        { name: 'under a week', cases: 1 },
        { name: 'under a quarter', cases: 1 },
        { name: 'a year and more', cases: 1 },
        { name: 'unknown', cases: 1 },
      ],
      tools: [{ name: 'get', cases: 3 }],
      recordings: 3,
      unrecorded: 2,
    })
    expect(stats.held).toEqual(new Set(['tool get']))
  })
})
