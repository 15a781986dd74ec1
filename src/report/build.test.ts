import { describe, expect, it } from 'vitest'
import { tally } from '../schema/metric.ts'
import { type Report, report as reportSchema } from '../schema/report.ts'
import type { Trial } from '../schema/run.ts'
import { buildReport } from './build.ts'
import { sampleRun, sampleTrial, sampleTrials } from './report.sample.ts'
import { consumption, fidelityOf, metricStats, outcomeCounts, runStats, statsBy } from './summarize.ts'

const aborted = { status: 'aborted', reason: 'fixture miss', scores: [] } as const

describe('runStats', () => {
  it('rates scored trials only, with the Wilson interval', () => {
    const trials = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((at) => sampleTrial(`c${at}`, 0, at < 8))
    const stats = runStats([...trials, sampleTrial('c10', 0, true, aborted)], 'success')
    expect(stats).toMatchObject({ cases: 11, trials: 11, scored: 10, unscored: 1 })
    expect(stats.passRate).toMatchObject({ passed: 8, of: 10, rate: 0.8 })
    // gate-oracle: Wilson 95 % of 8/10.
    expect(stats.passRate?.low).toBeCloseTo(0.490162, 6)
    expect(stats.passRate?.high).toBeCloseTo(0.943318, 6)
  })

  it('averages pass^k and pass@k over cases, up to the k all of them reach', () => {
    // 4, 3, 1 and 0 of 4: the oracle's mean pass^2 is .375, pass@2 .625.
    const trials = [4, 3, 1, 0].flatMap((passes, id) =>
      [0, 1, 2, 3].map((at) => sampleTrial(`c${id}`, at, at < passes)),
    )
    const { passHatK, passAtK } = runStats(trials, 'success')
    expect(Object.keys(passHatK)).toEqual(['1', '2', '3', '4'])
    expect(passHatK['2']).toBeCloseTo(0.375, 12)
    expect(passAtK['2']).toBeCloseTo(0.625, 12)
    const short = runStats([...trials, sampleTrial('c9', 0, true)], 'success')
    expect(Object.keys(short.passHatK)).toEqual(['1'])
  })

  it('does not let a case that was never scored take the other cases with it', () => {
    const trials = [sampleTrial('a', 0, true), sampleTrial('a', 1, true), sampleTrial('b', 0, true, aborted)]
    expect(runStats(trials, 'success')).toMatchObject({ unscored: 1, passHatK: { '1': 1, '2': 1 } })
  })

  it('has no rate where nothing was scored', () => {
    expect(runStats([], 'success')).toEqual({
      cases: 0,
      trials: 0,
      scored: 0,
      unscored: 0,
      passAtK: {},
      passHatK: {},
    })
    expect(runStats([sampleTrial('a', 0, true, aborted)], 'success').passRate).toBeUndefined()
  })

  it('counts a failed agent as not passing', () => {
    const trials = [sampleTrial('a', 0, true, { status: 'failed', scores: [] })]
    expect(runStats(trials, 'success').passRate).toMatchObject({ passed: 0, of: 1 })
  })
})

describe('summaries', () => {
  it('group by category and tag, sorted', () => {
    const trials = sampleTrials()
    expect(Object.keys(statsBy(trials, 'success', ({ tags }) => tags))).toEqual(['money'])
    const byCategory = statsBy(trials, 'success', ({ category }) =>
      category === undefined ? [] : [category],
    )
    expect(Object.keys(byCategory)).toEqual(['edge', 'happy'])
    expect(byCategory.happy?.cases).toBe(3)
  })

  it('say of each metric whether it gates, and never drop an unscored trial', () => {
    const trials = [sampleTrial('a', 0, true), sampleTrial('a', 1, false), sampleTrial('a', 2, true, aborted)]
    expect(metricStats(trials)).toEqual([
      { name: 'success', gating: true, scored: 2, unscored: 1, mean: 0.5, passed: 1 },
      { name: 'tone', gating: false, scored: 2, unscored: 1, mean: 0.8, passed: 1 },
      { name: 'toolCalls', gating: true, scored: 2, unscored: 1, mean: 0.5, passed: 1 },
    ])
    expect(outcomeCounts(trials)).toEqual({ completed: 2, failed: 0, aborted: 1 })
  })

  it('sum what is known and are silent where nothing is', () => {
    const trials = [sampleTrial('a', 0, true), { ...sampleTrial('a', 1, true), ...nothingKnown }]
    expect(consumption(trials)).toEqual({
      usage: { input: 1204, cacheRead: 300, cacheWrite: 0, output: 85 },
      costUsd: 0.0041,
    })
    expect(consumption([])).toEqual({})
  })

  it('average fidelity over trials and count how replies were found', () => {
    const half = { share: 0.5, steps: 2, firstOffTape: 2, counts: { exact: 1, miss: 1 } }
    const trials = [sampleTrial('a', 0, true), sampleTrial('a', 1, true, { fidelity: half })]
    expect(fidelityOf(trials)).toEqual({
      mean: 0.75,
      counts: { exact: 5, normalized: 1, miss: 1 },
      offTape: { trials: 1, earliest: { case: 'a', trial: 1, step: 2, steps: 2 }, medianStep: 2 },
    })
    expect(fidelityOf([])).toEqual({ mean: 0, counts: {} })
  })
})

describe('fidelityOf', () => {
  const left = (at: number, step: number): Trial =>
    sampleTrial('a', at, true, {
      fidelity: { share: 0.5, steps: 9, firstOffTape: step, counts: { exact: 1 } },
    })

  it('says where trials left their recordings: the earliest, and the lower median', () => {
    const trials = [left(0, 7), left(1, 3), left(2, 5), left(3, 3), sampleTrial('b', 0, true)]
    expect(fidelityOf(trials).offTape).toEqual({
      trials: 4,
      earliest: { case: 'a', trial: 1, step: 3, steps: 9 },
      medianStep: 3,
    })
    expect(fidelityOf([sampleTrial('b', 0, true)])).not.toHaveProperty('offTape')
  })

  it('says how many replies of live models came from the cache, where one was used', () => {
    const served = (counts: Trial['fidelity']['counts']): Trial =>
      sampleTrial('a', 0, true, { fidelity: { share: 1, steps: 4, counts } })
    expect(fidelityOf([served({ live: 3 }), served({ cached: 1, exact: 4 })])).toMatchObject({
      cacheHits: 0.25,
    })
    expect(fidelityOf([served({ live: 3 })])).not.toHaveProperty('cacheHits')
  })
})

describe('buildReport', () => {
  it('offers to record only where calls were missed and no model was live', () => {
    const missed = sampleTrial('a', 0, true, { ...aborted, code: 'EVK_FIXTURE_MISS' })
    const offered = (of: Trial, mode = sampleRun().mode): Report =>
      buildReport({
        run: sampleRun({ mode }),
        trials: [of],
        metric: 'success',
        commands: { record: 'evalkit run a --llm live --record', reproduce: 'x' },
      })
    expect(offered(missed)).toMatchObject({
      misses: 1,
      commands: { record: expect.stringMatching(/--record$/) as unknown },
    })
    for (const report of [
      offered(sampleTrial('a', 0, true, aborted)),
      offered(missed, { llm: 'live', tools: 'recorded' }),
    ])
      expect(report.commands).toEqual({ reproduce: 'x' })
  })

  it('offers to ask judges only where one was not asked', () => {
    const offered = (reason: string) => {
      const silent = { name: 'polite', source: 'judge', gating: false, status: 'unscored', reason } as const
      const trials = [sampleTrial('a', 0, true, { scores: [silent] })]
      return buildReport({
        run: sampleRun(),
        trials,
        metric: 'success',
        commands: { judge: 'evalkit score a' },
      }).commands
    }
    expect(offered('not recorded: no verdict on case a is recorded')).toEqual({ judge: 'evalkit score a' })
    expect(offered('refusal: I cannot')).toEqual({})
  })

  it('is the same report in whatever order trials come, and fits its schema', () => {
    const trials = sampleTrials(['rebook'])
    const build = (of: readonly Trial[]) => buildReport({ run: sampleRun(), trials: of, metric: 'success' })
    expect(build([...trials].reverse())).toEqual(build(trials))
    expect(reportSchema.safeParse(build(trials)).error).toBeUndefined()
    expect(build(trials).run.durationMs).toBe(1240)
  })

  it('puts the baseline beside a case, but not beside one that was edited', () => {
    const trials = [sampleTrial('a', 0, false), sampleTrial('b', 0, true, { caseHash: 'eeeeeeeeeeeeeeee' })]
    const { id, mode, hashes, versions, eval: name } = sampleRun()
    const before = [sampleTrial('a', 0, true), sampleTrial('b', 0, true)]
    const baseline = {
      eval: name,
      run: id,
      mode,
      hashes,
      versions,
      planned: 2,
      trials: 1,
      cases: tally(before),
    }
    const report = buildReport({
      run: sampleRun(),
      trials,
      baseline,
      baselineName: 'main',
      metric: 'success',
    })
    expect(report.cases.map(({ mean, baseline }) => ({ mean, baseline }))).toEqual([
      { mean: 0, baseline: 1 },
      { mean: 1, baseline: undefined },
    ])
  })

  it('has no mean for a case that was not scored', () => {
    const report = buildReport({
      run: sampleRun(),
      trials: [sampleTrial('a', 0, true, aborted)],
      metric: 'success',
    })
    expect(report.cases[0]).not.toHaveProperty('mean')
  })
})

const nothingKnown = { usage: undefined, costUsd: undefined }
