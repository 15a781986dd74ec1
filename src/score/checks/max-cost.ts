import * as z from 'zod'
import { defineCheck } from '../define-check.ts'
import { llmSpans, spent } from '../evidence.ts'
import { largestCall } from '../largest-call.ts'
import { subjectOf } from '../subject.ts'

export const maxCost = defineCheck({
  name: 'maxCost',
  group: 'guardrail',
  description: 'The run cost no more than allowed. `per: "call"` asks it of each model call.',
  params: z.strictObject({
    usd: z.number().nonnegative().describe('US dollars allowed.'),
    per: z
      .enum(['run', 'call'])
      .optional()
      .describe('Whether the whole run may cost so much, or each of its model calls. Default: the run.'),
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
    {
      title: 'One of the calls is too dear.',
      params: { usd: 0.05, per: 'call' },
      subject: subjectOf({
        says: [
          { text: 'One moment.', costUsd: 0.06 },
          { text: 'Done.', costUsd: 0.02 },
        ],
      }),
      expect: 'fail',
      says: '$0.06 in the largest of 2 model calls, $0.05 allowed',
    },
  ],
  answer({ outcome }, { usd, per }) {
    if (per === 'call') {
      const calls = llmSpans(outcome).map(({ reply }) => reply?.costUsd)
      return largestCall(calls, usd, { shown: dollars, allowed: `${dollars(usd)} allowed`, what: 'cost' })
    }
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
