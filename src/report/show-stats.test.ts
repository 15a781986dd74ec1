import { describe, expect, it } from 'vitest'
import type { Run, Trial } from '../schema/run.ts'
import { buildReport } from './build.ts'
import { sampleRun, sampleTrial } from './report.sample.ts'
import { showStats } from './show-stats.ts'

function shown(trials: readonly Trial[], change: Partial<Run> = {}): string {
  const run = sampleRun(change)
  return showStats(run, 'success', buildReport({ run, trials, metric: 'success' }))
}

describe('showStats', () => {
  it('says how far a replay rests on its recordings, and where it left them', () => {
    const far = { share: 0.5, steps: 4, firstOffTape: 2, counts: { exact: 1, simulated: 1 } }
    expect(shown([sampleTrial('a', 0, true), sampleTrial('b', 0, true, { fidelity: far })])).toBe(
      [
        'run "refund-desk": 2 cases, 2 trials, 2 scored, 0 unscored',
        'success: 100 % (2 of 2; 95 % interval 34.2 % to 100 %)',
        'model recorded, tools recorded · fidelity 75.0 %: 5 exact, 1 normalized, 1 simulated',
        '1 of 2 trials off tape: from step 2 of 4 (b, trial 0)',
        '',
        'category edge                100 % (2 of 2; 95 % interval 34.2 % to 100 %)',
        '',
      ].join('\n'),
    )
  })

  it('has no fidelity of a run that was only read', () => {
    const imported = { llm: 'imported', tools: 'imported' } as const
    const read = { share: 1, steps: 0, counts: {} }
    expect(shown([sampleTrial('a', 0, true, { fidelity: read })], { mode: imported })).not.toContain(
      'fidelity',
    )
  })
})
