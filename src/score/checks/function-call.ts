import * as z from 'zod'
import { acceptedCall } from '../../schema/case.ts'
import { offeredTools } from '../asked-calls.ts'
import { defineCheck } from '../define-check.ts'
import { callsMade } from '../evidence.ts'
import { matchFunctionCalls, withoutDots } from '../function-call.ts'
import { subjectOf } from '../subject.ts'

const weather = { name: 'weather', arguments: { city: ['New York', 'NYC'], unit: ['celsius', ''] } }
const inputSchema = {
  type: 'object',
  properties: { city: { type: 'string' }, unit: { type: 'string' }, days: { type: 'integer' } },
  required: ['city'],
}

export const functionCall = defineCheck({
  name: 'functionCall',
  group: 'trajectory',
  description:
    'The agent made the calls that are accepted and no others, in any order: for each parameter one of the values ' +
    'accepted. The rules are those of the Berkeley Function-Calling Leaderboard (docs/function-calls.md).',
  usesTools: true,
  params: z.strictObject({
    accepted: z
      .array(acceptedCall)
      .optional()
      .describe(
        'The calls, each with a list of accepted values for every parameter: `{ name, arguments: { city: ' +
          "['New York', 'NYC'], unit: ['celsius', ''] } }`. `''` means that it may be left out; an accepted object " +
          'gives a list for each of its members, too. No calls: none may be made. Default: the ' +
          "case's `reference.functionCalls`.",
      ),
    wholeNumbersInFloatLists: z
      .boolean()
      .default(true)
      .describe(
        "Whether `[1, 3]` is a list of floats. `false`: BFCL's own answer, which takes 1 for a float elsewhere.",
      ),
    ignoreTools: z.array(z.string()).default([]).describe('Tools whose calls do not count.'),
  }),
  examples: [
    {
      title: 'Another spelling, and an optional parameter left out.',
      params: {},
      subject: subjectOf({
        calls: [{ name: 'weather', arguments: { city: 'new york' } }],
        reference: { functionCalls: [weather] },
      }),
      expect: 'pass',
    },
    {
      title: 'The reason names the parameter.',
      params: { accepted: [weather] },
      subject: subjectOf({ calls: [{ name: 'weather', arguments: { city: 'Boston' } }] }),
      expect: 'fail',
      says: 'weather: city is "Boston", not one of ["New York", "NYC"]',
    },
    {
      title: 'Types are held against the schema.',
      params: { accepted: [{ name: 'weather', arguments: { city: ['NYC'], days: [3] } }] },
      subject: subjectOf({
        tools: { weather: { inputSchema } },
        calls: [{ name: 'weather', arguments: { city: 'NYC', days: '3' } }],
      }),
      expect: 'fail',
      says: 'days is "3", which is no integer',
    },
    {
      title: 'A name with dots reaches a model, and comes back, with underscores.',
      params: { accepted: [{ name: 'math.root', arguments: { of: [9] } }] },
      subject: subjectOf({
        tools: { math_root: { inputSchema: { type: 'object', properties: { of: { type: 'integer' } } } } },
        calls: [{ name: 'math_root', arguments: { of: '9' } }],
      }),
      expect: 'fail',
      says: 'math.root: of is "9", which is no integer',
    },
    {
      title: 'Several calls, in any order.',
      params: {
        accepted: [
          { name: 'weather', arguments: { city: ['Rome'] } },
          { name: 'weather', arguments: { city: ['Oslo'] } },
        ],
      },
      subject: subjectOf({
        calls: [
          { name: 'weather', arguments: { city: 'Oslo' } },
          { name: 'weather', arguments: { city: 'Rome' } },
        ],
      }),
      expect: 'pass',
      says: '2 calls as accepted',
    },
    {
      title: 'No tool fits the question, so none is to be called.',
      params: { accepted: [] },
      subject: subjectOf({ calls: [{ name: 'weather', arguments: { city: 'Oslo' } }] }),
      expect: 'fail',
      says: '1 call made (weather), 0 wanted',
    },
    {
      title: 'Nothing says which calls are right.',
      params: {},
      subject: subjectOf({ calls: [{ name: 'weather' }] }),
      expect: 'unscored',
      says: 'no "reference.functionCalls"',
    },
  ],
  answer(subject, { accepted, wholeNumbersInFloatLists, ignoreTools }) {
    const wanted = accepted ?? subject.case.reference?.functionCalls
    if (wanted === undefined) {
      return { unscored: 'the check names no calls and the case has no "reference.functionCalls"' }
    }
    const counts = ({ name }: { readonly name: string }) => !ignoreTools.includes(name)
    const offered = offeredTools(subject)
    const made = callsMade(subject.outcome).filter(counts)
    const { passed, value, reason } = matchFunctionCalls(made, wanted.filter(counts), {
      wholeNumbersInFloatLists,
      schemaOf: (tool) => offered.schemasOf(tool)[0] ?? offered.schemasOf(withoutDots(tool))[0],
    })
    return { value, passed, reason }
  },
})
