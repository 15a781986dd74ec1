import * as z from 'zod'
import type { Span } from '../../schema/trace.ts'
import { callsAsked, offeredTools } from '../asked-calls.ts'
import { defineCheck } from '../define-check.ts'
import { count, listed, short, shown } from '../show.ts'
import { subjectOf } from '../subject.ts'

const asked: Omit<Extract<Span, { kind: 'llm' }>, 'id'> = {
  parent: null,
  name: 'chat',
  status: 'ok',
  kind: 'llm',
  request: { messages: [], tools: [{ name: 'search' }] },
  reply: {
    message: {
      role: 'assistant',
      parts: [
        { type: 'tool_call', id: 'c1', name: 'search', arguments: { q: 'momo' } },
        { type: 'tool_call', id: 'c2', name: 'serch', arguments: { q: 'momo' } },
      ],
    },
  },
}

export const wellFormedCalls = defineCheck({
  name: 'wellFormedCalls',
  group: 'trajectory',
  description:
    'The calls are well formed: arguments that are JSON, and a tool that was offered. The value is their share, so one ' +
    'minus its mean over a run is the malformed-call rate.',
  params: z.strictObject({
    minRate: z.number().min(0).max(1).default(1).describe('The share of well-formed calls that passes.'),
  }),
  examples: [
    {
      title: 'All calls can be read.',
      params: {},
      subject: subjectOf({ calls: [{ name: 'search', arguments: { q: 'momo' } }] }),
      expect: 'pass',
      says: '0 of 1 call malformed',
    },
    {
      title: 'The model broke off in the middle of its arguments.',
      params: {},
      subject: subjectOf({
        calls: [
          { name: 'search', arguments: '{"q": "mo', malformed: true },
          { name: 'search', arguments: { q: 'momo' } },
        ],
      }),
      expect: 'fail',
      says: '1 of 2 calls malformed (50.0 %): search: not JSON, "{\\"q\\": \\"mo"',
    },
    {
      title: 'A tool that does not exist.',
      params: {},
      subject: subjectOf({ spans: [asked] }),
      expect: 'fail',
      says: 'serch: no such tool',
    },
    {
      title: 'Half of them is accepted.',
      params: { minRate: 0.5 },
      subject: subjectOf({ spans: [asked] }),
      expect: 'pass',
      says: '1 of 2 calls malformed (50.0 %)',
    },
  ],
  answer(subject, { minRate }) {
    const calls = callsAsked(subject.outcome)
    if (calls.length === 0) return { value: 1, passed: true, reason: 'no call was made' }
    const offered = offeredTools(subject)
    const faults = calls.flatMap(({ name, arguments: given, malformed }) => {
      if (malformed === true) return [`${short(name, 60)}: not JSON, ${shown(given, 80)}`]
      return offered.told && !offered.has(name) ? [`${short(name, 60)}: no such tool`] : []
    })
    const value = (calls.length - faults.length) / calls.length
    const percent = (100 * faults.length) / calls.length
    const head = `${faults.length} of ${count(calls.length, 'call')} malformed (${percent.toFixed(1)} %)`
    const reason = faults.length === 0 ? head : `${head}: ${listed(faults, 3)}`
    return { value, passed: value >= minRate, reason }
  },
})
