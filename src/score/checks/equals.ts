import * as z from 'zod'
import { jsonDifferences } from '../../lib/json-diff.ts'
import { json } from '../../schema/json.ts'
import { defineCheck } from '../define-check.ts'
import { within } from '../match-arguments.ts'
import { meantJson } from '../read-output.ts'
import { listed, shown } from '../show.ts'
import { subjectOf } from '../subject.ts'

const mostShown = 4

export const equals = defineCheck({
  name: 'equals',
  group: 'answer',
  description: 'The output is the expected JSON value; the order of keys does not matter.',
  params: z.strictObject({
    value: json.optional().describe("What the output must be. Default: the case's `expected`."),
    tolerance: z.number().nonnegative().default(0).describe('By how much two numbers may differ.'),
    // Without a default, it stands in no identity of a check that was made before there was such a word.
    parse: z
      .boolean()
      .optional()
      .describe('Whether a text output that holds a JSON object or list is read as such. Default: no.'),
  }),
  examples: [
    {
      title: "The output is the case's expected value, whatever order its keys came in.",
      params: {},
      subject: subjectOf({
        output: { status: 'refunded', usd: 20 },
        expected: { usd: 20, status: 'refunded' },
      }),
      expect: 'pass',
    },
    {
      title: 'A number is near enough.',
      params: { value: { usd: 19.99 }, tolerance: 0.01 },
      subject: subjectOf({ output: { usd: 20 } }),
      expect: 'pass',
    },
    {
      title: 'The reason names the place that differs.',
      params: { value: { status: 'refunded', items: [1, 2] } },
      subject: subjectOf({ output: { status: 'refunded', items: [1, 3] } }),
      expect: 'fail',
      says: 'items[1] is 3, not 2',
    },
    {
      title: 'A number in quotes is text.',
      params: { value: 1 },
      subject: subjectOf({ output: '1' }),
      expect: 'fail',
      says: 'the output is "1", not 1',
    },
    {
      title: 'An object that was said as text is read where that is asked for.',
      params: { value: { status: 'refunded' }, parse: true },
      subject: subjectOf({ output: '{ "status": "refunded" }' }),
      expect: 'pass',
    },
    {
      title: 'Nothing is expected, so nothing can be said.',
      params: {},
      subject: subjectOf({ output: 'Refund issued.' }),
      expect: 'unscored',
      says: 'no "expected"',
    },
  ],
  answer({ case: of, outcome }, { value, tolerance, parse = false }) {
    const expected = value === undefined ? of.expected : value
    if (expected === undefined) return { unscored: 'the check names no value and the case has no "expected"' }
    const most = tolerance > 0 ? Number.POSITIVE_INFINITY : mostShown + 1
    const { output } = outcome
    // Who expects a text expects that text, whatever it spells.
    const got = parse && output !== undefined && typeof expected !== 'string' ? meantJson(output) : output
    const differences = jsonDifferences(expected, got, most).filter((it) => !within(it, tolerance))
    if (differences.length === 0) return { value: 1 }
    const texts = differences.map(({ path, expected, got }) => {
      return `${path === '' ? 'the output' : path} is ${shown(got)}, not ${shown(expected)}`
    })
    return { value: 0, reason: listed(texts, mostShown) }
  },
})
