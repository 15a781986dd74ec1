import { describe, expect, it } from 'vitest'
import type { Tallies } from '../schema/run.ts'
import { type PolicyInput, type VerdictWord, verdict as verdictSchema } from '../schema/verdict.ts'
import { gate } from './gate.ts'
import { type Did, many, policyOf, talliesOf } from './testing/tallies.ts'

interface Row {
  readonly rule: string
  readonly candidate: Tallies
  readonly baseline?: Tallies
  readonly policy?: PolicyInput
  readonly word: VerdictWord
  /** All codes, strongest first. */
  readonly codes: readonly string[]
  readonly sentence?: string
}

const imported = { llm: 'imported', tools: 'imported' } as const
const live = { llm: 'live', tools: 'live' } as const
const hashes = { dataset: 'd1', checks: 'k1', fixtures: 'f1' }
const fifty = talliesOf(many(50, 1))
const hundred = talliesOf(many(100, 1))
const unscored: Did = { sum: 0, n: 0, unscored: 1 }

const rows: readonly Row[] = [
  {
    rule: 'nothing changed, enough cases',
    candidate: fifty,
    baseline: fifty,
    word: 'pass',
    codes: ['no-regression'],
    sentence: 'no regression: 0.0 pp (90 % CI -4.5 to +4.5), limit -5.0: 0 cases broke, 0 were fixed of 50',
  },
  {
    rule: 'nothing changed, 44 cases: too few to pass 5 points',
    candidate: talliesOf(many(44, 1)),
    baseline: talliesOf(many(44, 1)),
    word: 'inconclusive',
    codes: ['undecided'],
    sentence:
      'inconclusive: between -5.1 and +5.1 pp, limit -5.0: 0 cases broke, 0 were fixed of 44; about 1 more case would probably settle it',
  },
  {
    rule: 'a regression',
    candidate: talliesOf([...many(10, 0), ...many(88, 1), 1, 1]),
    baseline: talliesOf([...many(98, 1), 0, 0]),
    word: 'fail',
    codes: ['regression', 'hard-breaks'],
    sentence: 'regression: -8.0 pp (90 % CI -13.7 to -1.9), limit -5.0: 10 cases broke, 2 were fixed of 100',
  },
  {
    rule: 'a regression of repeated trials',
    candidate: talliesOf([...many(20, { sum: 1, n: 3 }), { sum: 0, n: 3 }, ...many(29, { sum: 3, n: 3 })]),
    baseline: talliesOf(many(50, { sum: 3, n: 3 })),
    word: 'fail',
    codes: ['regression', 'hard-breaks'],
    sentence:
      'regression: -28.7 pp (90 % CI -36.5 to -18.7), limit -5.0: 21 cases got worse (1 broke completely), 0 got better of 50',
  },
  {
    rule: 'one broken of a hundred is within the limit',
    candidate: talliesOf([0, ...many(99, 1)]),
    baseline: hundred,
    word: 'pass',
    codes: ['no-regression', 'hard-breaks'],
    sentence: 'no regression: -1.0 pp (90 % CI -3.8 to +1.8), limit -5.0: 1 case broke, 0 were fixed of 100',
  },
  {
    rule: 'a small drop that is real is said',
    candidate: talliesOf([...many(6, 0), ...many(594, 1)]),
    baseline: talliesOf(many(600, 1)),
    word: 'pass',
    codes: ['no-regression', 'small-real-drop', 'hard-breaks'],
    sentence:
      'small drop within the limit: -1.00 pp (90 % CI -1.77 to -0.23), limit -5.00: 6 cases broke, 0 were fixed of 600',
  },
  {
    rule: 'hard breaks fail by themselves where the team says so',
    candidate: talliesOf([0, ...many(99, 1)]),
    baseline: hundred,
    policy: { hardBreaks: 'fail' },
    word: 'fail',
    codes: ['hard-breaks', 'no-regression'],
    sentence: 'hard break: c000 passed every baseline trial and fails every trial now',
  },
  {
    rule: 'a floor that holds',
    candidate: hundred,
    baseline: hundred,
    policy: { floor: 0.9 },
    word: 'pass',
    codes: ['no-regression', 'floor-held'],
  },
  {
    rule: 'a floor that is not shown to hold',
    candidate: talliesOf([...many(45, 1), ...many(5, 0)]),
    baseline: talliesOf([...many(45, 1), ...many(5, 0)]),
    policy: { floor: 0.85 },
    word: 'fail',
    codes: ['floor-broken', 'no-regression'],
    // The oracle's one-sided Wilson bound of 45 of 50 is .808462.
    sentence: 'below the floor: 90.0 % of 50 cases, at least 80.8 % (95 % one-sided), floor 85 %',
  },
  {
    rule: 'regression comes before the floor',
    candidate: talliesOf([...many(20, 0), ...many(30, 1)]),
    baseline: fifty,
    policy: { floor: 0.9 },
    word: 'fail',
    codes: ['regression', 'floor-broken', 'hard-breaks'],
  },
  {
    rule: 'no baseline, no floor',
    candidate: fifty,
    word: 'not gated',
    codes: ['no-baseline'],
    sentence: 'not gated: there is no baseline to compare with',
  },
  {
    rule: 'no baseline is never a pass, though a floor holds',
    candidate: fifty,
    policy: { floor: 0.8 },
    word: 'not gated',
    codes: ['no-baseline', 'floor-held'],
    sentence:
      'not gated: there is no baseline to compare with; floor held: 100.0 % of 50 cases, at least 94.9 % (95 % one-sided), floor 80 %',
  },
  {
    rule: 'no baseline, and the floor is broken',
    candidate: talliesOf(many(50, 0)),
    policy: { floor: 0.8 },
    word: 'fail',
    codes: ['floor-broken', 'no-baseline'],
  },
  {
    rule: 'no cases',
    candidate: talliesOf([]),
    baseline: fifty,
    word: 'invalid',
    codes: ['no-cases'],
    sentence: 'invalid: the run holds no cases',
  },
  { rule: 'no cases and no baseline', candidate: talliesOf([]), word: 'invalid', codes: ['no-cases'] },
  {
    rule: 'an empty baseline',
    candidate: fifty,
    baseline: talliesOf([]),
    word: 'invalid',
    codes: ['no-cases'],
  },
  {
    rule: 'a part of a run',
    candidate: talliesOf(many(49, 1), { planned: 50 }),
    baseline: fifty,
    word: 'invalid',
    codes: ['partial-run'],
    sentence: 'invalid: the run planned 50 cases and holds 49',
  },
  {
    rule: 'a part of a run, without a baseline',
    candidate: talliesOf(many(49, 1), { planned: 50 }),
    word: 'invalid',
    codes: ['partial-run'],
  },
  {
    rule: 'more cases than were planned',
    candidate: talliesOf(many(51, 1), { planned: 50 }),
    baseline: fifty,
    word: 'invalid',
    codes: ['partial-run'],
  },
  {
    rule: 'a part of a baseline',
    candidate: fifty,
    baseline: talliesOf(many(49, 1), { planned: 50 }),
    word: 'invalid',
    codes: ['partial-baseline'],
  },
  {
    rule: 'a case that is there twice',
    candidate: talliesOf([...many(49, 1), { sum: 1, case: 'c000' }]),
    baseline: fifty,
    word: 'invalid',
    codes: ['duplicate-cases'],
    sentence: 'invalid: the run holds 1 case twice: c000',
  },
  {
    rule: 'sums that cannot be',
    candidate: talliesOf([...many(49, 1), { sum: 2, n: 1 }]),
    baseline: talliesOf([...many(49, 1), { sum: -1, n: 1 }]),
    word: 'invalid',
    codes: ['impossible-tallies', 'impossible-tallies'],
  },
  {
    rule: 'a metric nobody measured',
    candidate: fifty,
    baseline: fifty,
    policy: { metric: 'tone' },
    word: 'invalid',
    codes: ['unknown-metric', 'unknown-metric'],
    sentence: 'invalid: the run has no metric "tone"',
  },
  {
    rule: 'another eval',
    candidate: fifty,
    baseline: { ...fifty, eval: 'returns' },
    word: 'invalid',
    codes: ['other-eval'],
    sentence: 'invalid: the run is of eval "refunds", the baseline of "returns"',
  },
  {
    rule: 'another mode',
    candidate: { ...fifty, mode: live },
    baseline: fifty,
    word: 'invalid',
    codes: ['other-mode'],
  },
  {
    rule: 'other checks',
    candidate: fifty,
    baseline: { ...fifty, hashes: { ...hashes, checks: 'k2' } },
    word: 'invalid',
    codes: ['other-checks'],
  },
  {
    rule: 'another user',
    candidate: { ...fifty, hashes: { ...hashes, user: 'u1' } },
    baseline: fifty,
    word: 'invalid',
    codes: ['other-user'],
  },
  {
    rule: 'fixtures as a whole may change: what was played is compared case by case',
    candidate: { ...fifty, hashes: { ...hashes, fixtures: 'f2' } },
    baseline: fifty,
    word: 'pass',
    codes: ['no-regression'],
  },
  {
    rule: 'everything incomparable is said at once',
    candidate: fifty,
    baseline: { ...fifty, eval: 'returns', mode: live, hashes: { ...hashes, checks: 'k2', fixtures: 'f2' } },
    word: 'invalid',
    codes: ['other-eval', 'other-mode', 'other-checks'],
  },
  {
    rule: 'no case in common',
    candidate: talliesOf(many(50, { sum: 1, hash: 'h2' })),
    baseline: fifty,
    word: 'invalid',
    codes: ['no-common-cases', 'cases-edited'],
    sentence: 'invalid: run and baseline share no scored case (0 added, 50 edited, 0 unscored)',
  },
  {
    rule: 'new and edited cases stand outside the difference and are named',
    candidate: talliesOf([...many(50, 1), { sum: 0, hash: 'h2' }, 0], {
      hashes: { ...hashes, dataset: 'd2' },
    }),
    baseline: talliesOf(many(51, 1)),
    word: 'pass',
    codes: ['no-regression', 'cases-added', 'cases-edited'],
    sentence: 'no regression: 0.0 pp (90 % CI -4.5 to +4.5), limit -5.0: 0 cases broke, 0 were fixed of 50',
  },
  {
    rule: 'deleting what fails turns nothing green',
    candidate: talliesOf(many(60, 1), { hashes: { ...hashes, dataset: 'd2' } }),
    baseline: talliesOf([...many(60, 1), 1, 1]),
    word: 'invalid',
    codes: ['cases-removed', 'no-regression'],
    sentence: 'invalid: 2 cases of the baseline are not in this run: c060, c061',
  },
  {
    rule: 'too many unscored trials',
    candidate: talliesOf([...many(48, 1), unscored, unscored]),
    baseline: fifty,
    word: 'invalid',
    codes: ['too-many-unscored', 'unscored-decide', 'no-regression', 'cases-unscored'],
    sentence: 'invalid: 2 of 50 trials of the run are unscored (limit 2 %): c048, c049',
  },
  {
    rule: 'too many unscored trials, without a baseline',
    candidate: talliesOf([...many(48, 1), unscored, unscored]),
    word: 'invalid',
    codes: ['too-many-unscored', 'no-baseline'],
  },
  {
    rule: 'too many unscored trials in the baseline',
    candidate: hundred,
    baseline: talliesOf([...many(97, 1), unscored, unscored, unscored]),
    word: 'invalid',
    codes: ['baseline-unscored', 'no-regression', 'cases-unscored'],
  },
  {
    rule: 'a trial that left nothing is unscored',
    candidate: talliesOf([...many(48, { sum: 2, n: 2 }), { sum: 1, n: 1 }, { sum: 0, n: 0 }], { trials: 2 }),
    baseline: fifty,
    word: 'invalid',
    codes: ['too-many-unscored', 'unscored-decide', 'no-regression', 'cases-unscored'],
    sentence: 'invalid: 3 of 100 trials of the run are unscored (limit 2 %): c048, c049',
  },
  {
    rule: 'an imported run had no plan that every case has the same trials',
    candidate: talliesOf([...many(49, { sum: 4, n: 4 }), { sum: 1, n: 1 }], { mode: imported, trials: 4 }),
    baseline: talliesOf(many(50, 1), { mode: imported }),
    word: 'pass',
    codes: ['no-regression'],
  },
  {
    rule: 'a verdict that hangs on an unscored trial is none',
    candidate: talliesOf([...many(49, 1), unscored]),
    baseline: fifty,
    word: 'inconclusive',
    codes: ['unscored-decide', 'no-regression', 'cases-unscored'],
    sentence:
      'inconclusive: the verdict hangs on unscored trials: pass without them, inconclusive if they count against the run, pass if they count for it',
  },
  {
    rule: 'an unscored trial that cannot change the verdict does not',
    candidate: talliesOf([...many(199, 1), unscored]),
    baseline: talliesOf(many(200, 1)),
    word: 'pass',
    codes: ['no-regression', 'cases-unscored'],
  },
  {
    rule: 'nothing is scored at all',
    candidate: talliesOf(many(50, unscored)),
    baseline: fifty,
    policy: { maxUnscored: 1 },
    word: 'invalid',
    codes: ['no-common-cases', 'cases-unscored'],
  },
  {
    rule: 'a replay that left its recording',
    candidate: talliesOf([...many(30, 1), ...many(20, { sum: 1, fidelity: 0.4 })]),
    baseline: fifty,
    word: 'inconclusive',
    codes: ['fidelity-low', 'few-conclusive', 'off-tape-decide', 'undecided', 'cases-inconclusive'],
    sentence:
      'inconclusive: only 76.0 % of the replies of the run rest on the recording, below the floor of 80 %; lowest: c030, c031, c032 and 17 more',
  },
  {
    rule: 'numbers that cannot be trusted do not fail an agent either',
    candidate: talliesOf(many(50, { sum: 0, fidelity: 0.4 })),
    baseline: fifty,
    word: 'inconclusive',
    codes: ['fidelity-low', 'few-conclusive', 'cases-inconclusive'],
  },
  {
    rule: 'a baseline that left its recording',
    candidate: fifty,
    baseline: talliesOf(many(50, { sum: 1, fidelity: 0.79999 })),
    word: 'inconclusive',
    codes: ['baseline-fidelity-low', 'few-conclusive', 'cases-inconclusive'],
    sentence:
      'inconclusive: only 79.9 % of the replies of the baseline rest on the recording, below the floor of 80 %; lowest: c000, c001, c002 and 47 more',
  },
  {
    rule: 'one case off its tape that cannot change the verdict does not',
    candidate: talliesOf([...many(199, 1), { sum: 0, fidelity: 0.4 }]),
    baseline: talliesOf(many(200, 1)),
    word: 'pass',
    codes: ['no-regression', 'cases-inconclusive'],
    sentence: 'no regression: 0.0 pp (90 % CI -1.2 to +1.2), limit -5.0: 0 cases broke, 0 were fixed of 199',
  },
  {
    rule: 'a change that drives what it breaks off the tape does not pass',
    candidate: talliesOf([...many(94, 1), ...many(6, { sum: 0, fidelity: 0.4 })]),
    baseline: hundred,
    word: 'inconclusive',
    codes: ['off-tape-decide', 'no-regression', 'cases-inconclusive'],
    sentence:
      'inconclusive: the verdict hangs on cases that left the recording: pass without them, fail if they count against the run, pass if they count for it',
  },
  {
    rule: 'nor one whose baseline had left it',
    candidate: talliesOf([...many(94, 1), ...many(6, 0)]),
    baseline: talliesOf([...many(94, 1), ...many(6, { sum: 0, fidelity: 0.4 })]),
    word: 'inconclusive',
    codes: ['off-tape-decide', 'no-regression', 'cases-inconclusive'],
  },
  {
    rule: 'a regression that stands whatever the cases off the tape did is one',
    candidate: talliesOf([...many(20, 0), ...many(79, 1), { sum: 0, fidelity: 0.4 }]),
    baseline: hundred,
    word: 'fail',
    codes: ['regression', 'hard-breaks', 'cases-inconclusive'],
    sentence: 'regression: -20.2 pp (90 % CI -26.7 to -12.9), limit -5.0: 20 cases broke, 0 were fixed of 99',
  },
  {
    rule: 'what little stayed on its tape does not speak for the rest, though the mean is high',
    candidate: talliesOf([...many(750, 1), ...many(250, { sum: 1, fidelity: 0.7 })]),
    baseline: talliesOf(many(1000, 1)),
    word: 'inconclusive',
    codes: ['few-conclusive', 'off-tape-decide', 'no-regression', 'cases-inconclusive'],
    sentence:
      'inconclusive: only 750 of 1000 common cases could be compared, fewer than 80 %; 250 cases left the recording: c750 (run 70.0 %), c751 (run 70.0 %), c752 (run 70.0 %) and 247 more',
  },
  {
    rule: 'trials of a case weigh together: one of five off the tape leaves the case on it',
    candidate: talliesOf(many(50, { sum: 5, n: 5, fidelity: 0.8 })),
    baseline: fifty,
    word: 'pass',
    codes: ['no-regression'],
  },
  {
    rule: 'a case without a score is unscored, wherever it went',
    candidate: talliesOf([...many(199, 1), { ...unscored, fidelity: 0.4 }]),
    baseline: talliesOf(many(200, 1)),
    word: 'pass',
    codes: ['no-regression', 'cases-unscored'],
  },
  {
    rule: 'a hard break off the tape is not shown, and not waved through',
    candidate: talliesOf([...many(199, 1), { sum: 0, fidelity: 0.4 }]),
    baseline: talliesOf(many(200, 1)),
    policy: { hardBreaks: 'fail' },
    word: 'inconclusive',
    codes: ['off-tape-decide', 'no-regression', 'cases-inconclusive'],
  },
  {
    rule: 'a floor is not held by cases that left their tape',
    candidate: talliesOf([...many(24, 1), ...many(10, { sum: 1, fidelity: 0.4 })]),
    policy: { floor: 0.9 },
    word: 'inconclusive',
    codes: ['off-tape-decide', 'floor-broken', 'no-baseline'],
    sentence:
      'inconclusive: the verdict hangs on cases that left the recording: fail without them, fail if they count against the run, not gated if they count for it',
  },
  {
    rule: 'nor broken by them',
    candidate: talliesOf([...many(96, 1), ...many(4, { sum: 0, fidelity: 0.4 })]),
    policy: { floor: 0.95 },
    word: 'inconclusive',
    codes: ['off-tape-decide', 'no-baseline', 'floor-held'],
    sentence:
      'inconclusive: the verdict hangs on cases that left the recording: not gated without them, fail if they count against the run, not gated if they count for it',
  },
  {
    rule: 'without a tape there is no fidelity',
    candidate: talliesOf(many(50, { sum: 1, fidelity: 0 }), { mode: live }),
    baseline: { ...fifty, mode: live },
    word: 'pass',
    codes: ['no-regression'],
  },
  {
    rule: 'clusters are the units: 60 cases in 20 clusters cannot pass 5 points',
    candidate: talliesOf(
      Array.from({ length: 60 }, (_, index) => ({ sum: 1, cluster: `user-${index % 20}` })),
    ),
    baseline: talliesOf(many(60, 1)),
    word: 'inconclusive',
    codes: ['undecided'],
    sentence:
      'inconclusive: between -11 and +11 pp, limit -5: 0 cases broke, 0 were fixed of 60; about 25 more clusters would probably settle it',
  },
]

describe('the rules', () => {
  it.each(rows)('$rule', ({ candidate, baseline, policy, word, codes, sentence }) => {
    const verdict = gate({ candidate, baseline, policy: policyOf(policy) })
    expect(verdict.reasons.map((reason) => reason.code)).toEqual(codes)
    expect(verdict.word).toBe(word)
    expect(verdict.sentence).toBe(sentence ?? verdict.sentence)
    expect(verdictSchema.parse(verdict)).toEqual(verdict)
  })

  it('says what to do with every verdict that is not a pass', () => {
    // A broken floor explains itself; only one out of reach has more to say.
    const others = rows.filter(({ word, codes }) => word !== 'pass' && codes[0] !== 'floor-broken')
    for (const { candidate, baseline, policy } of others) {
      const { reasons } = gate({ candidate, baseline, policy: policyOf(policy) })
      expect(reasons.some((reason) => reason.hint !== undefined)).toBe(true)
    }
  })
})
