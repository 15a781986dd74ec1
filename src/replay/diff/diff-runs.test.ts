import { describe, expect, it } from 'vitest'
import { knownTools } from '../../schema/known-tools.ts'
import { runDiff } from '../../schema/run-diff.ts'
import type { Run, Trial } from '../../schema/run.ts'
import { pairTrials, runDiffing } from './diff-runs.ts'
import { diffTraces } from './diff-traces.ts'
import { agent, call, type TinyStep, tinyTrace } from './testing/tiny-traces.ts'

const known = knownTools()

function run(name: string): Run {
  return {
    v: 1,
    id: `run-${name}`,
    name,
    eval: 'shop',
    dataset: 'shop',
    mode: { llm: 'recorded', tools: 'recorded' },
    hashes: { dataset: 'd', checks: 'c', fixtures: 'f' },
    versions: {},
    cases: 1,
    trials: 1,
    startedAt: '2026-01-01T00:00:00Z',
    status: 'finished',
  }
}

function trial(of: string, number: number, over: Partial<Trial> = {}): Trial {
  return {
    run: 'r',
    case: of,
    caseHash: 'h',
    trial: number,
    tags: [],
    status: 'completed',
    scores: [],
    fidelity: { share: 1, steps: 1, counts: {} },
    divergences: [],
    durationMs: 1,
    trace: `t_${of}_${number}`,
    ...over,
  }
}

describe('pairTrials', () => {
  it('pairs by case and number, and says why it cannot', () => {
    const { both, uncompared } = pairTrials(
      [trial('a', 0), trial('a', 1), trial('b', 0, { trace: undefined }), trial('c', 0)],
      [trial('a', 1), trial('b', 0), trial('c', 0, { trace: undefined }), trial('d', 0), trial('a', 0)],
    )
    expect(both.map(({ left, right }) => [left.case, left.trial, right.trial])).toEqual([
      ['a', 0, 0],
      ['a', 1, 1],
    ])
    expect(uncompared).toEqual([
      { case: 'b', trial: 0, reason: 'it left no trace on the left' },
      { case: 'c', trial: 0, reason: 'it left no trace on the right' },
      { case: 'd', trial: 0, reason: 'only the right run has it' },
    ])
  })
})

describe('runDiffing', () => {
  const compared = (
    pairs: Readonly<Record<string, readonly [readonly TinyStep[], readonly TinyStep[], Partial<Trial>?]>>,
  ) => {
    const diffing = runDiffing(run('main'), run('branch'))
    for (const [of, [left, right, over]] of Object.entries(pairs)) {
      const diff = diffTraces(tinyTrace(`t_${of}_l`, left), tinyTrace(`t_${of}_r`, right), known)
      diffing.add(trial(of, 0), trial(of, 0, over), diff)
    }
    return diffing.finish([])
  }

  it('lists what is not the same, worst first, and sums up the rest', () => {
    const found = compared({
      same: [[agent('ok')], [agent('ok')]],
      talk: [[agent('ok')], [agent('fine')]],
      changed: [[call('refund', { a: 1 })], [call('refund', { a: 2 })]],
      twice: [[call('refund')], [call('refund'), call('refund'), call('refund')]],
      more: [[call('refund')], [call('refund'), call('ship')]],
      moved: [
        [call('get_a'), call('get_b')],
        [call('get_b'), call('get_a')],
      ],
    })
    expect(found.trials.map(({ case: of }) => of)).toEqual(['twice', 'more', 'changed', 'talk'])
    expect(found).toMatchObject({
      left: { run: 'run-main', name: 'main' },
      severity: 'regression',
      identical: 2,
      writes: { same: 2, changed: 1, removed: 0, added: 3, reordered: 0 },
      counts: { identical: 4, commuted: 1, 'model drift': 1, 'argument drift': 1, 'write drift': 3 },
    })
    expect(found.trials[2]?.first?.differences).toEqual([{ path: 'arguments.a', left: 1, right: 2 }])
    expect(runDiff.parse(found)).toEqual(found)
  })

  it('says where a case is not the one it was', () => {
    const found = compared({ a: [[agent('ok')], [agent('fine')], { caseHash: 'other' }] })
    expect(found.trials[0]).toMatchObject({ caseChanged: true, severity: 'note' })
  })

  it('compares nothing without a word on severity', () => {
    expect(compared({})).toMatchObject({ severity: 'same', identical: 0, trials: [] })
  })
})
