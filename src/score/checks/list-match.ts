import * as z from 'zod'
import { cheapestAssignment } from '../../lib/assign.ts'
import { pairwiseSimilarity } from '../../lib/json-similarity.ts'
import { spend, workOf } from '../../lib/work.ts'
import { json } from '../../schema/json.ts'
import { defineCheck } from '../define-check.ts'
import { meantJson } from '../read-output.ts'
import { count, listed, shown, twoDecimals } from '../show.ts'
import { subjectOf } from '../subject.ts'

const mostShown = 4

export const listMatch = defineCheck({
  name: 'listMatch',
  group: 'answer',
  description:
    'The output is a list of the expected items, in any order. Items are paired so that they are most alike in sum (texts by spelling, other values part by part); what finds no partner counts 0.',
  params: z.strictObject({
    values: z.array(json).optional().describe("The expected items. Default: the case's `expected`."),
    allowExtra: z.boolean().default(false).describe('Whether items that nobody expected cost nothing.'),
    min: z.number().min(0).max(1).default(1).describe('The value from which on it passes.'),
  }),
  examples: [
    {
      title: 'The order does not matter.',
      params: { values: ['tea', 'jam'] },
      subject: subjectOf({ output: ['jam', 'tea'] }),
      expect: 'pass',
    },
    {
      title: 'Items that are nearly right count nearly whole.',
      params: { min: 0.8 },
      subject: subjectOf({ expected: ['Jane Miller', 'Tom Baker'], output: ['Tom Baker', 'Jane Muller'] }),
      expect: 'pass',
    },
    {
      title: 'An item too many costs as much as one that is missing, unless it may be there.',
      params: { values: ['tea', 'jam'] },
      subject: subjectOf({ output: ['tea', 'jam', 'salt'] }),
      expect: 'fail',
      says: '1 item too many: "salt"',
    },
    {
      title: 'What is asked for is all there, and more.',
      params: { values: ['tea', 'jam'], allowExtra: true },
      subject: subjectOf({ output: '["salt", "tea", "jam"]' }),
      expect: 'pass',
    },
    {
      title: 'The reason names what is missing.',
      params: { values: ['tea', 'jam', 'bread'] },
      subject: subjectOf({ output: ['tea', 'jam'] }),
      expect: 'fail',
      says: 'lacks "bread"',
    },
    {
      title: 'What is no list holds no items.',
      params: { values: ['tea'] },
      subject: subjectOf({ output: 'tea' }),
      expect: 'fail',
      says: 'the output is "tea" and no list',
    },
    {
      title: 'No list is expected, so nothing can be said.',
      params: {},
      subject: subjectOf({ expected: 'tea', output: ['tea'] }),
      expect: 'unscored',
      says: 'no list as "expected"',
    },
  ],
  answer({ case: of, outcome }, { values, allowExtra, min }) {
    const expected = values ?? (of.expected === undefined ? undefined : meantJson(of.expected))
    if (!Array.isArray(expected))
      return { unscored: 'the check names no values and the case has no list as "expected"' }
    const { output } = outcome
    const got = output === undefined ? undefined : meantJson(output)
    if (!Array.isArray(got))
      return { value: 0, passed: false, reason: `the output is ${shown(output)} and no list` }
    const pairs = pairsOf(expected, got)
    if (pairs === undefined) {
      const lengths = `${count(got.length, 'item')} and ${count(expected.length, 'item')}`
      return { unscored: `${lengths} are too many to compare each with each` }
    }
    const sum = pairs.reduce((total, { alike }) => total + alike, 0)
    const denominator = allowExtra ? expected.length : Math.max(expected.length, got.length)
    const value = denominator === 0 ? 1 : Math.min(1, sum / denominator)
    const passed = value >= min
    const reason = reasonOf(expected, got, pairs, allowExtra)
    return { value, passed, ...(reason === '' ? {} : { reason: `${twoDecimals(value)}: ${reason}` }) }
  },
})

interface Pair {
  readonly expected: number
  readonly got: number
  readonly alike: number
}

/** The pairing with the greatest sum; items that are nothing alike are no pair. */
function pairsOf(expected: readonly unknown[], got: readonly unknown[]): readonly Pair[] | undefined {
  const work = workOf()
  const [shorter, longer] = [Math.min(expected.length, got.length), Math.max(expected.length, got.length)]
  if (!spend(work, shorter * shorter * longer)) return undefined
  const alike = pairwiseSimilarity(expected, got, work)
  if (alike === undefined) return undefined
  const pairing = cheapestAssignment(alike.map((row) => row.map((value) => 1 - value)))
  return pairing.flatMap((got, expected) => {
    const value = got === undefined ? 0 : (alike[expected]?.[got] ?? 0)
    return got === undefined || value === 0 ? [] : [{ expected, got, alike: value }]
  })
}

function reasonOf(
  expected: readonly unknown[],
  got: readonly unknown[],
  pairs: readonly Pair[],
  allowExtra: boolean,
): string {
  const found = new Set(pairs.map((pair) => pair.expected))
  const used = new Set(pairs.map((pair) => pair.got))
  const missing = expected.filter((_, at) => !found.has(at))
  const extra = allowExtra ? [] : got.filter((_, at) => !used.has(at))
  const unlike = pairs.filter((pair) => pair.alike < 1)
  const names = (items: readonly unknown[]) => {
    return listed(
      items.map((item) => shown(item)),
      mostShown,
    )
  }
  const near = listed(
    unlike.map((pair) => `${shown(got[pair.got])} for ${shown(expected[pair.expected])}`),
    mostShown,
  )
  return [
    missing.length === 0 ? '' : `the output lacks ${names(missing)}`,
    extra.length === 0 ? '' : `${count(extra.length, 'item')} too many: ${names(extra)}`,
    near,
  ]
    .filter((part) => part !== '')
    .join('; ')
}
