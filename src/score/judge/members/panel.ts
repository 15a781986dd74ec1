import * as z from 'zod'
import { subjectOf } from '../../subject.ts'
import { defineJudge } from '../define-judge.ts'
import { modelParams, textParam } from '../judge-params.ts'
import { reference } from './reference.ts'
import { rubric } from './rubric.ts'
import { trajectory } from './trajectory.ts'

/** What a panel may be asked: kinds whose questions are the same for each of its members. */
const kinds = { rubric, reference, trajectory } as const

export const panel = defineJudge({
  name: 'panel',
  description:
    'Several models judge the same, and most of them decide. Who abstains, refuses or fails has no vote; without votes of more than half of them, or without a majority, it is unscored.',
  isPanel: true,
  params: z.strictObject({
    ...textParam,
    kind: z
      .enum(['rubric', 'reference', 'trajectory'])
      .default('rubric')
      .describe('What each of them is: `rubric`, `reference` or `trajectory`.'),
    models: z
      .array(z.strictObject(modelParams))
      .min(3)
      .max(15)
      .refine((models) => models.length % 2 === 1, 'an odd number leaves no draw')
      .describe('The models that vote: an odd number, best of different families.'),
  }),
  instruction: ({ kind, text }) => kinds[kind].definition.instruction({ ...rest, text }),
  criterion: ({ text }) => text,
  asked: ({ text, kind }) => ({ text, kind }),
  exhibits: (subject, { kind, text }) => kinds[kind].definition.exhibits(subject, { ...rest, text }),
  examples: [
    {
      title: 'Two of three are a majority.',
      params: { text: 'The answer is polite.' },
      subject: subjectOf({ output: 'Gladly.' }),
      verdicts: ['pass', 'fail', 'pass'],
      expect: 'pass',
      says: '2 pass, 1 fail',
    },
    {
      title: 'Who abstains has no vote.',
      params: { text: 'The answer is polite.' },
      subject: subjectOf({ output: 'Whatever.' }),
      verdicts: ['fail', 'cannot tell', 'fail'],
      expect: 'fail',
      says: '2 fail, 1 no verdict',
    },
    {
      title: 'One to one is no majority.',
      params: { text: 'The answer is polite.' },
      subject: subjectOf({ output: 'Gladly.' }),
      verdicts: ['pass', 'cannot tell', 'fail'],
      expect: 'unscored',
      says: 'no verdict has a majority',
    },
    {
      title: 'One vote of three is no panel.',
      params: { text: 'The answer is polite.' },
      subject: subjectOf({ output: 'Gladly.' }),
      verdicts: ['pass', 'cannot tell', 'cannot tell'],
      expect: 'unscored',
      says: '1 of 3 gave a verdict',
    },
  ],
})

/** What a member's own definition asks for and a panel says of each model: it is not looked at. */
const rest = { model: 'panel', parameters: {}, samples: 1 }
