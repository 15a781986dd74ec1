import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EvalkitError } from '../schema/errors.ts'
import type { Score } from '../schema/score.ts'
import type { Answer, Check } from './check.ts'
import { all, any, type CheckOrFunction, not, weighted } from './combine.ts'
import { contains, equals, maxSteps } from './checks/index.ts'
import { asCheck } from './plain-check.ts'
import { score } from './score.ts'
import { subjectOf } from './subject.ts'

const subject = subjectOf({ output: 'Refund issued.' })

type Word = 'pass' | 'fail' | 'open'

function saying(name: string, answer: Answer): Check {
  return { name, gating: true, identity: { check: name, answer }, answer: () => answer }
}

function member(word: Word, name: string = word): Check {
  if (word === 'open') return saying(name, { unscored: `${name} cannot say` })
  return saying(name, { value: word === 'pass' ? 1 : 0, reason: `${name} says so` })
}

async function asked(check: Check): Promise<Score> {
  const [got] = await score(subject, [check])
  if (got === undefined) throw new Error('no score')
  return got
}

async function wordOf(check: Check): Promise<Word> {
  const got = await asked(check)
  return got.status === 'scored' ? (got.passed ? 'pass' : 'fail') : 'open'
}

function verdictOf(got: Score): unknown {
  return got.status === 'scored' ? { value: got.value, passed: got.passed } : got.status
}

describe('not', () => {
  it.each([
    ['pass', 'fail'],
    ['fail', 'pass'],
    ['open', 'open'],
  ] as const)('of %s is %s', async (one, other) => {
    expect(await wordOf(not(member(one)))).toBe(other)
  })

  it('says what the other said, and turns its value round', async () => {
    const near = saying('near', { value: 0.75, passed: true, reason: '0.75 alike' })
    expect(await asked(not(near))).toMatchObject({
      name: 'not near',
      value: 0.25,
      passed: false,
      reason: 'near passed: 0.75 alike',
    })
    expect(await asked(not(member('open')))).toMatchObject({ reason: 'open cannot say' })
  })

  it('makes no pass of an error, an aborted trial or an agent that failed', async () => {
    const broken = asCheck(() => JSON.parse('{'), { as: 'broken' })
    expect(await asked(not(broken))).toMatchObject({ status: 'unscored' })
    const aborted = subjectOf({ status: 'aborted', reason: 'no recording' })
    expect(await score(aborted, [not(member('fail'))])).toMatchObject([{ status: 'unscored' }])
    const failed = subjectOf({ status: 'failed', reason: 'it threw' })
    expect(await score(failed, [not(member('fail'))])).toMatchObject([{ passed: false, value: 0 }])
  })
})

describe('all and any', () => {
  it.each([
    ['pass', 'pass', 'pass', 'pass'],
    ['pass', 'fail', 'fail', 'pass'],
    ['pass', 'open', 'open', 'pass'],
    ['fail', 'fail', 'fail', 'fail'],
    ['fail', 'open', 'fail', 'open'],
    ['open', 'open', 'open', 'open'],
  ] as const)('of %s and %s are %s and %s', async (one, other, both, either) => {
    for (const pair of [
      [member(one), member(other)],
      [member(other), member(one)],
    ]) {
      expect(await wordOf(all(pair))).toBe(both)
      expect(await wordOf(any(pair))).toBe(either)
    }
  })

  it('keep to De Morgan’s laws, in words and values', async () => {
    const answer = fc.oneof(
      fc.record({
        value: fc.integer({ min: 0, max: 8 }).map((eighths) => eighths / 8),
        passed: fc.boolean(),
      }),
      fc.constant({ unscored: 'cannot say' }),
    )
    const law = fc.asyncProperty(fc.array(answer, { minLength: 1, maxLength: 5 }), async (answers) => {
      const members = answers.map((each, at) => saying(`check-${at}`, each))
      const negated = members.map((each) => not(each))
      for (const [left, right] of [
        [not(all(members)), any(negated)],
        [not(any(members)), all(negated)],
      ] as const) {
        const [one, other] = [await asked(left), await asked(right)]
        expect(verdictOf(one)).toEqual(verdictOf(other))
      }
    })
    await fc.assert(law, { seed: 42, numRuns: 300 })
  })

  it('is worth as much as the weakest, or the strongest', async () => {
    const values = [0.5, 0.75].map((value) => saying(String(value), { value, passed: true }))
    expect(await asked(all(values))).toMatchObject({ value: 0.5, passed: true })
    expect(await asked(any(values))).toMatchObject({ value: 0.75, passed: true, reason: '0.5, 0.75 passed' })
  })

  it('say which failed, why, and who could not say', async () => {
    const members = [member('pass'), member('fail', 'tone'), member('open', 'cost')]
    expect(await asked(all(members))).toMatchObject({ reason: '1 of 3 checks failed: tone: tone says so' })
    expect(await asked(any(members.slice(1)))).toMatchObject({ reason: 'cost: cost cannot say' })
    expect(await asked(any([member('fail', 'tone')]))).toMatchObject({
      reason: 'none of 1 check passed: tone: tone says so',
    })
  })
})

describe('weighted', () => {
  const parts = [
    [saying('right', { value: 0.75, passed: true }), 3],
    [saying('short', { value: 0, reason: 'too long' }), 1],
  ] as const

  it('is the mean, and passes from `min` on', async () => {
    expect(await asked(weighted(parts, { min: 0.5 }))).toMatchObject({ value: 0.5625, passed: true })
    expect(await asked(weighted(parts))).toMatchObject({
      value: 0.5625,
      passed: false,
      reason: '0.56, less than 1 (right 0.75 × 3, short 0.00 × 1): short: too long',
    })
  })

  it('is open where one part is', async () => {
    expect(await asked(weighted([...parts, [member('open'), 0.01]]))).toMatchObject({ status: 'unscored' })
  })

  it('is exactly 1 where all parts are, whatever they weigh', async () => {
    const weights = fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 6 })
    const law = fc.asyncProperty(weights, async (each) => {
      const whole = weighted(each.map((weight) => [member('pass'), weight] as const))
      expect(await asked(whole)).toMatchObject({ value: 1, passed: true })
    })
    await fc.assert(law, { seed: 42 })
    const tenths = weighted(
      [
        [member('pass'), 0.7],
        [member('fail'), 0.1],
        [member('fail'), 0.2],
      ],
      { min: 0.7 },
    )
    expect(await wordOf(tenths)).toBe('pass')
  })
})

describe('a combined check', () => {
  const tea = contains({ text: 'tea' })
  const jam = contains({ text: 'jam' })

  it('is identified by what stands in it, whatever the order', () => {
    expect(all([tea, jam]).identity).toEqual(all([jam, tea]).identity)
    expect(
      weighted([
        [tea, 1],
        [jam, 2],
      ]).identity,
    ).toEqual(
      weighted([
        [jam, 2],
        [tea, 1],
      ]).identity,
    )
    const others = [
      all([tea]),
      any([tea]),
      not(tea),
      all([tea, jam]),
      weighted([
        [tea, 1],
        [jam, 2],
      ]),
      weighted([
        [tea, 2],
        [jam, 1],
      ]),
      weighted(
        [
          [tea, 1],
          [jam, 2],
        ],
        { min: 0.5 },
      ),
      all([tea], { gating: false }),
      all([tea], { as: 'tea' }),
      all([not(tea)]),
    ]
    expect(new Set(others.map(({ identity }) => JSON.stringify(identity))).size).toBe(others.length)
  })

  it('has a name, may be shown only, and uses tools where one in it does', () => {
    expect(all([tea], { as: 'both', gating: false })).toMatchObject({ name: 'both', gating: false })
    expect(not(all([tea, jam]))).toMatchObject({ name: 'not all', gating: true })
    const knowing: Check = { ...member('pass'), usesTools: true }
    expect(any([tea, not(knowing)]).usesTools).toBe(true)
    expect(any([tea, jam]).usesTools).toBeUndefined()
    const late: Check = { ...member('pass'), asksFailed: true }
    expect([all([late, tea]).asksFailed, all([late, not(late)]).asksFailed]).toEqual([undefined, true])
  })

  it('takes no judge: what is calibrated stands alone', () => {
    const models: [] = []
    const judge = {
      kind: 'rubric',
      fingerprint: 'f',
      criterion: 'c',
      models,
      samples: 1,
      asks: 'The answer is right.',
      questionsOf: () => [],
    }
    const polite = { ...member('pass'), judge } as unknown as Check
    expect(() => all([tea, polite])).toThrow(/stands within all/)
    expect(() => not(polite)).toThrow(/stands within not/)
  })

  it('takes plain functions', async () => {
    const polite = ({ output }: { readonly output?: unknown }) => String(output).includes('please')
    expect(await asked(any([polite, tea, equals({ value: 'Refund issued.' })]))).toMatchObject({
      passed: true,
      reason: 'equals passed',
    })
    expect(await asked(all([() => 0]))).toMatchObject({ reason: '1 of 1 check failed: check-1' })
    expect(await wordOf(all([maxSteps({ steps: 3 }), not(polite)]))).toBe('pass')
  })

  const loose = { not, all, any, weighted } as unknown as Readonly<
    Record<string, (...given: unknown[]) => Check>
  >
  it.each([
    ['all', [[]], 'needs a list of checks'],
    ['any', [tea], 'needs a list of checks'],
    ['not', [undefined], 'A check is needed here'],
    ['not', [contains], 'was not called'],
    ['all', [[contains({ text: 'tea', gating: false })]], 'says "gating: false"'],
    ['all', [[tea], { as: 'success' }], 'cannot be called "success"'],
    ['all', [[tea], { as: '' }], '1 to 100 characters'],
    ['weighted', [[[tea, 0]]], 'A weight is 0'],
    ['weighted', [[[tea]]], 'A weight is undefined'],
    ['weighted', [[tea, jam]], 'a list of pairs'],
    ['weighted', [tea], 'a list of pairs'],
    ['weighted', [[]], 'needs a list of checks'],
    ['weighted', [[[tea, 1]], { min: 2 }], 'passes at 2'],
  ])('%s(%j) says what is wrong', (word, given, says) => {
    const act = () => loose[word]?.(...given)
    expect(act).toThrow(EvalkitError)
    expect(act).toThrow(says)
  })

  it('nests', async () => {
    const nested: CheckOrFunction = all([any([tea, not(jam)]), not(all([tea, jam]))])
    expect(await wordOf(nested)).toBe('pass')
  })
})
