import * as z from 'zod'
import { defineCheck } from '../define-check.ts'
import { outputText, transcript } from '../evidence.ts'
import { listed, shown } from '../show.ts'
import { subjectOf } from '../subject.ts'

export const contains = defineCheck({
  name: 'contains',
  group: 'answer',
  description: 'The answer contains the given texts.',
  params: z.strictObject({
    text: z.string().min(1).optional().describe('A text that must occur.'),
    texts: z.array(z.string().min(1)).min(1).optional().describe('More texts that must occur.'),
    match: z
      .enum(['all', 'any'])
      .default('all')
      .describe('Whether all of them must occur, or one is enough.'),
    ignoreCase: z.boolean().default(true).describe('Whether upper and lower case are the same.'),
    in: z
      .enum(['output', 'transcript'])
      .default('output')
      .describe('Where to look: the final output, or everything the agent said on the way to it.'),
  }),
  examples: [
    {
      title: 'The answer names the refund.',
      params: { text: 'refund' },
      subject: subjectOf({ output: 'Refund issued.' }),
      expect: 'pass',
    },
    {
      title: "Without a text, the case's `reference.contains` is looked for.",
      params: { in: 'transcript' },
      subject: subjectOf({
        reference: { contains: ['$327', 'gift card'] },
        says: ['Your gift card holds $327.', 'Anything else?'],
        output: 'Anything else?',
      }),
      expect: 'pass',
    },
    {
      title: 'One of several ways to say it is enough.',
      params: { texts: ['sorry', 'apologise'], match: 'any' },
      subject: subjectOf({ output: 'We apologise for the delay.' }),
      expect: 'pass',
    },
    {
      title: 'The reason names what is missing.',
      params: { texts: ['refund', 'five days'] },
      subject: subjectOf({ output: 'Refund issued.' }),
      expect: 'fail',
      says: 'the output lacks "five days"',
    },
    {
      title: 'What was said on the way is not the output.',
      params: { text: '$327' },
      subject: subjectOf({ says: ['Your gift card holds $327.'], output: 'Anything else?' }),
      expect: 'fail',
    },
    {
      title: 'Nothing is asked for, so nothing can be said.',
      params: {},
      subject: subjectOf({ output: 'Refund issued.' }),
      expect: 'unscored',
      says: 'names no text',
    },
  ],
  answer({ case: of, outcome }, params) {
    const { text, texts, match, ignoreCase } = params
    const given = [...(text === undefined ? [] : [text]), ...(texts ?? [])]
    const wanted = given.length > 0 ? given : (of.reference?.contains ?? [])
    if (wanted.length === 0)
      return { unscored: 'the check names no text and the case has no "reference.contains"' }
    const place = params.in
    const plain = (it: string) => (ignoreCase ? it.normalize('NFC').toLowerCase() : it.normalize('NFC'))
    const said = plain(place === 'output' ? (outputText(outcome) ?? '') : transcript(outcome))
    const missing = wanted.filter((it) => !said.includes(plain(it)))
    const found = wanted.length - missing.length
    if (match === 'any' ? found > 0 : missing.length === 0) return { value: 1 }
    const names = listed(
      missing.map((it) => shown(it)),
      4,
    )
    return { value: match === 'any' ? 0 : found / wanted.length, reason: `the ${place} lacks ${names}` }
  },
})
