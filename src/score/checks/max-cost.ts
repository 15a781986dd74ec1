import * as z from 'zod'
import { defineCheck } from '../define-check.ts'
import { spent } from '../evidence.ts'
import { subjectOf } from '../subject.ts'

export const maxCost = defineCheck({
  name: 'maxCost',
  group: 'guardrail',
  description: 'The run cost no more than allowed.',
  params: z.strictObject({
    usd: z.number().nonnegative().describe('US dollars allowed.'),
  }),
  examples: [
    {
      title: 'Cheap enough.',
      params: { usd: 0.05 },
      subject: subjectOf({ costUsd: 0.0132 }),
      expect: 'pass',
    },
    {
      title: 'Too dear.',
      params: { usd: 0.05 },
      subject: subjectOf({
        says: [
          { text: 'One moment.', costUsd: 0.04 },
          { text: 'Done.', costUsd: 0.02 },
        ],
      }),
      expect: 'fail',
      says: '$0.06, $0.05 allowed',
    },
    {
      title: 'An unknown cost is not 0.',
      params: { usd: 0.05 },
      subject: subjectOf({ says: ['Done.'] }),
      expect: 'unscored',
      says: '0 of 1 model replies tell their cost',
    },
  ],
  answer({ outcome }, { usd }) {
    const cost = spent(outcome, outcome.costUsd ?? outcome.trace.costUsd, (reply) => reply.costUsd)
    const reason = `${dollars(cost.known)}, ${dollars(usd)} allowed`
    if (cost.known > usd) return { value: 0, reason }
    if (cost.complete) return { value: 1, reason }
    if (cost.replies === 0) return { unscored: 'the run does not tell what it cost' }
    return { unscored: `only ${cost.told} of ${cost.replies} model replies tell their cost` }
  },
})

/** Six decimals at most: a token of the cheapest model costs more. */
function dollars(usd: number): string {
  return `$${Number(usd.toFixed(6))}`
}
