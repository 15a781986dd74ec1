import * as z from 'zod'
import { json } from '../../../schema/json.ts'
import { subjectOf } from '../../subject.ts'
import { defineJudge } from '../define-judge.ts'
import { answerPart, passOrFail, passOrFailVocabulary, taskPart } from '../exhibit.ts'
import { modelParams, samplesParam, textParam } from '../judge-params.ts'

export const reference = defineJudge({
  name: 'reference',
  description: 'The answer says what a reference answer says, in whatever words.',
  params: z.strictObject({
    text: textParam.text
      .default('The answer states every fact that the reference answer states, and contradicts none of them.')
      .describe('What makes an answer as good as the reference, where it is not the usual.'),
    expected: json.optional().describe("The reference answer. Default: the case's `expected`."),
    ...modelParams,
    ...samplesParam,
  }),
  instruction: () => ({
    task: 'You judge the answer that an AI agent gave to a task, against a reference answer that is right.',
    words: passOrFail,
    rules: [
      'The reference is right, whatever you know yourself. Other words, another order and another language are no difference; another fact, number, name or date is.',
      'What the answer says beyond the reference does not matter, unless it contradicts it.',
    ],
  }),
  criterion: ({ text }) => text,
  asked: ({ text, expected }) => ({ text, expected }),
  exhibits({ case: of, outcome }, { expected = of.expected }) {
    if (expected === undefined) return { unscored: 'the case has no "expected"' }
    if (outcome.output === undefined) return { unscored: 'the run has no output' }
    const given = { heading: 'The reference answer, which is right', content: expected }
    return [{ shown: [taskPart(of), given, answerPart(outcome.output)], vocabulary: passOrFailVocabulary }]
  },
  examples: [
    {
      title: 'The same fact in other words.',
      params: {},
      subject: subjectOf({
        input: 'When does it arrive?',
        expected: 'On Tuesday, 3 June.',
        output: 'Your parcel comes on June 3rd, a Tuesday.',
      }),
      verdicts: ['pass'],
      expect: 'pass',
    },
    {
      title: 'Another date is another answer.',
      params: {},
      subject: subjectOf({
        input: 'When does it arrive?',
        expected: 'On Tuesday, 3 June.',
        output: 'Your parcel comes on June 4th.',
      }),
      verdicts: ['fail'],
      expect: 'fail',
    },
    {
      title: 'Without a reference there is nothing to hold it against.',
      params: {},
      subject: subjectOf({ output: 'Your parcel comes on June 4th.' }),
      verdicts: [],
      expect: 'unscored',
      says: 'no "expected"',
    },
  ],
})
