import { describe, expect, it } from 'vitest'
import { noToolErrors } from './checks/index.ts'
import type { Check } from './check.ts'
import { asCheck, type PlainCheck } from './plain-check.ts'
import { score } from './score.ts'
import { subjectOf } from './subject.ts'

const subject = subjectOf({ input: 'Where is #W1?', output: 'On its way.', expected: 'On its way.' })

async function scoreOf(returned: () => unknown) {
  const [got] = await score(subject, [asCheck(returned, { as: 'plain' })])
  return got
}

describe('a plain function as a check', () => {
  it('is asked with the words scorers know', async () => {
    const seen: unknown[] = []
    const look = (given: unknown) => {
      seen.push(given)
      return 1
    }
    await score(subject, [asCheck(look)])
    expect(seen).toEqual([
      {
        input: 'Where is #W1?',
        output: 'On its way.',
        expected: 'On its way.',
        trace: subject.outcome.trace,
        case: subject.case,
      },
    ])
  })

  it('takes autoevals scorers as they are', async () => {
    const ExactMatch = async ({ output, expected }: { output: unknown; expected?: unknown }) => ({
      name: 'ExactMatch',
      score: output === expected ? 1 : 0,
      metadata: { rationale: 'They are the same.' },
    })
    expect(await score(subject, [asCheck(ExactMatch)])).toEqual([
      {
        name: 'ExactMatch',
        source: 'check',
        gating: true,
        status: 'scored',
        value: 1,
        passed: true,
        reason: 'They are the same.',
      },
    ])
  })

  it('has a type that scorers of other libraries fit, and that tells one written in place what it is given', () => {
    const Levenshtein = (args: { output: string; expected?: string; limit?: number }) => ({
      name: 'Levenshtein',
      score: args.output === args.expected ? 1 : 0,
    })
    const checks: readonly (Check | PlainCheck)[] = [
      noToolErrors(),
      Levenshtein,
      function steps({ trace }) {
        return trace.spans.length < 5
      },
    ]
    expect(checks.map((check) => asCheck(check).name)).toEqual(['noToolErrors', 'Levenshtein', 'steps'])
  })

  it.each([
    [true, { value: 1, passed: true }],
    [false, { value: 0, passed: false }],
    [1, { value: 1, passed: true }],
    [0.5, { value: 0.5, passed: false }],
    [
      { value: 0.5, passed: true, reason: 'good enough' },
      { value: 0.5, passed: true, reason: 'good enough' },
    ],
    [{ score: 0.5 }, { value: 0.5, passed: false }],
    [{ score: true }, { value: 1, passed: true }],
  ])('reads %j', async (returned, expected) => {
    expect(await scoreOf(() => returned)).toMatchObject({ status: 'scored', ...expected })
  })

  it.each([
    [null, 'returned null'],
    [undefined, 'returned undefined'],
    [Number.NaN, 'returned NaN'],
    [{ name: 'plain', score: null }, 'returned null as its score'],
    [{ score: Number.NaN }, 'NaN'],
    [{ passed: true }, 'returned undefined as its score'],
    [{ score: '1' }, 'a string as its score'],
    [{ name: 'plain', score: 0, error: 'rate limit' }, 'reported an error: rate limit'],
    [{ unscored: 'no sources' }, 'no sources'],
    ['yes', 'returned a string'],
    [1.5, 'not within 0 and 1'],
    [-1, 'not within 0 and 1'],
    [Number.POSITIVE_INFINITY, 'not within 0 and 1'],
    [{ value: 2, passed: true }, 'not within 0 and 1'],
  ])('leaves %j unscored', async (returned, says) => {
    expect(await scoreOf(() => returned)).toMatchObject({
      status: 'unscored',
      reason: expect.stringContaining(says),
    })
  })

  it('is unscored where it throws, now or later, whatever it throws', async () => {
    const throws = () => {
      throw new Error('no network')
    }
    expect(await scoreOf(throws)).toMatchObject({ status: 'unscored', reason: 'the check threw: no network' })
    const rejects = () => Promise.reject(new Error('no network'))
    expect(await scoreOf(rejects)).toMatchObject({ status: 'unscored' })
    // What cannot even be turned into text.
    const odd = () => Promise.reject(Object.create(null))
    expect(await scoreOf(odd)).toMatchObject({ status: 'unscored' })
  })

  it('passes from where it is told to', async () => {
    const similarity = () => 0.8
    expect(await score(subject, [asCheck(similarity, { passAt: 0.8, gating: false })])).toMatchObject([
      { name: 'similarity', gating: false, value: 0.8, passed: true },
    ])
    expect(() => asCheck(similarity, { passAt: 80 })).toThrow(/passes at 80/)
  })

  it('is identified by its name and its source', () => {
    const polite = ({ output }: { output: unknown }) => String(output).includes('please')
    const curt = { polite: ({ output }: { output: unknown }) => !String(output).includes('please') }
    expect(asCheck(polite).identity).toEqual(asCheck(polite).identity)
    expect(asCheck(polite).identity).not.toEqual(asCheck(curt.polite).identity)
    expect(asCheck(polite).identity).not.toEqual(asCheck(polite, { gating: false }).identity)
  })
})

describe('asCheck', () => {
  it('leaves a check as it is', () => {
    const check = noToolErrors()
    expect(asCheck(check)).toBe(check)
    expect(() => asCheck(check, { as: 'other' })).toThrow(/already/)
  })

  it.each([
    [noToolErrors, '"noToolErrors" was not called'],
    [() => 1, 'without a name'],
    ['contains', 'this is a string'],
    [null, 'this is null'],
    [{ name: 'contains' }, 'this is an object'],
    [[], 'this is a list'],
    [{ success: () => 1 }.success, 'cannot be called "success"'],
  ])('refuses %o', (value, says) => {
    expect(() => asCheck(value)).toThrow(says)
  })
})
