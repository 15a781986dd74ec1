import * as z from 'zod'
import type { Outcome } from '../../schema/outcome.ts'
import { defineCheck } from '../define-check.ts'
import { llmSpans, toolSpans } from '../evidence.ts'
import { withThousands } from '../show.ts'
import { subjectOf } from '../subject.ts'

export const maxDuration = defineCheck({
  name: 'maxDuration',
  group: 'guardrail',
  description:
    'The run took no longer than allowed. Where replies came from a recording, the recorded time of its model and ' +
    'tool calls counts: how fast a recording is read says nothing of the agent.',
  params: z.strictObject({
    ms: z.number().nonnegative().describe('Milliseconds allowed.'),
  }),
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
  ],
  answer({ outcome }, { ms }) {
    const time = timeOf(outcome)
    if (time === undefined) {
      return { unscored: 'replies came from a recording that does not tell how long they took' }
    }
    const took = `${withThousands(Math.round(time.ms))} ms${time.recorded ? ' in recorded calls' : ''}`
    return { value: time.ms <= ms ? 1 : 0, reason: `${took}, ${withThousands(ms)} allowed` }
  },
})

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
