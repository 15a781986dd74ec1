import { describe, expect, it } from 'vitest'
import type { Baseline, Decision, Release, Tallies } from '../schema/run.ts'
import { talliesHash } from '../schema/tallies-hash.ts'
import { baselineChangesOf, changeBetween } from './baseline-changes.ts'
import { many, talliesOf } from './testing/tallies.ts'

const day = (n: number): string => `2026-01-0${n}T00:00:00.000Z`
const accepted = (n: number, failing: number, change: Partial<Baseline> = {}): Baseline => ({
  v: 1,
  accepted: { at: day(n), by: 'Ann', reason: `reason ${n}` },
  ...talliesOf([...many(failing, 0), ...many(100 - failing, 1)], { run: `run-${n}` }),
  ...change,
})
type Accept = Extract<Decision, { action: 'baseline-accept' }>
const line = (of: Baseline, change: Partial<Accept> = {}): Accept => ({
  v: 1,
  at: of.accepted.at,
  by: of.accepted.by,
  eval: of.eval,
  action: 'baseline-accept',
  run: of.run,
  reason: of.accepted.reason,
  metric: 'success',
  after: 0,
  broken: [],
  tallies: talliesHash(of),
  ...change,
})
const first = accepted(1, 0)
const lowered = accepted(2, 8)
const base = { baseline: first, decisions: [line(first)] }
const changes = (head: Parameters<typeof baselineChangesOf>[3], before = base): unknown[] => [
  ...baselineChangesOf('refunds', 'success', before, head),
]

describe('what became of the accepted state', () => {
  it('nothing, where nothing moved', () => {
    expect(changes(base)).toEqual([])
    expect(changes({ decisions: [] }, { decisions: [] } as never)).toEqual([])
  })

  it('lowered, by whom and why, by how much and over what', () => {
    const [change, ...more] = changes({ baseline: lowered, decisions: [line(first), line(lowered)] })
    expect(more).toEqual([])
    expect(change).toMatchObject({
      kind: 'baseline',
      how: 'lowered',
      before: 1,
      after: 0.92,
      change: { difference: -0.08, cases: 100 },
      decision: { by: 'Ann', at: day(2), reason: 'reason 2' },
    })
    expect(change).not.toHaveProperty('undecided')
    expect((change as { broken: string[] }).broken).toHaveLength(8)
  })

  it('raised, first, replaced, deleted', () => {
    const how = (before: Baseline | undefined, now: Baseline | undefined): unknown =>
      (
        changes({ baseline: now, decisions: [] }, { baseline: before, decisions: [] } as never)[0] as {
          how: string
        }
      ).how
    expect(how(lowered, accepted(3, 1))).toBe('raised')
    expect(how(undefined, first)).toBe('first')
    expect(how(first, undefined)).toBe('deleted')
    expect(how(first, { ...first, accepted: { ...first.accepted, reason: 'other' } })).toBe('same')
    expect(how(first, { ...lowered, hashes: { ...first.hashes, checks: 'k2' } })).toBe('replaced')
  })

  it('without a line in the log, or with another one, it is undecided', () => {
    const undecided = (baseline: Baseline, ...lines: readonly Decision[]): unknown =>
      (changes({ baseline, decisions: [line(first), ...lines] })[0] as { undecided?: string }).undecided
    expect(undecided(lowered)).toBe('no line of the log is about it')
    expect(undecided(lowered, line(lowered))).toBeUndefined()
    const edited = { ...lowered, cases: accepted(2, 12).cases }
    expect(undecided(edited, line(lowered))).toBe('the file is not what its line says')
    const longer = { ...lowered, accepted: { ...lowered.accepted, expires: '2027-01-01' } }
    expect(undecided(longer, line(lowered))).toBe('the file is not what its line says')
    // Lines from before tallies had a hash know the mean only.
    const { tallies: _tallies, ...old } = line(lowered, { after: 0.92 })
    expect(undecided(lowered, old)).toBeUndefined()
    expect(undecided(edited, old)).toBe('the file is not what its line says')
  })

  it('put back to what was accepted earlier is undecided, too', () => {
    const log = [line(first), line(lowered)]
    expect(changes({ baseline: first, decisions: log }, { baseline: lowered, decisions: log })).toEqual([
      expect.objectContaining({
        how: 'raised',
        undecided: 'it was accepted earlier, and put back without a new line',
      }),
    ])
  })

  it('names cases that are removed and edited, and lines of the log that are gone', () => {
    const [gone, ...rest] = lowered.cases
    const cases = rest.map((tally, at) => (at === 0 ? { ...tally, hash: 'h2' } : tally))
    const smaller: Baseline = { ...lowered, planned: 99, cases }
    expect(changes({ baseline: smaller, decisions: [line(smaller)] })).toEqual([
      expect.objectContaining({ removed: [gone?.case], edited: [rest[0]?.case] }),
      { kind: 'log', lost: 1 },
    ])
  })

  it('tells of releases and calibrations, of this eval alone', () => {
    const release: Release = {
      ...first,
      v: 1,
      released: { at: day(3), by: 'Bo', name: 'v1.4' },
    }
    const marked: Decision = {
      v: 1,
      at: day(3),
      by: 'Bo',
      eval: 'refunds',
      action: 'baseline-release',
      run: first.run,
      name: 'v1.4',
      metric: 'success',
      after: 1,
      tallies: talliesHash(release),
    }
    const judged: Decision = {
      v: 1,
      at: day(4),
      by: 'Cy',
      eval: 'refunds',
      action: 'calibration-accept',
      judge: 'tone',
      fingerprint: 'f',
      criterion: 'c',
      after: 'can gate',
      j: 0.8,
    }
    const head = { ...base, release, decisions: [line(first), marked, judged, { ...judged, eval: 'other' }] }
    expect(changes(head)).toEqual([
      { kind: 'release', how: 'first', name: 'v1.4', decision: { by: 'Bo', at: day(3) } },
      { kind: 'calibration', judge: 'tone', by: 'Cy', at: day(4), after: 'can gate', j: 0.8 },
    ])
    const byHand = { ...head, release: { ...release, cases: lowered.cases } }
    expect(changes(byHand)[0]).toMatchObject({ undecided: 'the file is not what its line says' })
    expect(changes({ ...head, decisions: [line(first)] })[0]).toMatchObject({
      undecided: 'no line of the log is about it',
    })
  })
})

describe('the change of a baseline', () => {
  it('is the gate’s own interval, and none where the two measure other things', () => {
    // 100 cases, 10 broken and 2 fixed: the reference of the gate's interval.
    const before: Tallies = talliesOf([...many(2, 0), ...many(98, 1)])
    const now: Tallies = talliesOf([...many(2, 1), ...many(10, 0), ...many(88, 1)])
    const { change, broken } = changeBetween(before, now, 'success')
    expect(change?.lower).toBeCloseTo(-0.137402, 6)
    expect(change?.upper).toBeCloseTo(-0.019461, 6)
    expect(broken).toHaveLength(10)
    const other = { ...now, hashes: { ...now.hashes, checks: 'k2' } }
    expect(changeBetween(before, other, 'success')).toEqual({ broken: [], removed: [], edited: [] })
  })
})
