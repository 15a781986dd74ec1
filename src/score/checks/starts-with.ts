import * as z from 'zod'
import { defineCheck } from '../define-check.ts'
import { outputText, transcript } from '../evidence.ts'
import { shown } from '../show.ts'
import { subjectOf } from '../subject.ts'

export const startsWith = defineCheck({
  name: 'startsWith',
  group: 'answer',
  description: 'The answer starts with the given text, white space aside.',
  params: z.strictObject({
    text: z.string().min(1).describe('The text it must start with.'),
    ignoreCase: z.boolean().default(true).describe('Whether upper and lower case are the same.'),
    in: z
      .enum(['output', 'transcript'])
      .default('output')
      .describe('Where to look: the final output, or everything the agent said on the way to it.'),
  }),
  examples: [
    {
      title: 'The answer begins with a clear yes.',
      params: { text: 'yes' },
      subject: subjectOf({ output: 'Yes, you can return it.' }),
      expect: 'pass',
    },
    {
      title: 'The agent greeted first, whatever it said in the end.',
      params: { text: 'hello', in: 'transcript' },
      subject: subjectOf({ says: ['Hello! How can I help?'], output: 'Refund issued.' }),
      expect: 'pass',
    },
    {
      title: 'The reason shows how it starts instead.',
      params: { text: 'yes' },
      subject: subjectOf({ output: 'Well, yes and no.' }),
      expect: 'fail',
      says: 'the output starts with "Wel", not "yes"',
    },
  ],
  answer({ outcome }, params) {
    const { text, ignoreCase } = params
    const plain = (it: string) => (ignoreCase ? it.normalize('NFC').toLowerCase() : it.normalize('NFC'))
    const said = (params.in === 'output' ? (outputText(outcome) ?? '') : transcript(outcome)).trimStart()
    if (plain(said).startsWith(plain(text.trimStart()))) return { value: 1 }
    const start = shown(said.slice(0, text.length))
    return { value: 0, reason: `the ${params.in} starts with ${start}, not ${shown(text)}` }
  },
})
