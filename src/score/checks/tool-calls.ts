import * as z from 'zod'
import { json } from '../../schema/json.ts'
import { argumentParams } from '../argument-params.ts'
import { defineCheck } from '../define-check.ts'
import { callsMade } from '../evidence.ts'
import { explainCalls } from '../explain-calls.ts'
import { matchCalls } from '../match-calls.ts'
import { subjectOf } from '../subject.ts'

const search = { name: 'search', arguments: { from: 'JFK', to: 'SEA' } }
const book = { name: 'book', arguments: { user: { id: 'mia' }, flight: 'HAT083' } }

export const toolCalls = defineCheck({
  name: 'toolCalls',
  group: 'trajectory',
  description: 'The agent called the tools that a right answer calls, with the right arguments.',
  params: z.strictObject({
    expected: z
      .array(z.strictObject({ name: z.string().min(1), arguments: json.default({}) }))
      .optional()
      .describe("The reference calls. Default: the case's `reference.toolCalls`."),
    mode: z
      .enum(['strict', 'in-order', 'unordered', 'subset', 'superset'])
      .default('superset')
      .describe(
        '`strict`: these calls in this order and no others. `in-order`: in this order, others may stand between. ' +
          '`unordered`: these and no others, in any order. `superset`: all of these, others are allowed. ' +
          '`subset`: no call that is not one of these.',
      ),
    ...argumentParams,
  }),
  examples: [
    {
      title: 'Every reference call is made; looking around more is allowed.',
      params: {},
      subject: subjectOf({
        calls: [{ name: 'get_user', arguments: { id: 'mia' } }, search, book],
        reference: { toolCalls: [search, book] },
      }),
      expect: 'pass',
      says: '2 of 2 reference calls matched, 1 more made',
    },
    {
      title: 'The reason names the argument that differs.',
      params: {},
      subject: subjectOf({
        calls: [search, { name: 'book', arguments: { user: { id: 'leo' }, flight: 'HAT083' } }],
        reference: { toolCalls: [search, book] },
      }),
      expect: 'fail',
      says: 'different: book: user.id is "leo", not "mia"',
    },
    {
      title: 'Only what matters of a call is compared.',
      params: { mode: 'strict', tools: { book: { args: ['user.id'] }, search: { args: 'ignore' } } },
      subject: subjectOf({
        calls: [
          { name: 'search', arguments: { to: 'SEA' } },
          { name: 'book', arguments: { user: { id: 'mia' }, flight: 'HAT001' } },
        ],
        reference: { toolCalls: [search, book] },
      }),
      expect: 'pass',
    },
    {
      title:
        'The best pairing counts, not the first: the wider call is left for the reference that needs it.',
      params: {
        args: 'superset',
        expected: [
          { name: 'find', arguments: { q: 'refund' } },
          { name: 'find', arguments: { q: 'refund', lang: 'en' } },
        ],
      },
      subject: subjectOf({
        calls: [
          { name: 'find', arguments: { q: 'refund', lang: 'en' } },
          { name: 'find', arguments: { q: 'refund' } },
        ],
      }),
      expect: 'pass',
    },
    {
      title: 'A call that the reference does not have.',
      params: { mode: 'unordered' },
      subject: subjectOf({
        calls: [search, { name: 'cancel', arguments: { id: 7 } }],
        reference: { toolCalls: [search] },
      }),
      expect: 'fail',
      says: 'extra: cancel({ "id": 7 })',
    },
    {
      title: 'The right calls in the wrong order.',
      params: { mode: 'in-order' },
      subject: subjectOf({ calls: [book, search], reference: { toolCalls: [search, book] } }),
      expect: 'fail',
      says: 'made, but out of order',
    },
    {
      title: 'Arguments that are not JSON match nothing.',
      params: {},
      subject: subjectOf({
        calls: [{ name: 'search', arguments: '{"from": "JFK"', malformed: true }],
        reference: { toolCalls: [search] },
      }),
      expect: 'fail',
      says: 'search: its arguments are not JSON',
    },
    {
      title: 'There is no reference, so nothing can be said.',
      params: {},
      subject: subjectOf({ calls: [search] }),
      expect: 'unscored',
      says: 'no "reference.toolCalls"',
    },
  ],
  answer({ case: of, outcome }, { expected, ignoreTools, ...options }) {
    const wanted = expected ?? of.reference?.toolCalls
    if (wanted === undefined) {
      return { unscored: 'the check names no calls and the case has no "reference.toolCalls"' }
    }
    const counts = (call: { readonly name: string }) => !ignoreTools.includes(call.name)
    const reference = wanted.filter(counts)
    const made = callsMade(outcome).filter(counts)
    const match = matchCalls(made, reference, options)
    return { value: match.value, passed: match.passed, reason: explainCalls(made, reference, match, options) }
  },
})
