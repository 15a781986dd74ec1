import { describe, expect, it } from 'vitest'
import { metricOf } from '../schema/metric.ts'
import type { Score } from '../schema/score.ts'
import type { Answer, Check } from './check.ts'
import { contains, maxSteps } from './checks/index.ts'
import { score, success } from './score.ts'
import { subjectOf } from './subject.ts'

const refund = contains({ text: 'refund' })
const short = maxSteps({ steps: 3, gating: false })

describe('score', () => {
  it('gives one score for each check, in their order', async () => {
    const scores = await score(subjectOf({ output: 'Refund issued.', says: ['Refund issued.'] }), [
      short,
      refund,
    ])
    expect(scores).toEqual([
      {
        name: 'maxSteps',
        source: 'check',
        gating: false,
        status: 'scored',
        value: 1,
        passed: true,
        reason: '1 step (1 of a model, 0 of tools), 3 allowed',
      },
      { name: 'contains', source: 'check', gating: true, status: 'scored', value: 1, passed: true },
    ])
  })

  it('does not ask about an aborted trial: all is unscored with the reason', async () => {
    const scores = await score(subjectOf({ status: 'aborted', reason: 'no recording', output: 'refund' }), [
      unaskable,
      short,
    ])
    expect(scores).toMatchObject([
      { name: 'unaskable', status: 'unscored', reason: 'no recording' },
      { name: 'maxSteps', status: 'unscored', reason: 'no recording' },
    ])
  })

  it('asks of a failed agent what is about failing', async () => {
    const asked = {
      name: 'undone',
      gating: true,
      identity: 1,
      asksFailed: true,
      answer: () => ({ value: 1 }),
    } as const
    const [undone] = await score(subjectOf({ status: 'failed', reason: 'it threw' }), [asked])
    expect(undone).toMatchObject({ name: 'undone', value: 1, passed: true })
    expect(metricOf({ status: 'failed', scores: undone === undefined ? [] : [undone] }, 'undone')).toEqual({
      value: 0,
      passed: false,
    })
    expect(await score(subjectOf({ status: 'aborted', reason: 'a miss' }), [asked])).toMatchObject([
      { status: 'unscored', reason: 'a miss' },
    ])
  })

  it('gives 0 for a failed agent without asking, however little it cost', async () => {
    const scores = await score(subjectOf({ status: 'failed', reason: 'it threw', output: 'refund' }), [
      unaskable,
      short,
    ])
    expect(scores).toMatchObject([
      { name: 'unaskable', value: 0, passed: false, reason: 'the agent failed: it threw' },
      { name: 'maxSteps', value: 0, passed: false },
    ])
  })

  it.each([
    ['no object', 1],
    ['nothing', undefined],
    ['no number', { value: '1' }],
    ['NaN', { value: Number.NaN }],
    ['too much', { value: 1.01 }],
    ['too little', { value: -0.01 }],
  ])('leaves an answer that is %s unscored', async (_, answer) => {
    const check = checkOf('odd', () => answer as Answer)
    expect(await score(subjectOf({}), [check])).toMatchObject([{ status: 'unscored' }])
  })

  it('cuts a reason nobody would read to the end', async () => {
    const check = checkOf('chatty', () => ({ value: 0, reason: '👍'.repeat(5_000) }))
    const [got] = await score(subjectOf({}), [check])
    expect(got?.reason?.length).toBeLessThanOrEqual(2_000)
    expect(got?.reason?.isWellFormed()).toBe(true)
  })
})

describe('success', () => {
  const base = { name: 'a', source: 'check', gating: true } as const
  const passed: Score = { ...base, status: 'scored', value: 1, passed: true }
  const failed: Score = { ...base, status: 'scored', value: 0.5, passed: false }
  const unscored: Score = { ...base, status: 'unscored', reason: 'no reference' }

  it('is 1 when every gating check passed', () => {
    expect(success([passed, passed, { ...failed, gating: false }])).toEqual({ value: 1, passed: true })
  })

  it('is 0 when one failed, even beside one that could not say', () => {
    expect(success([passed, unscored, failed])).toEqual({ value: 0, passed: false })
  })

  it('is unscored when one could not say and none failed', () => {
    expect(success([passed, unscored])).toEqual({ unscored: 'a: no reference' })
  })

  it('is unscored when nothing gates', () => {
    expect(success([])).toHaveProperty('unscored')
    expect(success([{ ...passed, gating: false }])).toHaveProperty('unscored')
  })
})

const unaskable = checkOf('unaskable', () => {
  throw new Error('asked')
})

function checkOf(name: string, answer: () => Answer): Check {
  return { name, gating: true, identity: name, answer }
}
