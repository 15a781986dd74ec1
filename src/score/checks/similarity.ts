import * as z from 'zod'
import { textSimilarity } from '../../lib/text-similarity.ts'
import { workOf } from '../../lib/work.ts'
import { defineCheck } from '../define-check.ts'
import { outputText } from '../evidence.ts'
import { shown, twoDecimals, withThousands } from '../show.ts'
import { subjectOf } from '../subject.ts'
import { noWantedText, wantedText } from '../wanted-text.ts'

export const similarity = defineCheck({
  name: 'similarity',
  group: 'answer',
  description:
    'The answer is spelled like the wanted text: 1 less the share of characters to insert, delete or replace (Levenshtein).',
  params: z.strictObject({
    text: z.string().optional().describe("The wanted text. Default: the case's `expected`."),
    min: z.number().min(0).max(1).default(0.8).describe('The similarity from which on it passes.'),
    ignoreCase: z.boolean().default(false).describe('Whether upper and lower case are the same.'),
  }),
  examples: [
    {
      title: 'A slip of the pen is near enough.',
      params: { text: 'Your refund was issued.' },
      subject: subjectOf({ output: 'Your refund was isued.' }),
      expect: 'pass',
    },
    {
      title: "Without a text, it is held against the case's expected one.",
      params: { min: 1, ignoreCase: true },
      subject: subjectOf({ output: 'PARIS', expected: 'Paris' }),
      expect: 'pass',
    },
    {
      title: 'The same in other words is spelled otherwise: that is for a judge.',
      params: { text: 'Your refund was issued.' },
      subject: subjectOf({ output: 'We sent the money back.' }),
      expect: 'fail',
      says: 'less than 0.8',
    },
    {
      title: 'Nothing is wanted, so nothing can be said.',
      params: {},
      subject: subjectOf({ output: 'Refund issued.' }),
      expect: 'unscored',
      says: 'names no text',
    },
  ],
  answer(subject, { text, min, ignoreCase }) {
    const wanted = wantedText(subject, text)
    if (wanted === undefined) return { unscored: noWantedText }
    const said = outputText(subject.outcome)
    if (said === undefined) return { value: 0, passed: false, reason: 'there is no output' }
    const plain = (it: string) => (ignoreCase ? it.normalize('NFC').toLowerCase() : it.normalize('NFC'))
    const value = textSimilarity(plain(wanted), plain(said), workOf())
    if (value === undefined) {
      const lengths = `${withThousands(said.length)} and ${withThousands(wanted.length)} characters`
      return { unscored: `${lengths} are too many to compare each with each` }
    }
    if (value >= min) return { value, passed: true, reason: `${twoDecimals(value)} alike` }
    const reason = `the output is ${twoDecimals(value)} alike to ${shown(wanted)}, less than ${min}`
    return { value, passed: false, reason }
  },
})
