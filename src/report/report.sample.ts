import type { Report, ReportEvidence, ReportTraces } from '../schema/report.ts'
import type { Run, Trial } from '../schema/run.ts'
import { policy, type Reason, type Verdict, type VerdictWord } from '../schema/verdict.ts'
import { buildReport } from './build.ts'
import { compareDesk, sampleRun, sampleTrace, sampleTrials, talliesOf } from './desk.sample.ts'
import { points } from './format.ts'
import { hostileSample, hostileTexts } from './hostile.sample.ts'

export { sampleRun, sampleTrace, sampleTrial, sampleTrials } from './desk.sample.ts'
export { hostileTexts } from './hostile.sample.ts'

/** Reports with a theme, for tests: an airline's refund desk, on a good day, a bad day and all days between. */

export interface Sample {
  readonly report: Report
  readonly traces: ReportTraces
  readonly evidence?: ReportEvidence
}

/** The samples every reporter must show well. */
export function samples(): Record<string, Sample> {
  return {
    green: green(),
    red: red(),
    inconclusive: inconclusive(),
    aborted: aborted(),
    drifted: drifted(),
    first: first(),
    empty: empty(),
    hostile: hostileSample(hostileTexts()),
  }
}

function green(): Sample {
  const trials = sampleTrials(['lost-bag'])
  return compared(trials, sampleTrials(['lost-bag']), 'pass', (numbers) => `no regression: ${numbers}`, [
    { code: 'no-regression', what: 'The lower bound is above the limit.' },
  ])
}

function red(): Sample {
  const trials = sampleTrials([
    'rebook',
    'refund-late',
    'refund-partial',
    'refund-twice',
    'seat',
    'upgrade',
    'lost-bag',
  ])
  return compared(
    trials,
    sampleTrials(['lost-bag', 'cancel']),
    'fail',
    (numbers) => `regression: ${numbers}; 6 cases broke, 1 was fixed of 12`,
    [
      {
        code: 'regression',
        what: 'Paired over 12 cases, the upper bound is below 0: the drop is real.',
        hint: 'Look at the broken cases; if the drop is wanted, accept a new baseline with a reason.',
      },
      { code: 'hard-break', what: '6 cases passed every baseline trial and fail every trial now.' },
    ],
  )
}

function inconclusive(): Sample {
  const trials = sampleTrials(['lost-bag', 'rebook'])
  return compared(
    trials,
    sampleTrials(['lost-bag']),
    'inconclusive',
    (numbers) => `inconclusive: ${numbers}`,
    [
      {
        code: 'undecided',
        what: 'The interval holds both no drop and one beyond the limit.',
        hint: 'Add cases: 45 unchanged ones are the least that can pass at 5 points.',
      },
    ],
  )
}

function aborted(): Sample {
  const missed = {
    status: 'aborted',
    code: 'EVK_FIXTURE_MISS',
    reason:
      'the fixture does not hold tool search_orders({"customer": "c_71"}); nearest: {"customer": "c_17"}',
    scores: [],
    fidelity: { share: 0.4, steps: 5, firstOffTape: 3, counts: { exact: 2, miss: 1 } },
    divergences: [
      {
        step: 3,
        kind: 'miss',
        what: 'tool search_orders was asked for another customer than in the recording',
        differences: [{ path: 'arguments.customer', expected: 'c_17', got: 'c_71' }],
      },
    ],
  } as const
  const crashed = {
    status: 'failed',
    reason: 'the agent threw: TypeError: order is undefined',
    scores: [],
  } as const
  const trials = sampleTrials().map((trial) => {
    if (trial.case === 'rebook') return { ...trial, ...missed }
    return trial.case === 'upgrade' && trial.trial === 1 ? { ...trial, ...crashed } : trial
  })
  const sentence = 'invalid: 2 of 24 trials are unscored, more than the 2 % the policy allows'
  return compared(trials, sampleTrials(), 'invalid', () => sentence, [
    {
      code: 'too-many-unscored',
      what: '2 of 24 trials are unscored (8.3 %), more than 2 %.',
      hint: 'Record the new behaviour: evalkit run refund-desk --llm live --record',
    },
  ])
}

/** A new model, live: it asks some things nobody recorded, and two cases cannot be compared any more. */
function drifted(): Sample {
  const mode = { llm: 'cached', tools: 'recorded' } as const
  const far = { share: 0.5, steps: 8, firstOffTape: 4, counts: { exact: 1, live: 5, simulated: 1 } } as const
  const stale = { share: 0.75, steps: 8, counts: { exact: 3, 'stale-state': 1, live: 4 } } as const
  const near = { share: 1, steps: 7, counts: { exact: 3, live: 3, cached: 1 } } as const
  const trials = sampleTrials(['lost-bag']).map((trial): Trial => {
    if (trial.case === 'rebook') return { ...trial, fidelity: far, divergences: [asked] }
    if (trial.case === 'pet') return { ...trial, fidelity: stale }
    return { ...trial, fidelity: near }
  })
  const what = '2 cases left the recording: outside the difference: pet (run 75.0 %), rebook (run 50.0 %).'
  return compared(
    trials,
    sampleTrials(['lost-bag']),
    'inconclusive',
    (numbers) => `inconclusive: ${numbers}`,
    [
      {
        code: 'cases-inconclusive',
        what,
        hint: 'Record the new behaviour: promote a new trace of these cases.',
      },
    ],
    { mode },
  )
}

const asked: Trial['divergences'][number] = {
  step: 4,
  kind: 'miss',
  what: 'tool search_flights was asked for another day than in the recording',
  differences: [{ path: 'arguments.day', expected: '2025-03-02', got: '2025-03-03' }],
}

function first(): Sample {
  const trials = sampleTrials(['lost-bag'])
  const report = buildReport({
    run: sampleRun(),
    trials,
    verdict: {
      word: 'not gated',
      sentence: 'not gated: there is no baseline to compare with',
      reasons: [
        {
          code: 'no-baseline',
          what: 'There is no baseline to compare with.',
          hint: 'Look at the run, then: evalkit baseline accept --run refund-desk --reason "…"',
        },
      ],
      policy: policy.parse({}),
    },
    metric: 'success',
    commands: { accept: 'evalkit baseline accept --run refund-desk --reason "first baseline"' },
  })
  return { report, traces: tracesOf(trials) }
}

function empty(): Sample {
  const run = sampleRun({ cases: 0, trials: 1, versions: {}, finishedAt: '2025-03-01T09:00:00.002Z' })
  const verdict: Verdict = {
    word: 'invalid',
    sentence: 'invalid: the run has no cases',
    reasons: [
      { code: 'no-cases', what: 'The run has no cases.', hint: 'Does --case or --tag select anything?' },
    ],
    policy: policy.parse({}),
  }
  return { report: buildReport({ run, trials: [], verdict, metric: 'success' }), traces: {} }
}

function compared(
  trials: readonly Trial[],
  before: readonly Trial[],
  word: VerdictWord,
  say: (numbers: string) => string,
  reasons: readonly Reason[],
  change: Partial<Run> = {},
): Sample {
  const comparison = compareDesk(trials, before)
  const { difference, lower, upper } = comparison
  const sentence = say(
    `${points(difference)} points (90 % CI ${points(lower)} to ${points(upper)}), limit -5`,
  )
  const worst = comparison.broken[0]?.case
  const report = buildReport({
    run: sampleRun(change),
    trials,
    verdict: { word, sentence, reasons: [...reasons], comparison, policy: policy.parse({}) },
    baseline: talliesOf(before),
    baselineName: 'evals/refund-desk.baseline.json',
    metric: 'success',
    commands: {
      ...(worst === undefined ? {} : { reproduce: `evalkit run refund-desk --case ${worst}` }),
      record: 'evalkit run refund-desk --llm live --record',
      accept: 'evalkit baseline accept --run refund-desk --reason "…"',
    },
  })
  return { report, traces: tracesOf(trials) }
}

/** The first trial of one case that often breaks and of one that often holds: enough to look at. */
function tracesOf(trials: readonly Trial[]): ReportTraces {
  const shown = trials.filter((trial) => trial.trial === 0 && ['rebook', 'cancel'].includes(trial.case))
  return Object.fromEntries(
    shown.map((trial) => {
      const id = trial.trace ?? ''
      return [
        id,
        sampleTrace(
          id,
          trial.scores.every((score) => score.status === 'scored' && score.passed),
        ),
      ]
    }),
  )
}
