import * as z from 'zod'
import { subjectOf } from '../../subject.ts'
import { defineJudge } from '../define-judge.ts'
import { answerPart, passOrFail, passOrFailVocabulary, taskPart } from '../exhibit.ts'
import { modelParams, samplesParam, textParam } from '../judge-params.ts'

export const rubric = defineJudge({
  name: 'rubric',
  description: 'The answer meets one criterion that is said in words.',
  params: z.strictObject({ ...textParam, ...modelParams, ...samplesParam }),
  instruction: () => ({
    task: 'You judge the answer that an AI agent gave to a task, by one criterion.',
    words: passOrFail,
    rules: [],
  }),
  criterion: ({ text }) => text,
  asked: ({ text }) => ({ text }),
  exhibits({ case: of, outcome }) {
    if (outcome.output === undefined) return { unscored: 'the run has no output' }
    return [{ shown: [taskPart(of), answerPart(outcome.output)], vocabulary: passOrFailVocabulary }]
  },
  examples: [
    {
      title: 'The answer names the amount.',
      params: { text: 'The answer names the amount that is refunded.' },
      subject: subjectOf({ input: 'Refund my order 42.', output: 'I have refunded $30 to your card.' }),
      verdicts: ['pass'],
      expect: 'pass',
    },
    {
      title: 'An answer that is only polite does not.',
      params: { text: 'The answer names the amount that is refunded.' },
      subject: subjectOf({ input: 'Refund my order 42.', output: 'Of course, consider it done!' }),
      verdicts: ['fail'],
      expect: 'fail',
    },
    {
      title: 'Asked three times, most answers decide.',
      params: { text: 'The answer is polite.', samples: 3 },
      subject: subjectOf({ output: 'Gladly.' }),
      verdicts: ['pass', 'fail', 'pass'],
      expect: 'pass',
      says: '2 pass, 1 fail',
    },
    {
      title: 'A judge that cannot tell has said nothing.',
      params: { text: 'The answer is what the customer hoped for.' },
      subject: subjectOf({ output: 'Gladly.' }),
      verdicts: ['cannot tell'],
      expect: 'unscored',
      says: 'abstain',
    },
    {
      title: 'Without an answer there is nothing to judge.',
      params: { text: 'The answer is polite.' },
      subject: subjectOf({}),
      verdicts: [],
      expect: 'unscored',
      says: 'no output',
    },
  ],
})
