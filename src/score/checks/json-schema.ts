import * as z from 'zod'
import { readJson } from '../../lib/json.ts'
import { type Json, jsonObject } from '../../schema/json.ts'
import { defineCheck } from '../define-check.ts'
import { compileSchema, type SchemaProblem } from '../foreign-schema.ts'
import { listed, shown } from '../show.ts'
import { subjectOf } from '../subject.ts'

const mostShown = 4
const refund = {
  type: 'object',
  required: ['order', 'usd'],
  properties: { order: { type: 'string' }, usd: { type: 'number', minimum: 0 } },
}

export const jsonSchema = defineCheck({
  name: 'jsonSchema',
  group: 'answer',
  description: 'The output fits a JSON Schema (draft-04, draft-06, draft-07, 2019-09 or 2020-12).',
  params: z
    .strictObject({
      schema: jsonObject.describe('The schema. Its `$schema` says which draft; without one it is 2020-12.'),
      parse: z
        .boolean()
        .default(true)
        .describe(
          'Whether a text output is read as JSON first. With `false` it is judged as the text it is.',
        ),
    })
    .superRefine(({ schema }, context) => {
      const compiled = compileSchema(schema)
      if (!compiled.ok) context.addIssue({ code: 'custom', path: ['schema'], message: compiled.what })
    }),
  examples: [
    {
      title: 'The output has the fields and their types.',
      params: { schema: refund },
      subject: subjectOf({ output: { order: '#W2378156', usd: 20 } }),
      expect: 'pass',
    },
    {
      title: 'A text that holds JSON is read as such.',
      params: { schema: refund },
      subject: subjectOf({ output: '{"order": "#W2378156", "usd": 20}' }),
      expect: 'pass',
    },
    {
      title: 'The reason names the places that do not fit.',
      params: { schema: refund },
      subject: subjectOf({ output: { order: 2378156, usd: -1 } }),
      expect: 'fail',
      says: 'order must be string, usd must be >= 0',
    },
    {
      title: 'A schema of an older draft is read by the rules of that draft.',
      params: {
        schema: {
          $schema: 'http://json-schema.org/draft-04/schema#',
          properties: { usd: { minimum: 0, exclusiveMinimum: true } },
        },
      },
      subject: subjectOf({ output: { usd: 0 } }),
      expect: 'fail',
      says: 'usd must be > 0',
    },
    {
      title: 'A text that holds no JSON fits nothing.',
      params: { schema: refund },
      subject: subjectOf({ output: 'Refund issued.' }),
      expect: 'fail',
      says: 'the output is text and not JSON',
    },
  ],
  answer({ outcome }, { schema, parse }) {
    const { output } = outcome
    if (output === undefined) return { value: 0, reason: 'there is no output' }
    const compiled = compileSchema(schema)
    if (!compiled.ok) return { unscored: compiled.what }
    const read = parse && typeof output === 'string' ? readJson(output) : undefined
    if (read?.ok === false) return { value: 0, reason: `the output is text and not JSON: ${shown(output)}` }
    const problems = compiled.validate((read === undefined ? output : read.value) as Json)
    if (problems.length === 0) return { value: 1 }
    return { value: 0, reason: listed(problems.map(problemText), mostShown) }
  },
})

function problemText({ path, what }: SchemaProblem): string {
  return `${path === '' ? 'the output' : path} ${what}`
}
