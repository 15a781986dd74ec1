import * as z from 'zod'
import type { Difference } from '../../lib/json-diff.ts'
import { alignedDifferences, jsonSimilarity } from '../../lib/json-similarity.ts'
import { workOf } from '../../lib/work.ts'
import { json } from '../../schema/json.ts'
import { defineCheck } from '../define-check.ts'
import { meantJson } from '../read-output.ts'
import { listed, shown, twoDecimals } from '../show.ts'
import { subjectOf } from '../subject.ts'

const mostShown = 4

export const jsonDiff = defineCheck({
  name: 'jsonDiff',
  group: 'answer',
  description:
    'The output is like the expected JSON value. Objects count by key, lists by their best alignment, texts by spelling (Levenshtein), numbers by relative difference; values of different kinds have nothing in common.',
  params: z.strictObject({
    value: json.optional().describe("What the output should be. Default: the case's `expected`."),
    min: z.number().min(0).max(1).default(0.8).describe('The similarity from which on it passes.'),
    parse: z
      .boolean()
      .default(true)
      .describe('Whether a text that holds a JSON object or list is read as such, on both sides.'),
  }),
  examples: [
    {
      title: 'An item that was put in costs its own place and moves no other.',
      params: { value: ['tea', 'jam', 'bread', 'milk'] },
      subject: subjectOf({ output: ['salt', 'tea', 'jam', 'bread', 'milk'] }),
      expect: 'pass',
    },
    {
      title: 'Numbers and texts count by how near they are, whatever order keys come in.',
      params: { value: { name: 'Jane Miller', usd: 100 } },
      subject: subjectOf({ output: '{"usd": 105, "name": "Jane Muller"}' }),
      expect: 'pass',
    },
    {
      title: 'The reason names the places, an item too many once.',
      params: { value: { items: ['tea', 'jam'] }, min: 1 },
      subject: subjectOf({ output: { items: ['salt', 'tea', 'jam'], gift: true } }),
      expect: 'fail',
      says: 'gift is true too many, items[0] is "salt" too many',
    },
    {
      title: 'A number in quotes is text, and no number.',
      params: { value: { usd: 20 } },
      subject: subjectOf({ output: { usd: '20' } }),
      expect: 'fail',
      says: 'usd is "20", not 20',
    },
    {
      title: 'Nothing is expected, so nothing can be said.',
      params: {},
      subject: subjectOf({ output: { usd: 20 } }),
      expect: 'unscored',
      says: 'no "expected"',
    },
  ],
  answer({ case: of, outcome }, { value, min, parse }) {
    const expected = value === undefined ? of.expected : value
    if (expected === undefined) return { unscored: 'the check names no value and the case has no "expected"' }
    const { output } = outcome
    if (output === undefined) return { value: 0, passed: false, reason: 'there is no output' }
    const [wanted, got] = parse ? [meantJson(expected), meantJson(output)] : [expected, output]
    const similarity = jsonSimilarity(wanted, got, workOf())
    if (similarity === undefined) return { unscored: 'the values are too large to compare part by part' }
    if (similarity === 1) return { value: 1 }
    const differences = alignedDifferences(wanted, got, mostShown + 1, workOf())
    const places = listed((differences ?? []).map(differenceText), mostShown)
    const less = similarity >= min ? '' : `, less than ${min}`
    return {
      value: similarity,
      passed: similarity >= min,
      reason: `${twoDecimals(similarity)} alike${less}${places === '' ? '' : `: ${places}`}`,
    }
  },
})

function differenceText({ path, expected, got }: Difference): string {
  const where = path === '' ? 'the output' : path
  if (expected === undefined) return `${where} is ${shown(got)} too many`
  if (got === undefined) return `${where} lacks ${shown(expected)}`
  return `${where} is ${shown(got)}, not ${shown(expected)}`
}
