import * as z from 'zod'
import { defineCheck } from '../define-check.ts'
import { llmSpans, toolSpans } from '../evidence.ts'
import { count, withThousands } from '../show.ts'
import { countOf, refuseTwoKinds, spanScope, spansWithin } from '../span-scope.ts'
import { subjectOf } from '../subject.ts'

export const maxSteps = defineCheck({
  name: 'maxSteps',
  group: 'guardrail',
  description:
    'The agent took no more steps than allowed: model calls and tool calls together, or those of one kind or tool.',
  params: z
    .strictObject({
      steps: z.number().int().nonnegative().describe('Steps allowed.'),
      ...spanScope,
    })
    .superRefine(refuseTwoKinds),
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
    {
      title: 'Only calls of one tool count.',
      params: { steps: 1, tool: 'search' },
      subject: subjectOf({ calls: [{ name: 'search' }, { name: 'search' }, { name: 'book' }] }),
      expect: 'fail',
      says: '2 calls of search, 1 allowed',
    },
    {
      title: 'Only model calls count.',
      params: { steps: 1, kind: 'llm' },
      subject: subjectOf({
        calls: [{ name: 'search' }, { name: 'search' }],
        says: ['Flight HAT083 is free.'],
      }),
      expect: 'pass',
      says: '1 model call, 1 allowed',
    },
  ],
  answer({ outcome }, { steps, ...scope }) {
    const allowed = `${withThousands(steps)} allowed`
    if (scope.kind !== undefined || scope.tool !== undefined) {
      const taken = spansWithin(outcome, scope).length
      return { value: taken <= steps ? 1 : 0, reason: `${countOf(taken, scope)}, ${allowed}` }
    }
    const models = llmSpans(outcome).length
    const tools = toolSpans(outcome).length
    const taken = models + tools
    return {
      value: taken <= steps ? 1 : 0,
      reason: `${count(taken, 'step')} (${models} of a model, ${tools} of tools), ${allowed}`,
    }
  },
})
