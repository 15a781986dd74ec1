import * as z from 'zod'
import { defineCheck } from '../define-check.ts'
import { llmSpans } from '../evidence.ts'
import { withThousands } from '../show.ts'
import { subjectOf } from '../subject.ts'

export const cacheHitRate = defineCheck({
  name: 'cacheHitRate',
  group: 'guardrail',
  description:
    "At least so much of the run's prompts came from the provider's cache: tokens read from it, of all prompt tokens of " +
    'the model calls after the first, which finds nothing there yet.',
  params: z.strictObject({
    min: z.number().min(0).max(1).describe('The share that must come from the cache: `0.5`.'),
    whenSilent: z
      .enum(['unscored', 'miss'])
      .default('unscored')
      .describe(
        'What a run is of which no reply tells of a cache: some providers and recordings never do. `miss`: a rate of 0.',
      ),
  }),
  examples: [
    {
      title: 'The conversation so far came from the cache.',
      params: { min: 0.5 },
      subject: subjectOf({
        says: [
          { text: 'One moment.', usage: { input: 100, cacheWrite: 2_000 } },
          { text: 'Done.', usage: { input: 300, cacheRead: 2_100 } },
        ],
      }),
      expect: 'pass',
      says: '2,100 of 2,400 prompt tokens (87.5 %)',
    },
    {
      title: 'Something new at the front of each prompt: it is written to the cache again and again.',
      params: { min: 0.5 },
      subject: subjectOf({
        says: [
          { text: 'One moment.', usage: { cacheWrite: 2_000 } },
          { text: 'Done.', usage: { cacheWrite: 2_400 } },
        ],
      }),
      expect: 'fail',
      says: '0 of 2,400 prompt tokens (0 %)',
    },
    {
      title: 'Nothing is said of a cache.',
      params: { min: 0.5 },
      subject: subjectOf({
        says: [
          { text: 'One moment.', usage: { input: 2_000 } },
          { text: 'Done.', usage: { input: 2_400 } },
        ],
      }),
      expect: 'unscored',
      says: 'no reply tells of a cache',
    },
    {
      title: 'Where the provider is known to tell, silence is a miss.',
      params: { min: 0.5, whenSilent: 'miss' },
      subject: subjectOf({
        says: [
          { text: 'One moment.', usage: { input: 2_000 } },
          { text: 'Done.', usage: { input: 2_400 } },
        ],
      }),
      expect: 'fail',
    },
    {
      title: 'One call has nothing before it.',
      params: { min: 0.5 },
      subject: subjectOf({ says: [{ text: 'Done.', usage: { input: 2_000 } }] }),
      expect: 'unscored',
      says: 'a single model call',
    },
  ],
  answer({ outcome }, { min, whenSilent }) {
    const calls = llmSpans(outcome)
    const usages = calls.flatMap(({ reply }) => (reply?.usage === undefined ? [] : [reply.usage]))
    if (calls.length === 0) return { unscored: 'the run has no model calls' }
    if (calls.length === 1) return { unscored: 'a single model call finds nothing of its own in a cache' }
    if (usages.length < calls.length) {
      return { unscored: `only ${usages.length} of ${calls.length} model calls tell their tokens` }
    }
    const isSilent = usages.every(({ cacheRead, cacheWrite }) => cacheRead === 0 && cacheWrite === 0)
    if (isSilent && whenSilent === 'unscored') return { unscored: 'no reply tells of a cache' }
    let read = 0
    let all = 0
    for (const { input, cacheRead, cacheWrite } of usages.slice(1)) {
      read += cacheRead
      all += input + cacheRead + cacheWrite
    }
    if (all === 0) return { unscored: 'the prompts after the first have no tokens' }
    const rate = read / all
    const share = `${withThousands(read)} of ${withThousands(all)} prompt tokens (${percent(rate)})`
    return {
      value: rate >= min ? 1 : rate,
      passed: rate >= min,
      reason: `${share} came from the cache, at least ${percent(min)} wanted`,
    }
  },
})

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}
