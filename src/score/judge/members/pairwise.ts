import * as z from 'zod'
import type { Json } from '../../../schema/json.ts'
import { subjectOf } from '../../subject.ts'
import { defineJudge, type Exhibit } from '../define-judge.ts'
import { taskPart } from '../exhibit.ts'
import type { Question } from '../judge.ts'
import { modelParams, samplesParam, textParam } from '../judge-params.ts'

/** Words of place, for the order turns: what they mean hangs on where the outcome stands. */
const words = {
  first: 'the first answer is clearly better by the criterion',
  second: 'the second answer is clearly better by the criterion',
  tie: 'both are as good',
  'cannot tell': 'the data does not tell',
} as const

export const pairwise = defineJudge({
  name: 'pairwise',
  description:
    'The answer is not worse than another one, by one criterion. Both orders are asked; where they disagree it is a tie. Advisory by default: better or worse than what was is no level.',
  gating: false,
  params: z.strictObject({
    text: textParam.text
      .default('Which answer serves the person who set the task better, by what is right and complete?')
      .describe('By what one answer is better than the other.'),
    against: z
      .enum(['expected', 'recorded'])
      .default('recorded')
      .describe(
        "What it is set beside: the case's `expected`, or the output of the recorded run that was replayed.",
      ),
    ...modelParams,
    ...samplesParam,
  }),
  instruction: () => ({
    task: 'You compare two answers to the same task, by one criterion.',
    words,
    rules: [
      'Which answer stands first is chance.',
      'Of two answers of which one is empty, only begins, or has nothing to do with the task, the other is better.',
    ],
  }),
  criterion: ({ text }) => text,
  asked: ({ text, against }) => ({ text, against }),
  exhibits({ case: of, outcome, recordedOutput }, { against }) {
    const other = against === 'expected' ? of.expected : recordedOutput
    if (other === undefined) {
      return {
        unscored: against === 'expected' ? 'the case has no "expected"' : 'the recorded run has no output',
      }
    }
    const { output } = outcome
    if (output === undefined) return { unscored: 'the run has no output' }
    const task = taskPart(of)
    return [
      exhibit(task, [output, other], { first: 'better', second: 'worse' }),
      exhibit(task, [other, output], { first: 'worse', second: 'better' }),
    ]
  },
  examples: [
    {
      title: 'Better in either order.',
      params: { against: 'expected' },
      subject: subjectOf({ expected: 'No idea.', output: 'It arrives on Tuesday.' }),
      verdicts: ['first', 'second'],
      expect: 'pass',
    },
    {
      title: 'Who always takes the first has said nothing: a tie, and not worse.',
      params: { against: 'recorded' },
      subject: subjectOf({ recordedOutput: 'On Tuesday.', output: 'It arrives on Tuesday.' }),
      verdicts: ['first', 'first'],
      expect: 'pass',
      says: 'turned with the order',
    },
    {
      title: 'Worse in either order.',
      params: { against: 'recorded' },
      subject: subjectOf({ recordedOutput: 'It arrives on Tuesday.', output: 'No idea.' }),
      verdicts: ['second', 'first'],
      expect: 'fail',
    },
    {
      title: 'Without a recorded answer there is no pair.',
      params: {},
      subject: subjectOf({ output: 'It arrives on Tuesday.' }),
      verdicts: [],
      expect: 'unscored',
      says: 'recorded run has no output',
    },
  ],
})

/** `content` in its order; `means` says where the outcome stands. */
function exhibit(
  task: Question['shown'][number],
  [first, second]: readonly [Json, Json],
  means: { readonly first: 'better' | 'worse'; readonly second: 'better' | 'worse' },
): Exhibit {
  const part = (heading: string, content: Json, isOutcome: boolean) =>
    isOutcome ? ({ heading, content, judged: true } as const) : { heading, content }
  return {
    shown: [
      task,
      part('The first answer', first, means.first === 'better'),
      part('The second answer', second, means.second === 'better'),
    ],
    vocabulary: { ...means, tie: 'tie', 'cannot tell': 'abstain' },
  }
}
