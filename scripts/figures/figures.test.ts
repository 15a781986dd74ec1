import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { tauBench } from '../../src/capture/importers/tau-bench.ts'
import { sourceFrom } from '../../src/capture/importers/source.ts'
import type { Trace } from '../../src/schema/trace.ts'
import { compareFigures, rounded } from './figures.ts'
import { messageCount, pairFigures } from './imported.ts'
import { crossTrialHits, repeats } from './replay-fixtures.ts'

function imported(file: URL): readonly Trace[] {
  const source = sourceFrom('airline.json', readFileSync(file))
  return [...tauBench.read(source)].flatMap((item) => ('trace' in item ? [item.trace] : []))
}

const airline = new URL('../../test/data/tau-bench/airline-one-task.json', import.meta.url)
const [first] = imported(airline)

/** A run of calls written as `find:1=late`: tool, argument, result. */
function run(task: string, ...calls: readonly string[]): Trace {
  if (first === undefined) throw new Error('no run was imported')
  const spans = calls.map((text, index) => {
    const [name = '', argument = '', response = ''] = text.split(/[:=]/)
    const request = { name, arguments: { argument } }
    const reply = { response, isError: false }
    return { id: `s${index}`, parent: null, name, status: 'ok', kind: 'tool', request, reply } as const
  })
  return { ...first, task: { id: task }, spans }
}

function reward(value: 0 | 1) {
  const scored = { name: 'reward', source: 'environment', gating: true, status: 'scored' } as const
  return { ...scored, value, passed: value === 1 }
}

describe('figures', () => {
  it('are compared value by value, and differ where one side has none', () => {
    const rows = compareFigures(
      { a: { runs: 2, rate: [0.5, 0.7] }, b: 1 },
      { a: { runs: 2, rate: [0.5, 0.71] }, c: 1 },
    )
    expect(rows.map(({ name, same }) => [name, same])).toEqual([
      ['a › runs', true],
      ['a › rate[0]', true],
      ['a › rate[1]', false],
      ['b', false],
      ['c', false],
    ])
    expect(compareFigures({ a: [1] }, { a: [1, 2] })).toMatchObject([{ same: false }])
    expect(compareFigures({}, {})).toEqual([])
    expect(compareFigures(undefined, undefined)).toMatchObject([{ same: false }])
  })

  it('are rounded as they are written', () => {
    expect([rounded(0.27333333), rounded(34.50449, 3), rounded(Number.NaN), rounded(undefined)]).toEqual([
      0.273333,
      34.504,
      null,
      null,
    ])
  })

  it('count repeats against the latest earlier result', () => {
    const runs = [
      run('t', 'find:1=late', 'find:1=late', 'find:1=gone', 'find:1=gone', 'find:2=late', 'book:1=gone'),
      run('t', 'find:1=late', 'find:2=gone'),
    ]
    expect(repeats(runs)).toEqual({
      tool_calls: 8,
      repeated_same_name_and_args_in_run: 3,
      of_those_result_changed: 1,
      runs_with_a_changed_repeat: 1,
    })
  })

  it('use each recorded call once for the calls of another trial', () => {
    const runs = [run('t', 'find:1=a', 'find:2=b'), run('t', 'find:1=a', 'find:1=a'), run('u', 'find:1=a')]
    expect(crossTrialHits(runs)).toEqual({
      pairs: 2,
      calls: 4,
      exact_name_and_args_hits: 2,
      hit_rate: 0.5,
      tool_name_hits: 4,
      pairs_fully_served: 0,
    })
  })

  it('pair the runs of two files by task', () => {
    const outcomes = (...values: readonly (0 | 1)[]) =>
      values.map((value, index) => ({ ...run(`t${index}`), scores: [reward(value)] }))
    expect(pairFigures(outcomes(1, 1, 0, 0), outcomes(1, 0, 1, 1))).toEqual({
      tasks: 4,
      baseline_pass: 2,
      candidate_pass: 3,
      fixed: 2,
      broken: 1,
      mcnemar_exact_two_sided_p: 1,
    })
  })

  it('count the messages of a file as it has them, but for the system prompt', () => {
    const rows = JSON.parse(readFileSync(airline, 'utf8')) as { traj: unknown[] }[]
    const inFile = rows.reduce((sum, { traj }) => sum + traj.length - 1, 0)
    expect(messageCount(imported(airline))).toBe(inFile)
  })
})
