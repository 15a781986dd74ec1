import * as z from 'zod'
import { jsonDifferences } from '../../lib/json-diff.ts'
import { json } from '../../schema/json.ts'
import { defineCheck } from '../define-check.ts'
import { compileJmespath } from '../jmespath.ts'
import { within } from '../match-arguments.ts'
import { meantJson } from '../read-output.ts'
import { listed, shown } from '../show.ts'
import { subjectOf } from '../subject.ts'

const mostShown = 4
const order = {
  status: 'refunded',
  items: [
    { sku: 'tea', usd: 12 },
    { sku: 'jam', usd: 8 },
  ],
}

export const jsonPath = defineCheck({
  name: 'jsonPath',
  group: 'answer',
  description:
    'A JMESPath expression over the output (https://jmespath.org) gives the wanted value, or anything that is true.',
  params: z
    .strictObject({
      expression: z
        .string()
        .min(1)
        .max(2_000)
        .describe('The expression. Numbers in it stand in backquotes, texts in single quotes.'),
      value: json
        .optional()
        .describe(
          'What it must give. Default: anything that JMESPath takes for true, so neither `null` nor `false` nor empty.',
        ),
      tolerance: z.number().nonnegative().default(0).describe('By how much two numbers may differ.'),
      in: z
        .enum(['output', 'trace'])
        .default('output')
        .describe(
          'What it looks at: the output (a text that holds a JSON object or list is read), or the trace.',
        ),
    })
    .superRefine(({ expression }, context) => {
      const compiled = compileJmespath(expression)
      if (!compiled.ok) context.addIssue({ code: 'custom', path: ['expression'], message: compiled.what })
    }),
  examples: [
    {
      title: 'One field is what it must be.',
      params: { expression: 'status', value: 'refunded' },
      subject: subjectOf({ output: order }),
      expect: 'pass',
    },
    {
      title: 'A sum over a list, near enough.',
      params: { expression: 'sum(items[*].usd)', value: 19.99, tolerance: 0.01 },
      subject: subjectOf({ output: order }),
      expect: 'pass',
    },
    {
      title: 'Without a value, something must be found.',
      params: { expression: "items[?sku == 'tea' && usd > `10`]" },
      subject: subjectOf({ output: JSON.stringify(order) }),
      expect: 'pass',
    },
    {
      title: 'The trace can be asked, too.',
      params: { expression: "length(spans[?kind == 'tool' && status == 'error'])", value: 0, in: 'trace' },
      subject: subjectOf({ output: 'Done.', calls: [{ name: 'refund', isError: true }] }),
      expect: 'fail',
      says: 'gives 1, not 0',
    },
    {
      title: 'The reason says what it gave.',
      params: { expression: 'items[].sku', value: ['tea'] },
      subject: subjectOf({ output: order }),
      expect: 'fail',
      says: '[1] is "jam", not nothing',
    },
    {
      title: 'An output that the expression cannot be asked of is a wrong one.',
      params: { expression: 'sum(items)', value: 20 },
      subject: subjectOf({ output: { items: 'none' } }),
      expect: 'fail',
      says: 'sum()',
    },
  ],
  answer({ outcome }, { expression, value, tolerance, in: place }) {
    const compiled = compileJmespath(expression)
    if (!compiled.ok) return { unscored: compiled.what }
    const { output } = outcome
    if (place === 'output' && output === undefined) return { value: 0, reason: 'there is no output' }
    const found = compiled.search(
      place === 'trace' || output === undefined ? outcome.trace : meantJson(output),
    )
    if (!found.ok)
      return { value: 0, reason: `${shown(expression)} cannot be asked of the ${place}: ${found.what}` }
    if (value === undefined) {
      if (found.isTrue) return { value: 1 }
      return { value: 0, reason: `${shown(expression)} gives ${shown(found.value)}` }
    }
    const most = tolerance > 0 ? Number.POSITIVE_INFINITY : mostShown + 1
    const differences = jsonDifferences(value, found.value, most).filter((it) => !within(it, tolerance))
    if (differences.length === 0) return { value: 1 }
    const texts = differences.map(({ path, expected, got }) => {
      return `${path === '' ? 'gives' : `${path} is`} ${shown(got)}, not ${shown(expected)}`
    })
    const joint = differences[0]?.path === '' ? ' ' : ': '
    return { value: 0, reason: `${shown(expression)}${joint}${listed(texts, mostShown)}` }
  },
})
