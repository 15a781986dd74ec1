import * as z from 'zod'
import { defineCheck } from '../define-check.ts'
import { outputText, transcript } from '../evidence.ts'
import { longestText, search } from '../search.ts'
import { shown, withThousands } from '../show.ts'
import { subjectOf } from '../subject.ts'

export const matches = defineCheck({
  name: 'matches',
  group: 'answer',
  description: 'The answer matches a regular expression.',
  params: z
    .strictObject({
      pattern: z.string().min(1).describe('Source of a JavaScript regular expression, without slashes.'),
      flags: z
        .string()
        .regex(/^[imsuv]*$/, 'use the flags "i", "m", "s", "u" and "v"')
        .default('')
        .describe('Its flags: `i`, `m`, `s`, `u`, `v`.'),
      in: z
        .enum(['output', 'transcript'])
        .default('output')
        .describe('Where to look: the final output, or everything the agent said on the way to it.'),
    })
    .superRefine(({ pattern, flags }, context) => {
      try {
        RegExp(pattern, flags)
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        context.addIssue({ code: 'custom', path: ['pattern'], message })
      }
    }),
  examples: [
    {
      title: 'The answer carries an order number.',
      params: { pattern: '#W\\d{7}' },
      subject: subjectOf({ output: 'Order #W2378156 is on its way.' }),
      expect: 'pass',
    },
    {
      title: 'The answer is one word, whatever its case.',
      params: { pattern: '^(yes|no)$', flags: 'i' },
      subject: subjectOf({ output: 'Yes' }),
      expect: 'pass',
    },
    {
      title: 'The answer goes on after the word.',
      params: { pattern: '^(yes|no)$', flags: 'i' },
      subject: subjectOf({ output: 'Yes, of course.' }),
      expect: 'fail',
      says: 'nothing in the output matches',
    },
    {
      title: 'What cannot be searched through in time is not judged.',
      params: { pattern: '^(a+)+$' },
      subject: subjectOf({ output: `${'a'.repeat(40)}!` }),
      expect: 'unscored',
      says: 'took longer than',
    },
  ],
  answer({ outcome }, params) {
    const { pattern, flags } = params
    const text = params.in === 'output' ? (outputText(outcome) ?? '') : transcript(outcome)
    const found = search(text, pattern, flags)
    if (found.kind === 'too-slow') {
      return { unscored: `looking for /${pattern}/ took longer than ${withThousands(found.ms)} ms` }
    }
    const cut = text.length > longestText
    const note = `; only the first ${withThousands(longestText)} of ${withThousands(text.length)} characters were searched`
    // At the cut, `$` and the like speak of an end that is not there.
    if (cut && (found.kind === 'nothing' || found.end === longestText)) {
      return { unscored: `nothing before the cut matches /${pattern}/${flags}${note}` }
    }
    if (found.kind === 'nothing')
      return { value: 0, reason: `nothing in the ${params.in} matches /${pattern}/${flags}` }
    return { value: 1, reason: `${shown(found.text)} matches${cut ? note : ''}` }
  },
})
