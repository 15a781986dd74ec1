import { describe, expect, it } from 'vitest'
import * as stats from './index.ts'
import { oracle, type Pair } from './testing/oracle.ts'

/** 1e-9 is nine digits: `toBeCloseTo(x, 9)` allows half of that. */
const digits = 9
const bonettPriceDigits = 8

function closeTo([low, high]: Pair, within = digits): { low: unknown; high: unknown } {
  return { low: expect.closeTo(low, within), high: expect.closeTo(high, within) }
}

const mean = (sample: readonly number[]): number => stats.mean(sample)

describe('the reference values', () => {
  it('are all either tested or left to what is not built yet', () => {
    const later = ['sequential', 'flake']
    const notValues = ['meta', 'evidence_simulation_not_a_test_oracle']
    const tested = [
      'primitives',
      'proportion_ci_95',
      'mcnemar',
      'paired_proportion_diff_ci',
      'clustered_se',
      'paired_trials',
      'power',
      'sign_flip_permutation_exact',
      'sign_flip_permutation_exact_paired_trials',
      'bca_bootstrap_enumerated',
      'quantile_type7',
      'pass_k',
      'multiplicity',
      'noninferiority_t',
      'prng_mulberry32_seed_42_first5',
      'gate_interval_generalised_bonett_price',
      'fisher_per_case',
      'agreement',
      'rogan_gladen',
      'ppi_mean',
      'judge_attenuation',
    ]
    expect(Object.keys(oracle).sort()).toEqual([...tested, ...later, ...notValues].sort())
  })

  it('primitives', () => {
    for (const row of oracle.primitives.normal_quantile)
      expect(stats.normalQuantile(row.p)).toBeCloseTo(row.z, digits)
    for (const row of oracle.primitives.normal_cdf) expect(stats.normalCdf(row.z)).toBeCloseTo(row.p, digits)
    for (const row of oracle.primitives.t_quantile)
      expect(stats.studentTQuantile(row.p, row.df)).toBeCloseTo(row.t, digits)
    for (const row of oracle.primitives.t_cdf)
      expect(stats.studentTCdf(row.t, row.df)).toBeCloseTo(row.p, digits)
    for (const row of oracle.primitives.beta_quantile)
      expect(stats.betaQuantile(row.p, row.a, row.b)).toBeCloseTo(row.x, digits)
    for (const row of oracle.primitives.binom_cdf)
      expect(stats.binomialCdf(row.k, row.n, row.p)).toBeCloseTo(row.cdf, digits)
    for (const row of oracle.primitives.chi2_sf)
      expect(stats.chiSquareUpperTail(row.x, row.df)).toBeCloseTo(row.sf, digits)
  })

  it.each(oracle.proportion_ci_95.rows)('proportion $x of $n', (row) => {
    expect(stats.wilson(row.x, row.n)).toMatchObject(closeTo(row.wilson))
    expect(stats.clopperPearson(row.x, row.n)).toMatchObject(closeTo(row.clopper_pearson))
    expect(stats.agrestiCoull(row.x, row.n)).toMatchObject(closeTo(row.agresti_coull))
    expect(stats.wilsonLower(row.x, row.n)).toBeCloseTo(row.wilson_one_sided_lower_95, digits)
    // Jeffreys' interval is not offered, but its ends are quantiles of a beta distribution with half counts.
    expect(stats.betaQuantile(0.025, row.x + 0.5, row.n - row.x + 0.5)).toBeCloseTo(row.jeffreys[0], digits)
    expect(stats.betaQuantile(0.975, row.x + 0.5, row.n - row.x + 0.5)).toBeCloseTo(row.jeffreys[1], digits)
  })

  it.each(oracle.mcnemar.rows)(
    'McNemar $fixed_fail_to_pass_b fixed, $broken_pass_to_fail_c broken',
    (row) => {
      const fixed = row.fixed_fail_to_pass_b
      const broken = row.broken_pass_to_fail_c
      const test = stats.mcnemar(fixed, broken)
      expect(test.twoSided).toBeCloseTo(row.exact_two_sided, digits)
      expect(test.oneSided).toBeCloseTo(row.exact_one_sided_regression, digits)
      expect(test.midPOneSided).toBeCloseTo(row.midp_one_sided_regression, digits)
      expect(test.midPTwoSided).toBeCloseTo(row.midp_two_sided, digits)
      // The approximate test is not offered, but is a chi-square tail; with no pair that disagrees it has no value, read as 1.
      const statistic = (Math.abs(fixed - broken) - 1) ** 2 / (fixed + broken)
      const approximate = fixed + broken === 0 ? 1 : stats.chiSquareUpperTail(statistic, 1)
      expect(approximate).toBeCloseTo(row.chi2_continuity_two_sided ?? 1, digits)
    },
  )

  it.each(oracle.paired_proportion_diff_ci.rows)(
    'Bonett–Price $both_pass/$fail_to_pass/$pass_to_fail',
    (row) => {
      expect(oracle.paired_proportion_diff_ci.tolerance).toBe(10 ** -bonettPriceDigits)
      const units = [
        ...Array.from({ length: row.both_pass + row.both_fail }, () => ({ size: 1, difference: 0 })),
        ...Array.from({ length: row.fail_to_pass }, () => ({ size: 1, difference: 1 })),
        ...Array.from({ length: row.pass_to_fail }, () => ({ size: 1, difference: -1 })),
      ]
      const twoSided = stats.pairedInterval(units, stats.normalQuantile(0.975))
      expect(twoSided.difference).toBeCloseTo(row.delta, bonettPriceDigits)
      expect({ low: twoSided.lower, high: twoSided.upper }).toMatchObject(
        closeTo(row.bonett_price_95, bonettPriceDigits),
      )
      const oneSided = stats.pairedInterval(units)
      expect({ low: oneSided.lower, high: oneSided.upper }).toMatchObject(
        closeTo(row.bonett_price_one_sided_95, bonettPriceDigits),
      )
    },
  )

  it('clustered standard errors', () => {
    const expected = oracle.clustered_se
    const error = stats.clusteredError(expected.scores, expected.clusters)
    expect(error.mean).toBeCloseTo(expected.mean, digits)
    expect(error.independent).toBeCloseTo(expected.se_clt, digits)
    expect(error.cr0).toBeCloseTo(expected.se_cluster_cr0, digits)
    expect(error.cr1).toBeCloseTo(expected.se_cluster_cr1_G_over_Gminus1, digits)
    expect(error.miller).toBeCloseTo(expected.se_cluster_miller_eq, digits)
    expect([error.n, error.clusters]).toEqual([expected.n, expected.G])
    expect(stats.clusteredInterval(error)).toMatchObject(closeTo(expected.ci95_cr1_t))
  })

  it('paired trials', () => {
    const expected = oracle.paired_trials
    const paired = stats.pairedTrials(expected.base, expected.cand)
    for (const [index, value] of expected.base_case_means.entries())
      expect(paired.baselineMeans[index]).toBeCloseTo(value, digits)
    for (const [index, value] of expected.cand_case_means.entries())
      expect(paired.candidateMeans[index]).toBeCloseTo(value, digits)
    for (const [index, value] of expected.diffs.entries())
      expect(paired.differences[index]).toBeCloseTo(value, digits)
    expect(paired.meanDifference).toBeCloseTo(expected.mean_diff, digits)
    expect(paired.standardDeviation).toBeCloseTo(expected.sd_diff, digits)
    expect(paired.standardError).toBeCloseTo(expected.se_paired, digits)
    expect(paired.t).toBeCloseTo(expected.t, digits)
    expect(paired.degreesOfFreedom).toBe(expected.df)
    expect(paired.pTwoSided).toBeCloseTo(expected.p_two_sided, digits)
    expect(paired.pDrop).toBeCloseTo(expected.p_one_sided_drop, digits)
    const { meanDifference, standardError, degreesOfFreedom } = paired
    expect(stats.tInterval(meanDifference, standardError, degreesOfFreedom, 0.9)).toMatchObject(
      closeTo(expected.ci90_two_sided),
    )
    expect(stats.tInterval(meanDifference, standardError, degreesOfFreedom, 0.95)).toMatchObject(
      closeTo(expected.ci95_two_sided),
    )
    expect(paired.unpairedStandardError).toBeCloseTo(expected.se_unpaired, digits)
    expect(paired.correlation).toBeCloseTo(expected.corr_base_cand, digits)
    expect(paired.withinBaseline).toBeCloseTo(expected.within_case_var_base, digits)
    expect(paired.withinCandidate).toBeCloseTo(expected.within_case_var_cand, digits)
    expect(paired.betweenVariance).toBeCloseTo(expected.omega2_hat, digits)
    const clustered = stats.clusteredError(paired.differences, expected.clusters)
    expect(clustered.cr1).toBeCloseTo(expected.se_paired_clustered_cr1, digits)
    expect(stats.clusteredInterval(clustered, 0.9)).toMatchObject(closeTo(expected.ci90_clustered))
  })

  it('power and the smallest detectable effect', () => {
    for (const row of oracle.power.n_required) {
      const variance = {
        between: row.omega2,
        withinBaseline: row.sigma2_A,
        withinCandidate: row.sigma2_B,
        trials: row.K,
      }
      const design = { alpha: row.alpha_two_sided, power: row.power }
      const twoSided = stats.casesNeeded(variance, row.delta, { ...design, sides: 2 })
      // A quotient of thousands: the same digits, relatively.
      expect(twoSided / row.n_required).toBeCloseTo(1, digits)
      expect(Math.ceil(twoSided)).toBe(row.n_required_ceil)
      expect(Math.ceil(stats.casesNeeded(variance, row.delta, design))).toBe(row.n_required_one_sided_ceil)
    }
    for (const row of oracle.power.mde) {
      const variance = {
        between: row.omega2,
        withinBaseline: row.sigma2_each,
        withinCandidate: row.sigma2_each,
        trials: row.K,
      }
      expect(stats.minimumDetectableEffect(variance, row.n, { sides: 2 })).toBeCloseTo(
        row.mde_two_sided,
        digits,
      )
      expect(stats.minimumDetectableEffect(variance, row.n)).toBeCloseTo(row.mde_one_sided, digits)
    }
  })

  it('sign flips', () => {
    const expected = oracle.sign_flip_permutation_exact
    const test = stats.signFlip(expected.diffs)
    expect(test.method).toBe('exact')
    expect(test.oneSided).toBeCloseTo(expected.p_one_sided_drop, digits)
    expect(test.twoSided).toBeCloseTo(expected.p_two_sided, digits)

    const paired = oracle.sign_flip_permutation_exact_paired_trials
    const { diffs, clusters } = oracle.paired_trials
    const byCase = stats.signFlip(diffs)
    expect(byCase.oneSided).toBeCloseTo(paired.case_level_p_one_sided_drop, digits)
    expect(byCase.twoSided).toBeCloseTo(paired.case_level_p_two_sided, digits)
    const sums = new Map<number, number>()
    for (const [index, diff] of diffs.entries()) {
      const cluster = clusters[index] ?? -1
      sums.set(cluster, (sums.get(cluster) ?? 0) + diff)
    }
    const byCluster = stats.signFlip([...sums.values()])
    expect(byCluster.oneSided).toBeCloseTo(paired.cluster_level_p_one_sided_drop, digits)
    expect(byCluster.twoSided).toBeCloseTo(paired.cluster_level_p_two_sided, digits)
  })

  it.each(oracle.bca_bootstrap_enumerated.cases)('BCa over all $B resamples', (row) => {
    expect(oracle.bca_bootstrap_enumerated.tolerance).toBe(10 ** -digits)
    const replicates = stats.allResamples(row.data, mean)
    expect(replicates.length).toBe(row.B)
    const interval = stats.bcaInterval(row.data, mean, replicates)
    expect(interval.method).toBe('bca')
    expect(interval.bias).toBeCloseTo(row.z0, digits)
    expect(interval.acceleration).toBeCloseTo(row.acceleration, digits)
    expect(interval).toMatchObject(closeTo(row.ci95))
    expect(stats.quantile([...replicates], 0.025)).toBeCloseTo(row.percentile_ci95[0], digits)
    expect(stats.quantile([...replicates], 0.975)).toBeCloseTo(row.percentile_ci95[1], digits)
    expect(mean(row.data)).toBeCloseTo(row.mean, digits)
    expect(Math.sqrt(stats.variance([...replicates]))).toBeCloseTo(row.se_boot, digits)
  })

  it.each(oracle.quantile_type7)('quantile $p of $data', (row) => {
    expect(stats.quantile(row.data, row.p)).toBeCloseTo(row.q, digits)
  })

  it('pass@k and pass^k', () => {
    for (const row of oracle.pass_k.rows) {
      expect(stats.passAtK(row.n, row.c, row.k)).toBeCloseTo(row.pass_at_k, digits)
      expect(stats.passHatK(row.n, row.c, row.k)).toBeCloseTo(row.pass_hat_k, digits)
    }
    const average = oracle.pass_k.task_average
    const cases = average.trials.map(([trials, passed]) => ({ trials, passed }))
    expect(stats.meanOverCases(stats.passHatK, cases, average.k)).toBeCloseTo(average.pass_hat_2, digits)
    expect(stats.meanOverCases(stats.passAtK, cases, average.k)).toBeCloseTo(average.pass_at_2, digits)
  })

  it('Holm and Benjamini–Hochberg', () => {
    for (const row of oracle.multiplicity) {
      const byHolm = stats.holm(row.p)
      const byHochberg = stats.benjaminiHochberg(row.p)
      for (const [index, value] of row.holm_adjusted.entries())
        expect(byHolm[index]).toBeCloseTo(value, digits)
      for (const [index, value] of row.bh_adjusted.entries())
        expect(byHochberg[index]).toBeCloseTo(value, digits)
    }
  })

  it.each(oracle.noninferiority_t.rows)('non-inferiority t, $mean_diff ± $se', (row) => {
    const estimate = { difference: row.mean_diff, standardError: row.se, degreesOfFreedom: row.df }
    const test = stats.nonInferiorityT(estimate, row.margin, row.alpha)
    expect(test.lower).toBeCloseTo(row.lower_one_sided_95, digits)
    expect(test.upper).toBeCloseTo(row.upper_one_sided_95, digits)
    expect(test.pNonInferior).toBeCloseTo(row.p_noninferior, digits)
    expect(test.pDrop).toBeCloseTo(row.p_regressed_below_zero, digits)
    expect(test.pDropBeyondMargin).toBeCloseTo(row.p_regressed_beyond_margin, digits)
    expect(test.nonInferior).toBe(row.noninferior)
    expect(test.drop).toBe(row.significant_drop)
    expect(test.dropBeyondMargin).toBe(row.significant_drop_beyond_margin)
  })

  it('mulberry32', () => {
    const random = stats.mulberry32(42)
    for (const expected of oracle.prng_mulberry32_seed_42_first5) expect(random()).toBeCloseTo(expected, 15)
  })

  it.each(oracle.gate_interval_generalised_bonett_price.rows)('gate interval: $name', (row) => {
    const clusters = new Map<number, number[]>()
    for (const [index, diff] of row.diffs.entries()) {
      const cluster = row.clusters?.[index] ?? index
      clusters.set(cluster, [...(clusters.get(cluster) ?? []), diff])
    }
    const units = [...clusters.values()].map((diffs) => ({ size: diffs.length, difference: mean(diffs) }))
    const interval = stats.pairedInterval(units)
    expect(interval.difference).toBeCloseTo(row.raw_mean_diff, digits)
    expect(interval.centre).toBeCloseTo(row.shrunk_mean, digits)
    expect(interval.standardError).toBeCloseTo(row.se, digits)
    expect(interval.lower).toBeCloseTo(row.lower_one_sided_95, digits)
    expect(interval.upper).toBeCloseTo(row.upper_one_sided_95, digits)
  })

  it('Fisher per case', () => {
    for (const row of oracle.fisher_per_case.rows) {
      const p = stats.fisherDrop(
        { passed: row.base_pass, trials: row.base_trials },
        { passed: row.cand_pass, trials: row.cand_trials },
      )
      expect(p).toBeCloseTo(row.p_one_sided_drop, digits)
    }
  })

  it('Cohen’s κ and Krippendorff’s α', () => {
    for (const row of oracle.agreement.cohen_kappa) {
      const ours = stats.cohenKappa(row.table_rows_human_pass_fail_cols_judge_pass_fail)
      expect(ours.kappa).toBeCloseTo(row.kappa, digits)
      expect(ours.observed).toBeCloseTo(row.po, digits)
      expect(ours.expected).toBeCloseTo(row.pe, digits)
      // One row has none.
      expect(ours.standardError).toBeCloseTo(row.se_statsmodels ?? ours.standardError ?? Number.NaN, digits)
    }
    for (const row of oracle.agreement.krippendorff_alpha_nominal)
      expect(stats.krippendorffAlpha(row.units)).toBeCloseTo(row.alpha, digits)
  })

  it.each(oracle.rogan_gladen.rows)('Rogan–Gladen, $judge_pass of $n passed', (row) => {
    const ours = stats.roganGladen(
      { passed: row.judge_pass, of: row.n },
      {
        tp: row.calib_true_pos,
        fn: row.calib_pos - row.calib_true_pos,
        fp: row.calib_neg - row.calib_true_neg,
        tn: row.calib_true_neg,
      },
    )
    expect(ours).toMatchObject({
      apparent: expect.closeTo(row.apparent, digits),
      truePassRate: expect.closeTo(row.tpr, digits),
      trueFailRate: expect.closeTo(row.tnr, digits),
      j: expect.closeTo(row.youden_j, digits),
      level: expect.closeTo(row.corrected, digits),
      clipped: expect.closeTo(row.corrected_clipped, digits),
      standardError: expect.closeTo(row.se_delta, digits),
      delta: closeTo(row.ci95_delta),
      interval: closeTo(row.ci95_lang_reiczigel),
    })
  })

  it('prediction-powered means', () => {
    const expected = oracle.ppi_mean
    const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)
    const unlabelled = [
      ...times(expected.unlabelled_judge.ones, 1),
      ...times(expected.unlabelled_judge.zeros, 0),
    ]
    const labelled = [
      ...times(expected.labelled.human1_judge1, { people: 1, judge: 1 }),
      ...times(expected.labelled.human1_judge0, { people: 1, judge: 0 }),
      ...times(expected.labelled.human0_judge0, { people: 0, judge: 0 }),
      ...times(expected.labelled.human0_judge1, { people: 0, judge: 1 }),
    ]
    const ppi = stats.ppiMean(unlabelled, labelled)
    expect(ppi.mean).toBeCloseTo(expected.theta_ppi, digits)
    expect(ppi.standardError).toBeCloseTo(expected.se, digits)
    expect(ppi.interval).toMatchObject(closeTo(expected.ci95))
    const tuned = stats.ppiPlusPlusMean(unlabelled, labelled)
    expect(tuned.lambda).toBeCloseTo(expected.lambda_ppi_plus_plus, digits)
    expect(tuned.mean).toBeCloseTo(expected.theta_ppi_plus_plus, digits)
    expect(tuned.standardError).toBeCloseTo(expected.se_ppi_plus_plus, digits)
    expect(tuned.interval).toMatchObject(closeTo(expected.ci95_ppi_plus_plus))
    // Leant on not at all, the judge leaves the labels alone.
    const alone = stats.ppiMean(unlabelled, labelled, { lambda: 0 })
    expect(alone.mean).toBeCloseTo(expected.classical_labelled_only_mean, digits)
    expect(alone.standardError).toBeCloseTo(expected.classical_se, digits)
  })

  it('attenuation', () => {
    for (const row of oracle.judge_attenuation.rows) {
      const j = stats.youdenJ(row.tpr, row.tnr)
      expect(j).toBeCloseTo(row.J, digits)
      expect(stats.apparentDifference(row.true_delta, j)).toBeCloseTo(row.apparent_delta, digits)
      expect(stats.marginOnJudgeScale(row.margin_true, j)).toBeCloseTo(row.margin_apparent, digits)
    }
  })
})
