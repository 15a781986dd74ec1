import * as z from 'zod'
import { defineCheck } from '../define-check.ts'
import { callsMade } from '../evidence.ts'
import { count, short, withThousands } from '../show.ts'
import { subjectOf } from '../subject.ts'

export const maxToolCalls = defineCheck({
  name: 'maxToolCalls',
  group: 'trajectory',
  description: 'The agent made no more tool calls than allowed, of all tools or of one.',
  params: z.strictObject({
    max: z.number().int().nonnegative().describe('Calls allowed.'),
    tool: z.string().min(1).optional().describe('Counts only the calls of this tool. Default: all calls.'),
  }),
  examples: [
    {
      title: 'Two calls, two allowed.',
      params: { max: 2 },
      subject: subjectOf({ calls: [{ name: 'search' }, { name: 'book' }] }),
      expect: 'pass',
      says: '2 calls, 2 allowed',
    },
    {
      title: 'It searched once too often.',
      params: { max: 2, tool: 'search' },
      subject: subjectOf({
        calls: [{ name: 'search' }, { name: 'search' }, { name: 'search' }, { name: 'book' }],
      }),
      expect: 'fail',
      says: '3 calls of search, 2 allowed',
    },
  ],
  answer({ outcome }, { max, tool }) {
    const made = callsMade(outcome).filter((call) => tool === undefined || call.name === tool).length
    const of = tool === undefined ? '' : ` of ${short(tool, 60)}`
    return {
      value: made <= max ? 1 : max / made,
      passed: made <= max,
      reason: `${count(made, 'call')}${of}, ${withThousands(max)} allowed`,
    }
  },
})
