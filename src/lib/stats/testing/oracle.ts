import { readFileSync } from 'node:fs'

/** The shape of the sections used here; the file is ours and in version control. */
export interface Oracle {
  readonly primitives: {
    readonly normal_quantile: readonly { p: number; z: number }[]
    readonly normal_cdf: readonly { z: number; p: number }[]
    readonly t_quantile: readonly { p: number; df: number; t: number }[]
    readonly t_cdf: readonly { t: number; df: number; p: number }[]
    readonly beta_quantile: readonly { p: number; a: number; b: number; x: number }[]
    readonly binom_cdf: readonly { k: number; n: number; p: number; cdf: number }[]
    readonly chi2_sf: readonly { x: number; df: number; sf: number }[]
  }
  readonly proportion_ci_95: {
    readonly rows: readonly {
      x: number
      n: number
      wilson: Pair
      clopper_pearson: Pair
      agresti_coull: Pair
      jeffreys: Pair
      wilson_one_sided_lower_95: number
    }[]
  }
  readonly mcnemar: {
    readonly rows: readonly {
      fixed_fail_to_pass_b: number
      broken_pass_to_fail_c: number
      exact_two_sided: number
      exact_one_sided_regression: number
      midp_one_sided_regression: number
      midp_two_sided: number
      chi2_continuity_two_sided: number | null
    }[]
  }
  readonly paired_proportion_diff_ci: {
    readonly tolerance: number
    readonly rows: readonly {
      both_pass: number
      fail_to_pass: number
      pass_to_fail: number
      both_fail: number
      delta: number
      bonett_price_95: Pair
      bonett_price_one_sided_95: Pair
    }[]
  }
  readonly clustered_se: {
    readonly scores: readonly number[]
    readonly clusters: readonly number[]
    readonly mean: number
    readonly se_clt: number
    readonly se_cluster_cr0: number
    readonly se_cluster_cr1_G_over_Gminus1: number
    readonly se_cluster_miller_eq: number
    readonly n: number
    readonly G: number
    readonly ci95_cr1_t: Pair
  }
  readonly paired_trials: {
    readonly base: readonly (readonly number[])[]
    readonly cand: readonly (readonly number[])[]
    readonly clusters: readonly number[]
    readonly base_case_means: readonly number[]
    readonly cand_case_means: readonly number[]
    readonly diffs: readonly number[]
    readonly mean_diff: number
    readonly sd_diff: number
    readonly se_paired: number
    readonly t: number
    readonly df: number
    readonly p_two_sided: number
    readonly p_one_sided_drop: number
    readonly ci90_two_sided: Pair
    readonly ci95_two_sided: Pair
    readonly se_unpaired: number
    readonly corr_base_cand: number
    readonly se_paired_clustered_cr1: number
    readonly ci90_clustered: Pair
    readonly within_case_var_base: number
    readonly within_case_var_cand: number
    readonly omega2_hat: number
  }
  readonly power: {
    readonly n_required: readonly {
      omega2: number
      sigma2_A: number
      sigma2_B: number
      K: number
      delta: number
      alpha_two_sided: number
      power: number
      n_required: number
      n_required_ceil: number
      n_required_one_sided_ceil: number
    }[]
    readonly mde: readonly {
      omega2: number
      sigma2_each: number
      K: number
      n: number
      mde_two_sided: number
      mde_one_sided: number
    }[]
  }
  readonly sign_flip_permutation_exact: {
    readonly diffs: readonly number[]
    readonly p_one_sided_drop: number
    readonly p_two_sided: number
  }
  readonly sign_flip_permutation_exact_paired_trials: {
    readonly case_level_p_one_sided_drop: number
    readonly case_level_p_two_sided: number
    readonly cluster_level_p_one_sided_drop: number
    readonly cluster_level_p_two_sided: number
  }
  readonly bca_bootstrap_enumerated: {
    readonly tolerance: number
    readonly cases: readonly {
      data: readonly number[]
      mean: number
      z0: number
      acceleration: number
      ci95: Pair
      percentile_ci95: Pair
      B: number
      se_boot: number
    }[]
  }
  readonly quantile_type7: readonly { data: readonly number[]; p: number; q: number }[]
  readonly pass_k: {
    readonly rows: readonly { n: number; c: number; k: number; pass_at_k: number; pass_hat_k: number }[]
    readonly task_average: { trials: readonly Pair[]; k: number; pass_hat_2: number; pass_at_2: number }
  }
  readonly multiplicity: readonly {
    p: readonly number[]
    holm_adjusted: readonly number[]
    bh_adjusted: readonly number[]
  }[]
  readonly noninferiority_t: {
    readonly rows: readonly {
      mean_diff: number
      se: number
      df: number
      margin: number
      alpha: number
      lower_one_sided_95: number
      upper_one_sided_95: number
      p_noninferior: number
      p_regressed_below_zero: number
      p_regressed_beyond_margin: number
      noninferior: boolean
      significant_drop: boolean
      significant_drop_beyond_margin: boolean
    }[]
  }
  readonly agreement: {
    readonly cohen_kappa: readonly {
      table_rows_human_pass_fail_cols_judge_pass_fail: readonly [Pair, Pair]
      kappa: number
      po: number
      pe: number
      se_statsmodels?: number
    }[]
    readonly krippendorff_alpha_nominal: readonly { units: readonly (readonly number[])[]; alpha: number }[]
  }
  readonly rogan_gladen: {
    readonly rows: readonly {
      apparent: number
      tpr: number
      tnr: number
      youden_j: number
      corrected: number
      corrected_clipped: number
      se_delta: number
      ci95_delta: Pair
      ci95_lang_reiczigel: Pair
      judge_pass: number
      n: number
      calib_true_pos: number
      calib_pos: number
      calib_true_neg: number
      calib_neg: number
    }[]
  }
  readonly ppi_mean: {
    readonly unlabelled_judge: { ones: number; zeros: number }
    readonly labelled: {
      human1_judge1: number
      human1_judge0: number
      human0_judge0: number
      human0_judge1: number
    }
    readonly theta_ppi: number
    readonly se: number
    readonly ci95: Pair
    readonly classical_labelled_only_mean: number
    readonly classical_se: number
    readonly lambda_ppi_plus_plus: number
    readonly theta_ppi_plus_plus: number
    readonly se_ppi_plus_plus: number
    readonly ci95_ppi_plus_plus: Pair
  }
  readonly judge_attenuation: {
    readonly rows: readonly {
      tpr: number
      tnr: number
      J: number
      true_delta: number
      apparent_delta: number
      margin_true: number
      margin_apparent: number
    }[]
  }
  readonly prng_mulberry32_seed_42_first5: readonly number[]
  readonly gate_interval_generalised_bonett_price: {
    readonly rows: readonly {
      name: string
      diffs: readonly number[]
      clusters: readonly number[] | null
      raw_mean_diff: number
      shrunk_mean: number
      se: number
      lower_one_sided_95: number
      upper_one_sided_95: number
      margin: number
      verdict: 'pass' | 'fail' | 'inconclusive'
    }[]
  }
  readonly fisher_per_case: {
    readonly rows: readonly {
      base_pass: number
      base_trials: number
      cand_pass: number
      cand_trials: number
      p_one_sided_drop: number
    }[]
  }
}
export type Pair = readonly [number, number]

const text = readFileSync(new URL('../../../../test/data/oracle/gate-oracle.json', import.meta.url), 'utf8')
/** Values of independent implementations (test/data/oracle/README.md). */
export const oracle = JSON.parse(text) as Oracle
