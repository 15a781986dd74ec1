import * as z from 'zod'
import { type ContextWindowOf, loadContextWindows } from '../../lib/context-window.ts'
import type { SpanOf } from '../../schema/trace.ts'
import type { Answer } from '../check.ts'
import { defineCheck } from '../define-check.ts'
import { llmSpans } from '../evidence.ts'
import { count, shown, withThousands } from '../show.ts'
import { subjectOf } from '../subject.ts'

export const contextWindow = defineCheck({
  name: 'contextWindow',
  group: 'guardrail',
  description:
    'No model call was asked with more than allowed: its prompt in tokens, cached ones too, against a number or against a ' +
    "share of the model's context window.",
  params: z
    .strictObject({
      tokens: z.number().int().positive().optional().describe('Tokens allowed in one prompt.'),
      share: z
        .number()
        .positive()
        .max(1)
        .optional()
        .describe("The share of the model's context window that one prompt may take: `0.8`."),
      window: z
        .number()
        .int()
        .positive()
        .optional()
        .describe('Tokens of the window `share` is of. Default: what the bundled table says of each model.'),
    })
    .superRefine(({ tokens, share, window }, context) => {
      const refuse = (path: string, message: string) =>
        context.addIssue({ code: 'custom', path: [path], message })
      if (tokens === undefined && share === undefined) refuse('tokens', 'give "tokens" or "share"')
      if (window !== undefined && share === undefined) refuse('window', '"window" is what "share" is of')
    }),
  examples: [
    {
      title: 'What came from the cache fills the window, too.',
      params: { tokens: 10_000 },
      subject: subjectOf({ says: [{ text: 'Done.', usage: { input: 2_000, cacheRead: 9_000 } }] }),
      expect: 'fail',
      says: '11,000 tokens in the prompt of model call 1, 10,000 allowed',
    },
    {
      title: 'Each prompt is small enough, however many there are.',
      params: { tokens: 10_000 },
      subject: subjectOf({
        says: [
          { text: 'One moment.', usage: { input: 7_000 } },
          { text: 'Done.', usage: { input: 8_000 } },
        ],
      }),
      expect: 'pass',
      says: '8,000 tokens in the prompt of model call 2',
    },
    {
      title: 'A share of the window that is known of the model.',
      params: { share: 0.8 },
      subject: subjectOf({ spans: [asked('gpt-4o', 110_000)] }),
      expect: 'fail',
      says: '85.9 % of 128,000 tokens in the prompt of model call 1, 80 % allowed',
    },
    {
      title: 'A share of a window of which nothing is known.',
      params: { share: 0.8 },
      subject: subjectOf({ spans: [asked('our-own-model', 110_000)] }),
      expect: 'unscored',
      says: 'context window of "our-own-model" is not known',
    },
    {
      title: 'A prompt that nobody counted is not taken for a small one.',
      params: { tokens: 10_000 },
      subject: subjectOf({ says: ['Done.'] }),
      expect: 'unscored',
      says: '0 of 1 model calls tell their tokens',
    },
  ],
  async answer({ outcome }, { tokens, share, window }) {
    const calls = llmSpans(outcome)
    if (calls.length === 0) return { unscored: 'the run has no model calls' }
    const answers: Answer[] = []
    if (tokens !== undefined) answers.push(withinTokens(calls, tokens))
    if (share !== undefined) {
      const windowOf = window === undefined ? await loadContextWindows() : () => window
      answers.push(withinShare(calls, share, windowOf))
    }
    // What is surely too much decides, then what is not known.
    const failed = answers.find((answer) => 'value' in answer && answer.value < 1)
    const open = answers.find((answer) => 'unscored' in answer)
    return failed ?? open ?? answers[0] ?? { unscored: 'nothing was asked' }
  },
})

interface Prompt {
  /** Which of the run's model calls, from 1. */
  readonly call: number
  readonly tokens: number
  readonly model: string | undefined
}

function promptsOf(calls: readonly SpanOf<'llm'>[]): readonly Prompt[] {
  return calls.flatMap(({ request, reply }, index) => {
    const usage = reply?.usage
    if (usage === undefined) return []
    const tokens = usage.input + usage.cacheRead + usage.cacheWrite
    return [{ call: index + 1, tokens, model: reply?.model ?? request.model }]
  })
}

function withinTokens(calls: readonly SpanOf<'llm'>[], most: number): Answer {
  const prompts = promptsOf(calls)
  const largest = largestOf(prompts, ({ tokens }) => tokens)
  if (largest !== undefined && (largest.tokens > most || prompts.length === calls.length)) {
    const where = `in the prompt of model call ${largest.call}`
    return {
      value: largest.tokens > most ? 0 : 1,
      reason: `${count(largest.tokens, 'token')} ${where}, ${withThousands(most)} allowed`,
    }
  }
  return { unscored: `only ${prompts.length} of ${calls.length} model calls tell their tokens` }
}

function withinShare(calls: readonly SpanOf<'llm'>[], most: number, windowOf: ContextWindowOf): Answer {
  const prompts = promptsOf(calls)
  const known = prompts.flatMap((prompt) => {
    const window = windowOf(prompt.model ?? '')
    return window === undefined ? [] : [{ ...prompt, window, share: prompt.tokens / window }]
  })
  const largest = largestOf(known, ({ share }) => share)
  if (largest !== undefined && (largest.share > most || known.length === calls.length)) {
    const used = `${percent(largest.share)} of ${count(largest.window, 'token')}`
    return {
      value: largest.share > most ? 0 : 1,
      reason: `${used} in the prompt of model call ${largest.call}, ${percent(most)} allowed`,
    }
  }
  if (prompts.length < calls.length) {
    return { unscored: `only ${prompts.length} of ${calls.length} model calls tell their tokens` }
  }
  const silent = prompts.find(({ model }) => windowOf(model ?? '') === undefined)
  const model = silent?.model === undefined ? 'a model without a name' : shown(silent.model, 80)
  return { unscored: `the context window of ${model} is not known; give "window"` }
}

function largestOf<T>(items: readonly T[], of: (item: T) => number): T | undefined {
  return items.reduce<T | undefined>(
    (largest, item) => (largest === undefined || of(item) > of(largest) ? item : largest),
    undefined,
  )
}

/** One decimal at most. */
function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}

/** A model call of so many tokens, for the examples. */
function asked(model: string, input: number) {
  return {
    kind: 'llm',
    parent: null,
    name: 'chat',
    status: 'ok',
    request: { model, messages: [] },
    reply: {
      message: { role: 'assistant', parts: [] },
      usage: { input, cacheRead: 0, cacheWrite: 0, output: 1 },
    },
  } as const
}
