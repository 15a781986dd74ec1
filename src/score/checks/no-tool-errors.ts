import * as z from 'zod'
import { defineCheck } from '../define-check.ts'
import { toolSpans } from '../evidence.ts'
import { count, listed, short, shown } from '../show.ts'
import { subjectOf } from '../subject.ts'

export const noToolErrors = defineCheck({
  name: 'noToolErrors',
  group: 'trajectory',
  description: 'No tool call ended in an error.',
  params: z.strictObject({
    max: z.number().int().nonnegative().default(0).describe('How many errors are still accepted.'),
    ignoreTools: z.array(z.string()).default([]).describe('Tools whose errors do not count.'),
  }),
  examples: [
    {
      title: 'All calls were answered.',
      params: {},
      subject: subjectOf({ calls: [{ name: 'search', response: ['HAT083'] }] }),
      expect: 'pass',
    },
    {
      title: 'The reason names the tool and what it said.',
      params: {},
      subject: subjectOf({ calls: [{ name: 'book', response: 'Error: user not found', isError: true }] }),
      expect: 'fail',
      says: 'book: "Error: user not found"',
    },
    {
      title: 'One error is accepted.',
      params: { max: 1 },
      subject: subjectOf({ calls: [{ name: 'book', response: 'Error: user not found', isError: true }] }),
      expect: 'pass',
    },
  ],
  answer({ outcome }, { max, ignoreTools }) {
    const failed = toolSpans(outcome).filter(
      (span) =>
        !ignoreTools.includes(span.request.name) && (span.status === 'error' || span.reply?.isError === true),
    )
    if (failed.length <= max) return { value: 1 }
    const texts = failed.map(({ request, reply, error }) => {
      return `${short(request.name, 60)}: ${error === undefined ? shown(reply?.response) : short(error.message)}`
    })
    return { value: 0, reason: `${count(failed.length, 'tool call')} failed: ${listed(texts, 3)}` }
  },
})
