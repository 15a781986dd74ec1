import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sourceFrom } from '../../src/capture/importers/source.ts'
import { tauBench } from '../../src/capture/importers/tau-bench.ts'
import { tau2 } from '../../src/capture/importers/tau2.ts'
import type { Span, Trace } from '../../src/schema/trace.ts'
import { toolsFile } from '../../src/schema/tool.ts'
import { brokenBy, figuresOfPairs, type PairFigures } from './rung-pairs.ts'
import {
  acrossVariants,
  coverageOf,
  hitsOf,
  orderedPairs,
  repeatFigures,
  rungFigures,
  wrongOf,
} from './rungs.ts'
import { arithmetic, outsideTheWorld, runPure, tauTools } from './tau-tools.ts'

const file = toolsFile.parse({
  tools: {
    get: { effect: 'read' },
    put: { effect: 'write' },
    add: { effect: 'pure' },
    note: { effect: 'pure' },
  },
})
const settings = { file, pure: () => undefined, outside: new Set(['note']) }

/** A run of calls written as `get 1 late`: tool, argument, result. */
function run(task: string, trial: number, ...calls: readonly string[]): Trace {
  const spans = calls.map((text, index): Span => {
    const [name = '', argument = '', response = ''] = text.split(' ')
    const reply = { response, isError: response === 'Error' }
    return {
      id: `s${index}`,
      parent: null,
      name,
      status: 'ok',
      kind: 'tool',
      request: { name, arguments: { argument } },
      reply,
    }
  })
  return { ...empty, id: `t-${task}-${trial}`, task: { id: task }, trial, spans }
}

const imported = (importer: typeof tauBench, path: string): readonly Trace[] => {
  const data = new URL(`../../test/data/${path}`, import.meta.url)
  const source = sourceFrom(path, readFileSync(data))
  return [...importer.read(source)].flatMap((item) => ('trace' in item ? [item.trace] : []))
}
const airline = imported(tauBench, 'tau-bench/airline-one-task.json')
const [empty = expect.fail('no run was imported')] = airline

describe('rungFigures', () => {
  const first = run('1', 0, 'get 1 packed', 'put 1 ok', 'get 1 gone', 'note 1 hm')
  const second = run(
    '1',
    1,
    'get 1 packed',
    'get 1 packed',
    'put 2 ok',
    'get 1 packed',
    'put 1 ok',
    'note 2 hm',
  )

  it('say per rung what was served, and what was right', () => {
    const found = rungFigures(acrossVariants([second], [{ ...first, trial: 1 }]), settings)
    expect(found.world).toEqual({
      calls: 5,
      rungs: {
        exact: { served: 1, right: 1 },
        'repeat-read': { served: 1, right: 1 },
        miss: { served: 2, right: 0 },
        // The other write came first: what was recorded before it is what is shown, labelled.
        'stale-state': { served: 1, right: 0 },
      },
    })
    expect(found.all).toMatchObject({ calls: 6, rungs: { miss: { served: 3 } } })
    expect(found.refusedWrites).toEqual({ served: 1, right: 1 })
    expect(coverageOf(found.world)).toBe(0.6)
    expect(wrongOf(hitsOf(found.world))).toBeCloseTo(1 / 3)
    expect(wrongOf(hitsOf(found.world, ['exact']))).toBe(0)
  })

  it('ask the other runs of a task where they are pooled', () => {
    const runs = [
      run('1', 0, 'get 1 a'),
      run('1', 1, 'get 2 b'),
      run('1', 2, 'get 2 b'),
      run('2', 0, 'get 2 x'),
    ]
    expect(rungFigures(orderedPairs(runs, false), settings)).toMatchObject({
      pairs: 6,
      world: { rungs: { exact: { served: 2, right: 2 }, miss: { served: 4 } } },
    })
    expect(rungFigures(orderedPairs(runs, true), settings)).toMatchObject({
      pairs: 6,
      world: { rungs: { exact: { served: 2 }, pooled: { served: 2, right: 2 }, miss: { served: 2 } } },
    })
  })

  it('measure what asking the pool before a stale read would bring', () => {
    const live = run('1', 0, 'put 1 ok', 'get 1 new')
    const own = run('1', 1, 'get 1 old', 'put 1 ok')
    const asking = [{ live, recorded: [own, run('1', 2, 'put 1 ok', 'get 1 new')] }]
    expect(rungFigures([{ live, recorded: [own] }], settings).world.rungs).not.toHaveProperty('pooled')
    expect(rungFigures(asking, settings).world.rungs).toHaveProperty('stale-state', { served: 1, right: 0 })
    expect(rungFigures(asking, { ...settings, poolBeforeStale: true }).world.rungs).toHaveProperty('pooled', {
      served: 1,
      right: 1,
    })
  })

  it('run what is pure', () => {
    const asking = [{ live: run('1', 0, 'add 1 2.0'), recorded: [run('1', 1)] }]
    const pure = () => ({ response: '2.0', isError: false })
    expect(rungFigures(asking, { ...settings, pure }).world.rungs).toEqual({
      'pure-live': { served: 1, right: 1 },
    })
  })

  it('see that a rung served the wrong reply', () => {
    // Nobody wrote, and the world is another all the same.
    const found = rungFigures(acrossVariants([run('1', 0, 'get 1 b')], [run('1', 0, 'get 1 a')]), settings)
    expect(found.world.rungs).toEqual({ exact: { served: 1, right: 0 } })
  })
})

describe('figuresOfPairs', () => {
  const wrong = [
    { name: 'a.json', traces: [run('1', 0, 'get 1 a')] },
    { name: 'b.json', traces: [run('1', 0, 'get 1 b')] },
    { name: 'c.json', traces: [run('9', 0, 'get 1 b')] },
  ]

  it('are of files that hold the same tasks, in both directions', () => {
    const pairs = [...figuresOfPairs(wrong, settings)].map(({ live, recorded }) => `${live} from ${recorded}`)
    expect(pairs).toEqual(['b.json from a.json', 'a.json from b.json'])
  })

  it('are told apart where they break what is promised', () => {
    const broken = [...figuresOfPairs(wrong, settings)].flatMap(brokenBy)
    expect(broken).toHaveLength(4)
    expect(broken[0]).toBe(
      'b.json from a.json: 100.0 % of what exact, normalized, repeat-read, pure-live served was wrong',
    )
    const tally = { calls: 10, rungs: { exact: { served: 7, right: 7 }, miss: { served: 3, right: 0 } } }
    const pooled: PairFigures = {
      live: 'gpt-4o-airline.json',
      recorded: 'gpt-4o-airline.json',
      pooled: true,
      pairs: 1,
      all: tally,
      world: tally,
      refusedWrites: { served: 0, right: 0 },
    }
    expect(brokenBy(pooled)).toEqual(['gpt-4o-airline.json, pooled: 70.0 % of calls were served, not 80.0 %'])
    expect(brokenBy({ ...pooled, pooled: false })).toEqual([])
  })

  it('serve nothing wrong of a task of the airline', () => {
    const given = { file: tauTools, pure: runPure, outside: outsideTheWorld }
    const found = [...figuresOfPairs([{ name: 'airline', traces: airline }], given)]
    expect(found.length).toBeGreaterThan(0)
    expect(found.flatMap(brokenBy)).toEqual([])
    for (const { all } of found) expect(hitsOf(all).served).toBeGreaterThan(0)
  })
})

describe('repeatFigures', () => {
  it('are of calls that were made before', () => {
    expect(repeatFigures([run('1', 0, 'get 1 a', 'get 1 b', 'get 2 c', 'get 1 b')], file)).toEqual({
      served: 2,
      right: 2,
    })
  })

  it('are right on every repeated call of telecom', () => {
    const solo = imported(tau2, 'tau2/telecom-solo.json')
    const repeating = imported(tau2, 'tau2/telecom-repeats.json')
    expect(repeatFigures([...solo, ...repeating], tauTools)).toEqual({ served: 2, right: 2 })
  })
})

describe('runPure', () => {
  it.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['-(2 - 5) / 2', 1.5],
    ['.5 * 4', 2],
    ['', undefined],
    ['1 +', undefined],
    ['1 / 0', undefined],
    ['2 ** 3', undefined],
    ['(1', undefined],
    ['process.exit()', undefined],
  ])('computes %s', (text, value) => {
    expect(arithmetic(text)).toBe(value)
  })

  it('says it as the benchmark does', () => {
    const calculated = (expression: string) =>
      runPure({ name: 'calculate', arguments: { expression } })?.response
    expect([calculated('1+1'), calculated('10 / 4'), calculated('2 / 3')]).toEqual(['2.0', '2.5', '0.67'])
    expect(runPure({ name: 'think', arguments: {} })).toEqual({ response: '', isError: false })
    expect(runPure({ name: 'get', arguments: {} })).toBeUndefined()
  })
})
