import * as z from 'zod'
import type { Span } from '../../schema/trace.ts'
import { defineCheck } from '../define-check.ts'
import { listed, short, withThousands } from '../show.ts'
import { refuseTwoKinds, spanScope, spansWithin } from '../span-scope.ts'
import { subjectOf } from '../subject.ts'
import { callIdentity, hasFailed } from '../tool-failures.ts'

export const maxRetries = defineCheck({
  name: 'maxRetries',
  group: 'guardrail',
  description:
    'Nothing was tried again more often than allowed: an HTTP request after its first try, and a tool called again with the ' +
    'same arguments after that very call had failed. A call with corrected arguments is no retry.',
  params: z
    .strictObject({
      retries: z.number().int().nonnegative().describe('Retries allowed.'),
      per: z
        .enum(['run', 'call'])
        .default('run')
        .describe('Whether the whole run may retry so often, or each call.'),
      ...spanScope,
    })
    .superRefine(refuseTwoKinds),
  examples: [
    {
      title: 'Tried again once, as allowed.',
      params: { retries: 1 },
      subject: subjectOf({
        calls: [{ name: 'search', isError: true, response: 'Error: busy' }, { name: 'search' }],
      }),
      expect: 'pass',
      says: '1 retry, 1 allowed: search 1×',
    },
    {
      title: 'The same call that fails each time.',
      params: { retries: 2, tool: 'book' },
      subject: subjectOf({
        calls: [
          { name: 'book', arguments: { id: 7 }, isError: true, response: 'Error: full' },
          { name: 'book', arguments: { id: 7 }, isError: true, response: 'Error: full' },
          { name: 'book', arguments: { id: 7 }, isError: true, response: 'Error: full' },
          { name: 'book', arguments: { id: 7 }, isError: true, response: 'Error: full' },
        ],
      }),
      expect: 'fail',
      says: '3 retries, 2 allowed: book 3×',
    },
    {
      title: 'Other arguments are no retry, and a call that worked may be made again.',
      params: { retries: 0 },
      subject: subjectOf({
        calls: [
          { name: 'book', arguments: { id: 7 }, isError: true, response: 'Error: full' },
          { name: 'book', arguments: { id: 8 } },
          { name: 'book', arguments: { id: 8 } },
        ],
      }),
      expect: 'pass',
    },
    {
      title: 'A client that tried a request three times.',
      params: { retries: 1, per: 'call' },
      subject: subjectOf({
        spans: [
          {
            kind: 'llm',
            parent: null,
            name: 'chat',
            status: 'ok',
            request: { messages: [] },
            attempts: [
              { status: 429, headers: {} },
              { status: 529, headers: {} },
              { status: 200, headers: {} },
            ],
          },
        ],
      }),
      expect: 'fail',
      says: '2 retries of one call, 1 allowed: chat 2×',
    },
  ],
  answer({ outcome }, { retries: most, per, kind, tool }) {
    const scoped = kind !== undefined || tool !== undefined
    const spans = scoped
      ? spansWithin(outcome, { ...(kind === undefined ? {} : { kind }), tool })
      : outcome.trace.spans.filter((span) => span.kind !== 'llm' || span.by === undefined)
    const retried = retriesOf(spans)
    const numbers = retried.map(({ times }) => times)
    const found = per === 'run' ? numbers.reduce((sum, times) => sum + times, 0) : Math.max(0, ...numbers)
    const worst = [...retried].sort((a, b) => b.times - a.times)
    const places = worst.map(({ name, times }) => `${short(name, 60)} ${times}×`)
    const many = found === 1 ? '1 retry' : `${withThousands(found)} retries`
    const where = per === 'call' && found > 0 ? ' of one call' : ''
    const details = places.length === 0 ? '' : `: ${listed(places, 3)}`
    return {
      value: found <= most ? 1 : 0,
      reason: `${many}${where}, ${withThousands(most)} allowed${details}`,
    }
  },
})

interface Retried {
  readonly name: string
  readonly times: number
}

/** Calls that were tried again, and how often; those of tools by their arguments. */
function retriesOf(spans: readonly Span[]): readonly Retried[] {
  const retried: Retried[] = []
  const failed = new Map<string, { name: string; times: number }>()
  for (const span of spans) {
    if ('attempts' in span && span.attempts !== undefined && span.attempts.length > 1) {
      retried.push({ name: span.name, times: span.attempts.length - 1 })
    }
    if (span.kind !== 'tool') continue
    const identity = callIdentity(span)
    const before = failed.get(identity)
    if (before !== undefined) before.times++
    if (hasFailed(span)) {
      if (before === undefined) failed.set(identity, { name: span.request.name, times: 0 })
    } else if (before !== undefined) {
      retried.push(before)
      failed.delete(identity)
    }
  }
  return [...retried, ...failed.values()].filter(({ times }) => times > 0)
}
