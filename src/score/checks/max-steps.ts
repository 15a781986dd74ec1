import * as z from 'zod'
import { defineCheck } from '../define-check.ts'
import { llmSpans, toolSpans } from '../evidence.ts'
import { count, withThousands } from '../show.ts'
import { subjectOf } from '../subject.ts'

export const maxSteps = defineCheck({
  name: 'maxSteps',
  group: 'guardrail',
  description: 'The agent took no more steps than allowed: model calls and tool calls together.',
  params: z.strictObject({
    steps: z.number().int().nonnegative().describe('Steps allowed.'),
  }),
  examples: [
    {
      title: 'One tool call and one reply.',
      params: { steps: 2 },
      subject: subjectOf({ calls: [{ name: 'search' }], says: ['Flight HAT083 is free.'] }),
      expect: 'pass',
    },
    {
      title: 'One step too many.',
      params: { steps: 2 },
      subject: subjectOf({
        calls: [{ name: 'search' }, { name: 'search' }],
        says: ['Flight HAT083 is free.'],
      }),
      expect: 'fail',
      says: '3 steps (1 of a model, 2 of tools), 2 allowed',
    },
  ],
  answer({ outcome }, { steps }) {
    const models = llmSpans(outcome).length
    const tools = toolSpans(outcome).length
    const taken = models + tools
    return {
      value: taken <= steps ? 1 : 0,
      reason: `${count(taken, 'step')} (${models} of a model, ${tools} of tools), ${withThousands(steps)} allowed`,
    }
  },
})
