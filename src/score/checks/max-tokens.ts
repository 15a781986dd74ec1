import * as z from 'zod'
import type { Usage } from '../../schema/call.ts'
import { defineCheck } from '../define-check.ts'
import { llmSpans, spent } from '../evidence.ts'
import { largestCall } from '../largest-call.ts'
import { count, withThousands } from '../show.ts'
import { subjectOf } from '../subject.ts'

export const maxTokens = defineCheck({
  name: 'maxTokens',
  group: 'guardrail',
  description:
    'The run used no more tokens than allowed: input, cached input and output together. `per: "call"` asks it of each model ' +
    'call.',
  params: z.strictObject({
    tokens: z.number().int().nonnegative().describe('Tokens allowed.'),
    per: z
      .enum(['run', 'call'])
      .optional()
      .describe('Whether the whole run may use so many, or each of its model calls. Default: the run.'),
  }),
  examples: [
    {
      title: 'All kinds of tokens count.',
      params: { tokens: 1_000 },
      subject: subjectOf({ usage: { input: 200, cacheRead: 700, output: 100 } }),
      expect: 'pass',
    },
    {
      title: 'Too many.',
      params: { tokens: 1_000 },
      subject: subjectOf({ usage: { input: 1_200, output: 100 } }),
      expect: 'fail',
      says: '1,300 tokens, 1,000 allowed',
    },
    {
      title: 'A reply that does not tell its tokens is not taken for free.',
      params: { tokens: 1_000 },
      subject: subjectOf({ says: [{ text: 'One moment.', usage: { input: 90, output: 10 } }, 'Done.'] }),
      expect: 'unscored',
      says: '1 of 2 model replies tell their tokens',
    },
    {
      title: 'Each call may use so many.',
      params: { tokens: 1_000, per: 'call' },
      subject: subjectOf({
        says: [
          { text: 'One moment.', usage: { input: 700, output: 50 } },
          { text: 'Done.', usage: { input: 800, output: 50 } },
        ],
      }),
      expect: 'pass',
      says: '850 tokens in the largest of 2 model calls, 1,000 allowed',
    },
  ],
  answer({ outcome }, { tokens, per }) {
    if (per === 'call') {
      const calls = llmSpans(outcome).map(({ reply }) => reply?.usage && tokensOf(reply.usage))
      return largestCall(calls, tokens, {
        shown: (amount) => count(amount, 'token'),
        allowed: `${withThousands(tokens)} allowed`,
        what: 'tokens',
      })
    }
    const total = outcome.usage ?? outcome.trace.usage
    const used = spent(outcome, total && tokensOf(total), ({ usage }) => usage && tokensOf(usage))
    const allowed = `${withThousands(tokens)} allowed`
    if (used.known > tokens) return { value: 0, reason: `${count(used.known, 'token')}, ${allowed}` }
    if (used.complete) return { value: 1, reason: `${count(used.known, 'token')}, ${allowed}` }
    if (used.replies === 0) return { unscored: 'the run does not tell how many tokens it used' }
    return { unscored: `only ${used.told} of ${used.replies} model replies tell their tokens` }
  },
})

function tokensOf({ input, cacheRead, cacheWrite, output }: Usage): number {
  return input + cacheRead + cacheWrite + output
}
