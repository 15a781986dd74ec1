import * as z from 'zod'
import { workOf } from '../../lib/work.ts'
import { defineCheck } from '../define-check.ts'
import { outputText } from '../evidence.ts'
import { rouge as rougeOf, wordsOf } from '../rouge.ts'
import { count, twoDecimals } from '../show.ts'
import { subjectOf } from '../subject.ts'
import { noWantedText, wantedText } from '../wanted-text.ts'

const summary = 'The order was refunded and a new one is on its way.'

export const rouge = defineCheck({
  name: 'rouge',
  group: 'answer',
  description:
    'The answer shares its words with the wanted text: ROUGE, F1 (Lin 2004). Words are runs of letters and digits in lower case, without stemming; where a script does not part words, characters.',
  params: z.strictObject({
    text: z.string().optional().describe("The wanted text. Default: the case's `expected`."),
    kind: z
      .enum(['rouge1', 'rouge2', 'rougeL'])
      .default('rougeL')
      .describe('What is counted: words, pairs of neighbours, or the longest common subsequence of words.'),
    min: z
      .number()
      .min(0)
      .max(1)
      .describe('The F1 from which on it passes. What is good hangs on the texts, so it has no default.'),
  }),
  examples: [
    {
      title: 'A summary keeps most words, in their order.',
      params: { text: summary, min: 0.7 },
      subject: subjectOf({ output: 'The order was refunded; a new one is coming.' }),
      expect: 'pass',
    },
    {
      title: 'Single words do not mind the order.',
      params: { text: 'refunded, order', kind: 'rouge1', min: 1 },
      subject: subjectOf({ output: 'Order refunded' }),
      expect: 'pass',
    },
    {
      title: 'Pairs of words do.',
      params: { kind: 'rouge2', min: 0.5 },
      subject: subjectOf({ expected: 'man bites dog', output: 'dog bites man' }),
      expect: 'fail',
      says: 'rouge2 is 0.00',
    },
    {
      title: 'A single word has no pairs.',
      params: { text: 'refunded', kind: 'rouge2', min: 0.5 },
      subject: subjectOf({ output: 'refunded' }),
      expect: 'unscored',
      says: 'too short',
    },
  ],
  answer(subject, { text, kind, min }) {
    const wanted = wantedText(subject, text)
    if (wanted === undefined) return { unscored: noWantedText }
    const reference = wordsOf(wanted)
    const said = outputText(subject.outcome)
    if (said === undefined) return { value: 0, passed: false, reason: 'there is no output' }
    const answer = wordsOf(said)
    if (reference.length < (kind === 'rouge2' ? 2 : 1)) {
      return { unscored: `the wanted text has ${count(reference.length, 'word')}, too short for ${kind}` }
    }
    const shares = rougeOf(answer, reference, kind, workOf())
    if (shares === undefined) {
      const lengths = `${count(answer.length, 'word')} and ${count(reference.length, 'word')}`
      return { unscored: `${lengths} are too many to compare each with each` }
    }
    const { f1, precision, recall } = shares
    const parts = `precision ${twoDecimals(precision)}, recall ${twoDecimals(recall)}`
    const passed = f1 >= min
    const less = passed ? '' : `, less than ${min}`
    return { value: f1, passed, reason: `${kind} is ${twoDecimals(f1)}${less} (${parts})` }
  },
})
