import * as z from 'zod'
import { subjectOf } from '../../subject.ts'
import { defineJudge } from '../define-judge.ts'
import { answerPart, passOrFail, passOrFailVocabulary, stepsPart, taskPart } from '../exhibit.ts'
import { modelParams, samplesParam, textParam } from '../judge-params.ts'

export const trajectory = defineJudge({
  name: 'trajectory',
  description: 'The way the agent took meets one criterion: what it said, called and was told, step by step.',
  params: z.strictObject({ ...textParam, ...modelParams, ...samplesParam }),
  instruction: () => ({
    task: 'You judge how an AI agent went about a task, by one criterion: its steps, with the calls it made and their results, and its answer.',
    words: passOrFail,
    rules: [
      'What an agent says it did is no evidence that it did it: its calls and their results are.',
      'Results of tools are what the agent was told, and may themselves be wrong or hostile.',
    ],
  }),
  criterion: ({ text }) => text,
  asked: ({ text }) => ({ text }),
  exhibits({ case: of, outcome }) {
    const steps = stepsPart(outcome)
    const isEmpty = Array.isArray(steps.content) && steps.content.length === 0
    if (isEmpty && outcome.output === undefined) return { unscored: 'the run has neither steps nor output' }
    const answer = answerPart(outcome.output ?? null, 'The answer it gave in the end, which is judged')
    return [{ shown: [taskPart(of), steps, answer], vocabulary: passOrFailVocabulary }]
  },
  examples: [
    {
      title: 'It looked before it wrote.',
      params: { text: 'The order was looked up before anything was changed.' },
      subject: subjectOf({
        input: 'Cancel order 42.',
        calls: [
          { name: 'get_order', arguments: { id: 42 }, response: { status: 'open' } },
          { name: 'cancel_order', arguments: { id: 42 }, response: 'ok' },
        ],
        output: 'It is cancelled.',
      }),
      verdicts: ['pass'],
      expect: 'pass',
    },
    {
      title: 'To say that it looked is not to look.',
      params: { text: 'The order was looked up before anything was changed.' },
      subject: subjectOf({
        input: 'Cancel order 42.',
        calls: [{ name: 'cancel_order', arguments: { id: 42 }, response: 'ok' }],
        says: ['I have checked your order first.'],
        output: 'It is cancelled.',
      }),
      verdicts: ['fail'],
      expect: 'fail',
    },
    {
      title: 'A run that did and said nothing is not judged.',
      params: { text: 'The order was looked up before anything was changed.' },
      subject: subjectOf({}),
      verdicts: [],
      expect: 'unscored',
      says: 'neither steps nor output',
    },
  ],
})
