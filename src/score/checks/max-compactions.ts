import * as z from 'zod'
import { type Message, textMessage } from '../../schema/message.ts'
import { compactionsIn } from '../compactions.ts'
import { defineCheck } from '../define-check.ts'
import { llmSpans } from '../evidence.ts'
import { count, listed, withThousands } from '../show.ts'
import { subjectOf } from '../subject.ts'

const question = textMessage('user', 'Which of these 40 orders were sent?')
const list = textMessage('user', 'W1, W2, W3, W4, W5, W6, W7, W8, W9, W10')

export const maxCompactions = defineCheck({
  name: 'maxCompactions',
  group: 'guardrail',
  description:
    'The conversation was made shorter no more often than allowed: what was sent to the model shrank, or a provider says ' +
    'that it compacted. What is left out there, the agent no longer knows.',
  params: z.strictObject({
    compactions: z.number().int().nonnegative().default(0).describe('Compactions allowed.'),
  }),
  examples: [
    {
      title: 'The conversation only grew.',
      params: {},
      subject: subjectOf({ spans: [asked([question]), asked([question, list])] }),
      expect: 'pass',
      says: 'never compacted in 2 model calls',
    },
    {
      title: 'The agent cut its conversation.',
      params: {},
      subject: subjectOf({ spans: [asked([question, list]), asked([question])] }),
      expect: 'fail',
      says: '1 compaction, 0 allowed: at model call 2 (from ',
    },
    {
      title: 'A provider compacted, and says so.',
      params: {},
      subject: subjectOf({
        spans: [
          asked([question]),
          asked([
            question,
            {
              role: 'assistant',
              parts: [{ type: 'opaque', value: { type: 'compaction', content: 'Orders.' } }],
            },
            list,
          ]),
        ],
      }),
      expect: 'fail',
      says: 'at model call 2 (its provider says so)',
    },
    {
      title: 'Another conversation is no shorter one.',
      params: {},
      subject: subjectOf({ spans: [asked([question, list]), asked([textMessage('user', 'A title?')])] }),
      expect: 'pass',
    },
    {
      title: 'Without model calls there is nothing to see.',
      params: {},
      subject: subjectOf({ calls: [{ name: 'search' }] }),
      expect: 'unscored',
      says: 'no model calls',
    },
  ],
  answer({ outcome }, { compactions: most }) {
    const calls = llmSpans(outcome).length
    if (calls === 0) return { unscored: 'the run has no model calls' }
    const found = compactionsIn(outcome)
    if (found.length === 0)
      return { value: 1, reason: `the conversation was never compacted in ${count(calls, 'model call')}` }
    const places = found.map(({ call, before, after }) =>
      before === undefined || after === undefined
        ? `at model call ${call} (its provider says so)`
        : `at model call ${call} (from ${withThousands(before)} to ${withThousands(after)} characters)`,
    )
    const many = count(found.length, 'compaction')
    return {
      value: found.length <= most ? 1 : 0,
      reason: `${many}, ${withThousands(most)} allowed: ${listed(places, 3)}`,
    }
  },
})

/** A model call with these messages, for the examples. */
function asked(messages: readonly Message[]) {
  return { kind: 'llm', parent: null, name: 'chat', status: 'ok', request: { messages } } as const
}
