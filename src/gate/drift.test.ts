import { describe, expect, it } from 'vitest'
import type { Release, Tallies } from '../schema/run.ts'
import { isOpen } from './escalation.ts'
import { gate } from './gate.ts'
import { many, policyOf, talliesOf } from './testing/tallies.ts'

const runOf = (failing: number, change: Partial<Tallies> = {}, of = 200): Tallies =>
  talliesOf([...many(failing, 0), ...many(of - failing, 1)], change)
const releaseOf = (tallies: Tallies): Release => ({
  v: 1,
  released: { at: '2026-01-01T00:00:00.000Z', by: 'Ann', name: 'v1.4' },
  accepted: { at: '2026-01-01T00:00:00.000Z', by: 'Ann', reason: 'first' },
  ...tallies,
})
const release = releaseOf(runOf(0))
const held = (candidate: Tallies, over: Partial<Parameters<typeof gate>[0]> = {}): ReturnType<typeof gate> =>
  gate({
    candidate,
    baseline: candidate,
    policy: policyOf(),
    standing: { today: '2026-11-28', release },
    ...over,
  })

describe('drift since the last release', () => {
  it('catches ten steps of -2 pp that each pass', () => {
    const accepted = Array.from({ length: 11 }, (_, step) => runOf(4 * step))
    const alone = accepted.slice(1).map((now, at) => {
      const baseline = accepted[at]
      return gate({ candidate: now, baseline, policy: policyOf() }).word
    })
    expect(alone).toEqual(Array.from({ length: 10 }, () => 'pass'))
    const together = accepted.slice(1).map((now, at) => held(now, { baseline: accepted[at] ?? now }).word)
    // Twice the margin is 10 pp: with 200 cases it is no longer ruled out from the fourth step on.
    expect(together).toEqual(['pass', 'pass', 'pass', ...Array.from({ length: 7 }, () => 'fail')])
    const last = held(runOf(40), { baseline: runOf(36) })
    expect(last.sentence).toMatchInlineSnapshot(
      `"drift since the release v1.4: -20.0 pp (90 % CI -24.6 to -15.0), limit -10.0, 200 cases"`,
    )
    expect(last.drift).toMatchObject({
      word: 'fail',
      release: 'v1.4',
      margin: 0.1,
      difference: -0.2,
      cases: 200,
    })
    expect(last.reasons.map(({ code }) => code)).toEqual(['drift', 'no-regression', 'hard-breaks'])
  })

  it('has a margin of its own where the policy says so', () => {
    const policy = policyOf({ drift: { margin: 0.3 } })
    const verdict = held(runOf(40), { policy })
    expect([verdict.word, verdict.drift?.word, verdict.drift?.margin]).toEqual(['pass', 'pass', 0.3])
    expect(verdict.reasons.at(-1)?.code).toBe('drift-held')
  })

  it('says what it could not settle, and does not hold back the verdict', () => {
    const few = runOf(1, {}, 20)
    const verdict = held(few, { standing: { today: '', release: releaseOf(runOf(0, {}, 20)) } })
    expect(verdict.drift).toMatchObject({
      word: 'inconclusive',
      why: expect.stringContaining('it takes') as string,
    })
    expect(verdict.reasons.map(({ code }) => code)).toContain('drift-undecided')
  })

  it('is never green by what cannot be compared', () => {
    const why = (of: Release | undefined, over: Parameters<typeof held>[1] = {}): unknown[] => {
      const { word, drift, reasons } = held(runOf(0), { standing: { today: '', release: of }, ...over })
      expect(reasons[0]?.code).toBe('drift-incomparable')
      return [word, drift?.word, drift?.why]
    }
    const demanded = { policy: policyOf({ drift: { margin: 0.1 } }) }
    expect(why(undefined, demanded)).toEqual([
      'inconclusive',
      'incomparable',
      'no baseline is marked as that of a release',
    ])
    const hashes = { ...release.hashes, checks: 'k2' }
    expect(why({ ...release, hashes })).toEqual([
      'inconclusive',
      'incomparable',
      'The checks are not those of the baseline',
    ])
    expect(why({ ...release, planned: 201 })[1]).toBe('incomparable')
    expect(why({ ...release, cases: [], planned: 0 })[1]).toBe('incomparable')
    const edited = release.cases.map((tally, at) => (at < 101 ? { ...tally, hash: 'h2' } : tally))
    expect(why({ ...release, cases: edited })[2]).toBe(
      'only 99 of the 200 cases of the release can be compared',
    )
    const unscored = release.cases.map((tally, at) =>
      at < 10 ? { ...tally, metrics: { success: { n: 0, sum: 0, unscored: 1 } } } : tally,
    )
    expect(why({ ...release, cases: unscored })[2]).toBe('10 of 200 trials of the release are unscored')
  })

  it('takes the level of a look, and what cannot be asked is not asked of more trials', () => {
    const look = { level: 0.02, isOpen: true }
    const [usual, strict] = [held(runOf(13)), held(runOf(13), { look })]
    expect(strict.drift?.lower ?? 0).toBeLessThan(usual.drift?.lower ?? 0)
    expect(strict.reasons.find(({ code }) => code.startsWith('drift'))?.what).toContain('(96 % CI ')
    const few = runOf(1, {}, 20)
    const standing = { today: '', release: releaseOf(few) }
    expect(isOpen(held(few, { look, standing }))).toBe(true)
    const other = { ...standing.release, hashes: { ...release.hashes, checks: 'k2' } }
    expect(isOpen(held(few, { look, standing: { today: '', release: other } }))).toBe(false)
  })

  it('says how many cases of the release are not there any more', () => {
    const fewer = release.cases.slice(0, 180)
    const verdict = held({ ...runOf(0), cases: fewer, planned: 180 })
    expect(verdict.drift).toMatchObject({ word: 'pass', cases: 180, outside: 20 })
    expect(verdict.reasons.find(({ code }) => code === 'drift-held')?.what).toContain(
      '20 of its cases not among them',
    )
  })

  it('is not asked where there is no release', () => {
    expect(held(runOf(40), { standing: { today: '' } })).not.toHaveProperty('drift')
  })

  it('hangs on no unscored trial', () => {
    const candidate = runOf(13)
    const cases = candidate.cases.map((tally, at) =>
      at >= 196 ? { ...tally, metrics: { success: { n: 0, sum: 0, unscored: 1 } } } : tally,
    )
    const { drift } = held({ ...candidate, cases })
    expect(drift).toMatchObject({
      word: 'inconclusive',
      why: expect.stringContaining('not scored') as string,
    })
  })
})

describe('what is known of a baseline', () => {
  it('invalid after its last day, by the day of the run, with the numbers still there', () => {
    const on = (today: string): ReturnType<typeof gate> =>
      held(runOf(0), { standing: { today, expires: '2026-11-28' } })
    expect(on('2026-11-28').word).toBe('pass')
    const over = on('2026-11-29')
    expect([over.word, over.reasons[0]?.code, over.comparison?.cases]).toEqual([
      'invalid',
      'baseline-expired',
      200,
    ])
    expect(over.sentence).toBe('invalid: the baseline was accepted until 2026-11-28, and that day is over')
  })

  it('says what a pool adds, that it tells another story, and why it adds nothing', () => {
    const pool = { runs: 3, trials: 600, cases: 200, acceptedMean: 0.9, pooledMean: 0.87 }
    const reasons = (of: object): unknown =>
      held(runOf(0), { standing: { today: '', pool: { ...pool, ...of } } })
        .reasons.filter(({ code }) => code.includes('pool'))
        .map(({ what }) => what)
    expect(reasons({})).toEqual([
      '600 trials of 3 runs of the base branch are pooled with the baseline, in 200 cases.',
      'With the pool the mean of the baseline is 3.0 pp lower than what was accepted.',
    ])
    expect(reasons({ pooledMean: 0.91 })).toHaveLength(1)
    expect(reasons({ why: 'it holds no run' })).toEqual([
      'The pool adds nothing to the baseline: it holds no run.',
    ])
  })
})
