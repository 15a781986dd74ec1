import * as z from 'zod'
import { defineCheck } from '../define-check.ts'
import { outputText, transcript } from '../evidence.ts'
import { shown } from '../show.ts'
import { subjectOf } from '../subject.ts'

export const endsWith = defineCheck({
  name: 'endsWith',
  group: 'answer',
  description: 'The answer ends with the given text, white space aside.',
  params: z.strictObject({
    text: z.string().min(1).describe('The text it must end with.'),
    ignoreCase: z.boolean().default(true).describe('Whether upper and lower case are the same.'),
    in: z
      .enum(['output', 'transcript'])
      .default('output')
      .describe('Where to look: the final output, or everything the agent said on the way to it.'),
  }),
  examples: [
    {
      title: 'The answer ends as it was asked to.',
      params: { text: 'Have a nice day.' },
      subject: subjectOf({ output: 'Refund issued. Have a nice day.\n' }),
      expect: 'pass',
    },
    {
      title: 'The reason shows how it ends instead.',
      params: { text: 'done', ignoreCase: false },
      subject: subjectOf({ output: 'All DONE' }),
      expect: 'fail',
      says: 'the output ends with "DONE", not "done"',
    },
  ],
  answer({ outcome }, params) {
    const { text, ignoreCase } = params
    const plain = (it: string) => (ignoreCase ? it.normalize('NFC').toLowerCase() : it.normalize('NFC'))
    const said = (params.in === 'output' ? (outputText(outcome) ?? '') : transcript(outcome)).trimEnd()
    if (plain(said).endsWith(plain(text.trimEnd()))) return { value: 1 }
    const end = shown(said.slice(-text.length))
    return { value: 0, reason: `the ${params.in} ends with ${end}, not ${shown(text)}` }
  },
})
