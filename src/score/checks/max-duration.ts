import * as z from 'zod'
import type { Outcome } from '../../schema/outcome.ts'
import type { Answer } from '../check.ts'
import { defineCheck } from '../define-check.ts'
import { llmSpans, toolSpans } from '../evidence.ts'
import { withThousands } from '../show.ts'
import { countOf, refuseTwoKinds, spanScope, type SpanScope, spansWithin } from '../span-scope.ts'
import { subjectOf } from '../subject.ts'

export const maxDuration = defineCheck({
  name: 'maxDuration',
  group: 'guardrail',
  description:
    'The run took no longer than allowed. Where replies came from a recording, the recorded time of its model and ' +
    'tool calls counts: how fast a recording is read says nothing of the agent. `kind`, `tool` and `per: "call"` ask ' +
    'it of calls, not of the run.',
  params: z
    .strictObject({
      ms: z.number().nonnegative().describe('Milliseconds allowed.'),
      ...spanScope,
      per: z
        .enum(['run', 'call'])
        .optional()
        .describe('Whether all of it together may take so long, or each call. Default: all together.'),
    })
    .superRefine(refuseTwoKinds),
  examples: [
    {
      title: 'Quick enough.',
      params: { ms: 2_000 },
      subject: subjectOf({ durationMs: 1_250 }),
      expect: 'pass',
    },
    {
      title: 'Too slow.',
      params: { ms: 1_000 },
      subject: subjectOf({ durationMs: 1_250 }),
      expect: 'fail',
      says: '1,250 ms, 1,000 allowed',
    },
    {
      title: 'A replay takes no time; the recorded calls did.',
      params: { ms: 1_000 },
      subject: subjectOf({
        durationMs: 3,
        calls: [{ name: 'search', served: 'exact', durationMs: 400 }],
        says: [{ text: 'Flight HAT083 is free.', served: 'exact', durationMs: 900 }],
      }),
      expect: 'fail',
      says: '1,300 ms in recorded calls, 1,000 allowed',
    },
    {
      title: 'The recording does not tell how long its calls took.',
      params: { ms: 1_000 },
      subject: subjectOf({ durationMs: 3, calls: [{ name: 'search', served: 'exact' }] }),
      expect: 'unscored',
      says: 'came from a recording',
    },
    {
      title: 'One tool may take so long in all.',
      params: { ms: 500, tool: 'search' },
      subject: subjectOf({
        calls: [
          { name: 'search', durationMs: 300 },
          { name: 'book', durationMs: 900 },
          { name: 'search', durationMs: 400 },
        ],
      }),
      expect: 'fail',
      says: '700 ms in 2 calls of search, 500 allowed',
    },
    {
      title: 'Each model call may take so long.',
      params: { ms: 1_000, kind: 'llm', per: 'call' },
      subject: subjectOf({
        says: [
          { text: 'One moment.', durationMs: 900 },
          { text: 'Done.', durationMs: 800 },
        ],
      }),
      expect: 'pass',
      says: '900 ms in the longest of 2 model calls, 1,000 allowed',
    },
  ],
  answer({ outcome }, { ms, per, ...scope }) {
    if (scope.kind !== undefined || scope.tool !== undefined || per === 'call')
      return ofCalls(outcome, scope, ms, per)
    const time = timeOf(outcome)
    if (time === undefined) {
      return { unscored: 'replies came from a recording that does not tell how long they took' }
    }
    const took = `${withThousands(Math.round(time.ms))} ms${time.recorded ? ' in recorded calls' : ''}`
    return { value: time.ms <= ms ? 1 : 0, reason: `${took}, ${withThousands(ms)} allowed` }
  },
})

function ofCalls(outcome: Outcome, scope: SpanScope, most: number, per: 'run' | 'call' | undefined): Answer {
  const spans = spansWithin(outcome, scope)
  const told = spans.flatMap(({ durationMs }) => (durationMs === undefined ? [] : [durationMs]))
  const join = (one: number, other: number) => (per === 'call' ? Math.max(one, other) : one + other)
  const took = told.reduce(join, 0)
  const calls = countOf(spans.length, scope)
  const where = per === 'call' && spans.length > 1 ? `the longest of ${calls}` : calls
  const reason = `${withThousands(Math.round(took))} ms in ${where}, ${withThousands(most)} allowed`
  if (took > most) return { value: 0, reason }
  if (told.length === spans.length) return { value: 1, reason }
  return { unscored: `only ${told.length} of ${calls} tell how long they took` }
}

/** Wall time, or the sum of the recorded calls where any was not live; `undefined` where one of them is silent. */
function timeOf(outcome: Outcome): { readonly ms: number; readonly recorded: boolean } | undefined {
  const calls = [...llmSpans(outcome), ...toolSpans(outcome)]
  const recorded = calls.some(
    ({ served }) => served !== undefined && served !== 'live' && served !== 'pure-live',
  )
  if (!recorded) return { ms: outcome.durationMs, recorded }
  let sum = 0
  for (const { durationMs } of calls) {
    if (durationMs === undefined) return undefined
    sum += durationMs
  }
  return { ms: sum, recorded }
}
