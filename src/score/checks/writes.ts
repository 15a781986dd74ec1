import * as z from 'zod'
import { json } from '../../schema/json.ts'
import { knownTools } from '../../schema/known-tools.ts'
import { lastingArguments } from '../../schema/write.ts'
import { argumentParams } from '../argument-params.ts'
import { defineCheck } from '../define-check.ts'
import { effectsIn, hasEffect } from '../effects.ts'
import { explainWrites, matchWrites } from '../match-writes.ts'
import { subjectOf } from '../subject.ts'

const refund = { name: 'refund', arguments: { order: 'W12', usd: 20 } }
const keyed = (key: string) => ({ name: 'refund', arguments: { ...refund.arguments, key } })
const facts = { refund: { effect: 'write', idempotencyKey: 'arguments.key' } } as const

export const writes = defineCheck({
  name: 'writes',
  group: 'trajectory',
  description:
    'The agent did to the world what a right run does: exactly these writes, nothing else, and nothing twice. What it ' +
    'read on the way does not count, nor does a call that came back with an error.',
  usesTools: true,
  params: z.strictObject({
    expected: z
      .array(z.strictObject({ name: z.string().min(1), arguments: json.default({}) }))
      .optional()
      .describe(
        "The writes of a right run; the tools named here write, whatever is known of them. Default: those of the case's " +
          '`reference.toolCalls` that write or act outside.',
      ),
    allowExtra: z
      .union([z.literal(true), z.array(z.string())])
      .default([])
      .describe(
        'Tools that may write more than is expected, or `true` for all; the same write twice is still an error.',
      ),
    ...argumentParams,
  }),
  examples: [
    {
      title: 'The refund was made; what was read on the way does not count.',
      params: {},
      subject: subjectOf({
        calls: [{ name: 'get_order', arguments: { order: 'W12' } }, refund],
        reference: { toolCalls: [refund] },
        tools: facts,
      }),
      expect: 'pass',
      says: '1 of 1 reference call matched',
    },
    {
      title: 'A write that nobody asked for.',
      params: { expected: [refund] },
      subject: subjectOf({
        calls: [refund, { name: 'cancel_order', arguments: { order: 'W12' } }],
        tools: { ...facts, cancel_order: { effect: 'write' } },
      }),
      expect: 'fail',
      says: 'extra: cancel_order({ "order": "W12" })',
    },
    {
      title: 'The same write twice.',
      params: { expected: [refund] },
      subject: subjectOf({ calls: [refund, refund], tools: { refund: { effect: 'write' } } }),
      expect: 'fail',
      says: 'done twice: refund({ "order": "W12", "usd": 20 })',
    },
    {
      title: 'Sent twice under one idempotency key it is one write.',
      params: { expected: [refund] },
      subject: subjectOf({ calls: [keyed('k1'), keyed('k1')], tools: facts }),
      expect: 'pass',
    },
    {
      title: 'A retry after a timeout without a key may be a second write.',
      params: { expected: [refund] },
      subject: subjectOf({
        calls: [{ ...refund, isError: true, response: 'Request timed out' }, refund],
        tools: { refund: { effect: 'write' } },
      }),
      expect: 'fail',
      says: 'may have been done twice: refund(',
    },
    {
      title: 'A call that came back with an error wrote nothing.',
      params: { expected: [refund] },
      subject: subjectOf({
        calls: [{ ...refund, isError: true, response: 'Error: no such order' }],
        tools: facts,
      }),
      expect: 'fail',
      says: 'missing: refund(',
    },
    {
      title: 'Nobody knows whether the last write was done.',
      params: { expected: [refund] },
      subject: subjectOf({
        calls: [{ ...refund, isError: true, response: 'Request timed out' }],
        tools: facts,
      }),
      expect: 'unscored',
      says: 'whether refund was done is not known',
    },
    {
      title: 'Mails may be sent beside what is expected, and the reason says what was guessed.',
      params: { expected: [refund], allowExtra: ['send_mail'] },
      subject: subjectOf({ calls: [refund, { name: 'send_mail', arguments: { to: 'mia' } }] }),
      expect: 'pass',
      says: 'that refund and send_mail write is guessed from their names',
    },
    {
      title: 'There is no reference, so nothing can be said.',
      params: {},
      subject: subjectOf({ calls: [refund], tools: facts }),
      expect: 'unscored',
      says: 'no "reference.toolCalls"',
    },
  ],
  answer({ case: of, outcome, tools: known = knownTools() }, params) {
    const { expected, allowExtra, ignoreTools, ...options } = params
    const wanted = expected ?? of.reference?.toolCalls
    if (wanted === undefined) {
      return { unscored: 'the check names no writes and the case has no "reference.toolCalls"' }
    }
    const named = new Set(expected?.map(({ name }) => name))
    const counts = (name: string) =>
      !ignoreTools.includes(name) && (named.has(name) || hasEffect(name, known))
    const reference = wanted
      .filter(({ name }) => counts(name))
      .map((call) => ({ name: call.name, arguments: lastingArguments(known(call.name), call.arguments) }))
    const made = effectsIn(outcome, known, counts)
    const rules = { ...options, mode: 'unordered', allowExtra } as const
    const match = matchWrites(made, reference, rules)
    const sure = matchWrites(
      made.filter(({ done }) => done === 'yes'),
      reference,
      rules,
    )
    const open = made.filter(({ done }) => done === 'maybe')
    // Whoever tries again without a key takes the chance of a second write: that needs no knowledge of what became of it.
    if (match.passed !== sure.passed && match.twice.length === 0) {
      const names = [...new Set(open.map(({ call }) => call.name))].join(', ')
      return {
        unscored: `whether ${names} was done is not known: it came back with nothing, or with a timeout`,
      }
    }
    return { value: match.value, passed: match.passed, reason: explainWrites(made, reference, match, rules) }
  },
})
