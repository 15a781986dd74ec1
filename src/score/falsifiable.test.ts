import { describe, expect, it } from 'vitest'
import type { Check } from './check.ts'
import { contains, equals, matches, maxCost, maxSteps, recordedScore, toolCalls } from './checks/index.ts'
import { falsifiable } from './falsifiable.ts'
import { asCheck } from './plain-check.ts'
import { subjectOf } from './subject.ts'

const caseOf = (sketch: Parameters<typeof subjectOf>[0]) => subjectOf(sketch).case
const call = { name: 'find', arguments: {} }

describe('falsifiable', () => {
  it.each([
    ['an expected output', { expected: 'yes' }, [equals()], 'can-fail'],
    ['a call that must be made', { reference: { toolCalls: [call] } }, [toolCalls()], 'can-fail'],
    ['a text that must occur', { reference: { contains: ['yes'] } }, [contains()], 'can-fail'],
    ['no expectation at all', {}, [equals(), toolCalls(), contains()], 'never-scored'],
    [
      'an empty list of calls, where more are allowed',
      { reference: { toolCalls: [] } },
      [toolCalls()],
      'always-passes',
    ],
    [
      'an empty list of calls, and no more',
      { reference: { toolCalls: [] } },
      [toolCalls({ mode: 'strict' })],
      'can-fail',
    ],
    ['nothing but limits', {}, [maxSteps({ steps: 40 }), maxCost({ usd: 1 })], 'limits-only'],
    [
      'a check that is only shown',
      { expected: 'yes' },
      [equals({ gating: false }), maxSteps({ steps: 9 })],
      'limits-only',
    ],
    ['a pattern that everything fits', {}, [matches({ pattern: '.*' })], 'always-passes'],
    [
      'a check that throws',
      {},
      [asCheck(() => JSON.parse('{') as boolean, { as: 'broken' })],
      'never-scored',
    ],
  ] as const)('says of a case with %s: %j', async (_, sketch, checks, word) => {
    expect(await falsifiable(caseOf(sketch), checks)).toBe(word)
  })

  it('shows a check of recorded scores that they failed', async () => {
    const recorded = [
      { name: 'reward', source: 'environment', gating: true, status: 'scored', value: 1, passed: true },
    ] as const
    const checks = [recordedScore()]
    expect(await falsifiable(caseOf({}), checks, { recorded })).toBe('can-fail')
    expect(await falsifiable(caseOf({}), checks, { recorded: [...recorded, ...recorded] })).toBe('can-fail')
    expect(await falsifiable(caseOf({}), checks)).toBe('never-scored')
  })

  it('asks no model: where a judge gates, it may fail the case', async () => {
    const judge: Check = {
      name: 'rubric',
      gating: true,
      identity: 'rubric',
      judge: {} as NonNullable<Check['judge']>,
      answer: () => {
        throw new Error('a model was asked')
      },
    }
    expect(await falsifiable(caseOf({}), [judge])).toBe('can-fail')
    expect(await falsifiable(caseOf({}), [{ ...judge, gating: false }, equals()])).toBe('never-scored')
  })
})
