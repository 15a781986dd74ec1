import * as z from 'zod'
import type { Outcome } from '../../schema/outcome.ts'
import type { Score } from '../../schema/score.ts'
import { defineCheck } from '../define-check.ts'
import { listed, shown } from '../show.ts'
import { subjectOf } from '../subject.ts'

const reward = { name: 'reward', source: 'environment', gating: true, status: 'scored' } as const

export const recordedScore = defineCheck({
  name: 'recordedScore',
  group: 'answer',
  description: 'The score that came with the recorded run, as long as the replay is that run.',
  params: z.strictObject({
    name: z.string().min(1).default('reward').describe('Name of the score in the recording.'),
  }),
  examples: [
    {
      title: 'The environment rewarded the run, and the replay reproduced it.',
      params: { name: 'reward' },
      subject: subjectOf({ recorded: [{ ...reward, value: 1, passed: true }] }),
      expect: 'pass',
    },
    {
      title: 'The environment did not reward the run.',
      params: {},
      subject: subjectOf({ recorded: [{ ...reward, value: 0, passed: false }] }),
      expect: 'fail',
    },
    {
      title: 'A run that was not replayed carries its scores itself.',
      params: {},
      subject: subjectOf({ scores: [{ ...reward, value: 1, passed: true }] }),
      expect: 'pass',
    },
    {
      title: 'The replay is another run than the one that was scored.',
      params: {},
      subject: subjectOf({
        recorded: [{ ...reward, value: 1, passed: true }],
        share: 0.4,
        divergences: [
          { step: 3, kind: 'request', what: 'The agent asks for another flight.', differences: [] },
        ],
      }),
      expect: 'unscored',
      says: 'left the recording at step 3',
    },
    {
      title: 'The recording has no such score.',
      params: { name: 'judge' },
      subject: subjectOf({ recorded: [{ ...reward, value: 1, passed: true }] }),
      expect: 'unscored',
      says: 'it has "reward"',
    },
  ],
  answer({ outcome, recorded }, { name }) {
    const left = recorded === undefined ? undefined : leftAt(outcome)
    if (left !== undefined) {
      return { unscored: `the replay left the recording${left}, so the recorded score does not describe it` }
    }
    const scores = recorded ?? outcome.trace.scores
    const found = scores.filter((score) => score.name === name)
    const [score] = found
    if (score === undefined) return { unscored: absent(name, scores) }
    if (found.length > 1) return { unscored: `the recording has ${found.length} scores ${shown(name)}` }
    if (score.status === 'unscored') return { unscored: score.reason }
    const { value, passed, reason } = score
    return reason === undefined ? { value, passed } : { value, passed, reason }
  },
})

/** Where a replay and its recording part: ` at step 3`, empty where nobody knows; `undefined` where they do not. */
function leftAt({ divergences, fidelity }: Outcome): string | undefined {
  // Another model's run is another run, however alike they are.
  if (fidelity.counts.live !== undefined || fidelity.counts.cached !== undefined) return ''
  if (divergences.length === 0 && fidelity.share === 1) return undefined
  const steps = divergences.map((divergence) => divergence.step)
  if (fidelity.firstOffTape !== undefined) steps.push(fidelity.firstOffTape)
  return steps.length === 0 ? '' : ` at step ${Math.min(...steps)}`
}

function absent(name: string, scores: readonly Score[]): string {
  const names = [...new Set(scores.map((score) => shown(score.name)))]
  const known = names.length === 0 ? 'it has none' : `it has ${listed(names, 5)}`
  return `the recording has no score ${shown(name)}; ${known}`
}
