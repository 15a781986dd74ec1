import { describe, expect, it } from 'vitest'
import type { Judged } from '../schema/judgement.ts'
import type { Trial } from '../schema/run.ts'
import type { Score } from '../schema/score.ts'
import { judgeLines, judgesOf } from './judges.ts'

const hash = '0123456789abcdef'
const judged = (over: Partial<Judged> = {}): Judged => ({
  fingerprint: hash,
  criterion: hash,
  subject: hash,
  model: 'claude-x-20250101',
  samples: 1,
  agreeing: 1,
  recorded: 1,
  ...over,
})
const polite = (over: Partial<Judged> | undefined, passed = true): Score => ({
  name: 'polite',
  source: 'judge',
  gating: true,
  status: 'scored',
  value: passed ? 1 : 0,
  passed,
  ...(over === undefined ? {} : { judged: judged(over) }),
})
const silent: Score = {
  name: 'polite',
  source: 'judge',
  gating: true,
  status: 'unscored',
  reason: 'refusal: no',
}
const trialWith = (trial: number, ...scores: readonly Score[]): Trial => ({
  run: 'r',
  case: 'a',
  caseHash: 'h',
  trial,
  tags: [],
  status: 'completed',
  scores,
  fidelity: { share: 1, steps: 0, counts: {} },
  divergences: [],
  durationMs: 1,
})

describe('what judges said in a run', () => {
  it('is nothing where none was asked', () => {
    expect(judgesOf([trialWith(0, { ...silent, source: 'check' })])).toBeUndefined()
    expect(judgeLines({})).toEqual([])
  })

  it('is summed up by judge: verdicts, hit rate, agreement, cost', () => {
    const trials = [
      trialWith(0, polite({ samples: 3, agreeing: 2, recorded: 0, costUsd: 0.01, usage: usage(100) })),
      trialWith(1, polite({ samples: 1, recorded: 1 }, false)),
      trialWith(2, silent),
    ]
    expect(judgesOf(trials, new Map([['polite', 'can gate']]))).toEqual([
      {
        name: 'polite',
        gating: true,
        model: 'claude-x-20250101',
        fingerprint: hash,
        scored: 2,
        unscored: 1,
        verdicts: 4,
        recorded: 1,
        agreement: 0.75,
        usage: usage(100),
        costUsd: 0.01,
        standing: 'can gate',
      },
    ])
  })

  it('is told in a line', () => {
    const judges = judgesOf([
      trialWith(0, polite({ samples: 2, agreeing: 1, flipped: true, costUsd: 0.5 })),
      trialWith(1, silent),
    ])
    expect(judgeLines({ judges: [...(judges ?? [])] })).toEqual([
      'judge polite: claude-x-20250101 · gates · not calibrated · 1 trial scored, 1 unscored · ' +
        '50.0 % of 2 verdicts recorded before · agreement 50.0 % · flip rate 100 % · $0.50',
    ])
  })
})

function usage(input: number) {
  return { input, cacheRead: 0, cacheWrite: 0, output: 0 }
}
