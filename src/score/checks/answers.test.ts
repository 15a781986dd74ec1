import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pairwiseSimilarity } from '../../lib/json-similarity.ts'
import { workOf } from '../../lib/work.ts'
import type { Json } from '../../schema/json.ts'
import type { Check } from '../check.ts'
import { score } from '../score.ts'
import { type SubjectSketch, subjectOf } from '../subject.ts'
import { endsWith, equals, jsonDiff, listMatch, rouge, similarity, startsWith } from './index.ts'

async function asked(check: Check, sketch: SubjectSketch) {
  const [got] = await score(subjectOf(sketch), [check])
  return got
}

async function valueOf(check: Check, output: Json): Promise<number> {
  const got = await asked(check, { output })
  return got?.status === 'scored' ? got.value : Number.NaN
}

/** The best sum, by trying every pairing. */
function best(alike: readonly (readonly number[])[], used: ReadonlySet<number> = new Set()): number {
  const [row, ...rest] = alike
  if (row === undefined) return 0
  const alone = best(rest, used)
  return row.reduce(
    (most, value, at) => (used.has(at) ? most : Math.max(most, value + best(rest, new Set([...used, at])))),
    alone,
  )
}

describe('listMatch', () => {
  it('does not give the first that fits what a later one needs', async () => {
    // "abc" is most like "abcd" (0.75), which is all that "abcd" wants; "abx" is nearly as good for it.
    expect(await valueOf(listMatch({ values: ['abc', 'abcd'] }), ['abcd', 'abx'])).toBeCloseTo(
      (2 / 3 + 1) / 2,
    )
  })

  it('finds the best of all pairings', async () => {
    const list = fc.array(fc.constantFrom('tea', 'tee', 'ten', 'jam', 'ham', 1, 2), { maxLength: 4 })
    const law = fc.asyncProperty(list, list, async (values, output) => {
      const alike = pairwiseSimilarity(values, output, workOf()) ?? []
      const longest = Math.max(values.length, output.length)
      const whole = longest === 0 ? 1 : best(alike) / longest
      expect(await valueOf(listMatch({ values }), output)).toBeCloseTo(whole, 9)
    })
    await fc.assert(law, { seed: 42, numRuns: 200 })
  })

  it('counts a pair that may be more as no more than all', async () => {
    expect(await valueOf(listMatch({ values: [], allowExtra: true }), ['tea'])).toBe(1)
    expect(await valueOf(listMatch({ values: [] }), ['tea'])).toBe(0)
    expect(await valueOf(listMatch({ values: ['tea'], allowExtra: true }), ['tea', 'tea'])).toBe(1)
    expect(await valueOf(listMatch({ values: ['tea', 'tea'] }), ['tea'])).toBe(0.5)
  })

  it('does not compare what is too long', async () => {
    const values = Array.from({ length: 600 }, (_, at) => at)
    expect(await asked(listMatch({ values }), { output: values })).toMatchObject({
      status: 'unscored',
      reason: '600 items and 600 items are too many to compare each with each',
    })
  })
})

describe('a text that holds JSON', () => {
  it('is what it spells to `equals` only where that is asked for, and no text is expected', async () => {
    const output = '{"usd": 20}'
    expect(await valueOf(equals({ value: { usd: 20 } }), output)).toBe(0)
    expect(await valueOf(equals({ value: { usd: 20 }, parse: true }), output)).toBe(1)
    expect(await valueOf(equals({ value: output, parse: true }), output)).toBe(1)
    expect(await valueOf(equals({ value: 20, parse: true }), '20')).toBe(0)
  })

  it('leaves the identity of checks that do not ask for it as it was', () => {
    expect(equals({ value: 1 }).identity).toEqual({ check: 'equals', params: { value: 1, tolerance: 0 } })
  })

  it('is what it spells to `jsonDiff`, on both sides, unless told otherwise', async () => {
    const [value, output] = ['{"a": 1, "b": 2}', '{"b":2,"a":1}']
    expect(await valueOf(jsonDiff({ value }), output)).toBe(1)
    expect(await valueOf(jsonDiff({ value, parse: false }), output)).toBeLessThan(1)
    expect(await valueOf(jsonDiff({ value: '[broken' }), '[broken')).toBe(1)
  })
})

describe('checks of answers', () => {
  it('take no output for no empty answer', async () => {
    const checks = [
      similarity({ text: '' }),
      jsonDiff({ value: null }),
      listMatch({ values: [] }),
      rouge({ text: 'tea', min: 0 }),
      startsWith({ text: 'tea' }),
      endsWith({ text: 'tea' }),
    ]
    const scores = await score(subjectOf({}), checks)
    expect(scores.map((got) => got.status === 'scored' && !got.passed && got.value)).toEqual([
      0, 0, 0, 0, 0, 0,
    ])
  })

  it('say that texts are too long instead of how alike they are', async () => {
    const [one, other] = ['ab '.repeat(8_000), 'ba '.repeat(8_000)]
    expect(await asked(similarity({ text: one }), { output: other })).toMatchObject({
      status: 'unscored',
      reason: '24,000 and 24,000 characters are too many to compare each with each',
    })
    expect(await asked(jsonDiff({ value: one }), { output: other })).toMatchObject({ status: 'unscored' })
  })

  it('do not show a value as the mark that it misses', async () => {
    const text = 'a'.repeat(1_000)
    expect(
      await asked(similarity({ text }), { output: `${'a'.repeat(799)}${'b'.repeat(201)}` }),
    ).toMatchObject({
      passed: false,
      reason: expect.stringContaining('is 0.79 alike'),
    })
  })

  it('do not mind how letters are composed', async () => {
    expect(await valueOf(startsWith({ text: 'Café' }), 'CAFE\u0301 au lait')).toBe(1)
    expect(await valueOf(endsWith({ text: 'cafe\u0301' }), 'Un café')).toBe(1)
    expect(await valueOf(similarity({ text: 'cafe\u0301' }), 'café')).toBe(1)
  })
})
