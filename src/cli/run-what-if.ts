import type { MatrixColumn } from '../replay/faults/matrix.ts'
import { readPersonRule } from '../replay/people.ts'
import type { Eval } from '../run/define-eval.ts'
import type { FixtureFacts, Plan } from '../run/plan.ts'
import { playedRecording, worldIn } from '../run/units.ts'
import { type Asked, filedAs, whyNot } from '../run/what-if.ts'
import type { Case } from '../schema/case.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Fixture } from '../schema/fixture.ts'
import type { Trial } from '../schema/run.ts'
import type { Verdict } from '../schema/verdict.ts'
import type { WhatIf } from '../schema/what-if.ts'
import { asksForFaults, faultPlansFrom } from './fault-plans.ts'
import type { Modes } from './modes.ts'
import type { Project } from './project.ts'
import { exitOfWords } from './replay-faults.ts'
import { asksForFork, contentOf, stepFrom } from './replay-fork.ts'
import { asksWhatIf, type WhatIfFlags } from './what-if-flags.ts'

/** What is put into every trial of a run, and how the run is filed. */
export interface FiledWhatIf {
  readonly asked: Asked
  readonly filed: WhatIf
}

/** What a run puts into its trials, or the columns of a matrix it plays instead. */
export type RunWhatIf = FiledWhatIf | { readonly columns: readonly MatrixColumn[] }

/** Reads the flags; `undefined` where nothing is put in. Throws `EVK_USAGE`, and what reading a rule throws. */
export function runWhatIfFrom(
  flags: WhatIfFlags,
  project: Pick<Project, 'path'>,
  { record, overrides }: Modes,
): RunWhatIf | undefined {
  if (!asksWhatIf(flags)) return undefined
  if (record) {
    throw new EvalkitError(
      'EVK_USAGE',
      'What would be if is not what is to be recorded: it takes no --record.',
      {
        hint: 'A recording is what CI replays: record without, then ask.',
      },
    )
  }
  if (asksForFaults(flags)) {
    const plans = faultPlansFrom(project, flags)
    const plan = plans({ calls: [] })
    if ('columns' in plan) return plan
    const asked: Asked = {
      faults: {
        schedule(recording) {
          const own = plans(recording, 'many')
          // Whether it is a matrix hangs on no recording.
          return 'columns' in own ? { rules: [] } : own.schedule
        },
        filed: plans.filed,
      },
    }
    return { asked, filed: filedAs(asked) }
  }
  const asked: Asked = {
    ...(flags.human === undefined ? {} : { people: flags.human.map(readPersonRule) }),
    ...(asksForFork(flags)
      ? {
          fork: {
            from: stepFrom(flags.from),
            set: flags.set ?? [],
            read: (file: string) => contentOf(project.path(file), file),
            overrides,
          },
        }
      : {}),
  }
  return { asked, filed: filedAs(asked) }
}

/** By recording of a fixture, why what is asked for does not fit it. `undefined` where nothing is asked for. */
export function unfitFor(
  { user }: Pick<Eval, 'user'>,
  { whatIf, modes }: { readonly whatIf?: FiledWhatIf | undefined; readonly modes: Pick<Modes, 'mode'> },
): ((fixture: Fixture, given: Case) => FixtureFacts['unfit']) | undefined {
  if (whatIf === undefined) return undefined
  return (fixture, given) => {
    const world = worldIn(fixture)
    return world.recordings.map((_, trial) => {
      const recording = playedRecording(world, trial, modes.mode)
      return recording === undefined ? undefined : whyNot(whatIf.asked, recording, given, user)
    })
  }
}

/** A run that asks what would be if is for looking at: no baseline and no floor is held against it. */
export function whatIfVerdict({ policy }: Verdict, plan: Plan): Verdict {
  const { cases, unfit, leftOut } = plan
  const left = [
    ...(unfit === 0 ? [] : [`${unfit} of ${cases.size + unfit} cases`]),
    ...(leftOut.size === 0
      ? []
      : [`${leftOut.size} ${leftOut.size === 1 ? 'trial' : 'trials'} of the others`]),
  ]
  const reasons = [
    {
      code: 'what-if',
      what: 'Something was put in that the recordings do not hold.',
      hint: 'Run without --fault, --faults, --human, --from and --set to gate.',
    },
    ...(left.length === 0
      ? []
      : [
          {
            code: 'what-if-unfit',
            what: `It could not be put into ${left.join(' and ')}: left out.`,
            hint: 'evalkit replay <trace-id> with the same flags says why of one trace.',
          },
        ]),
  ]
  return { word: 'not gated', sentence: 'not gated: this run asks what would be if', reasons, policy }
}

/**
 * The exit code of such a run: 1 where an agent did harm or broke under faults, 3 where nothing was decided or no trial came
 * to its end, else 0.
 */
export function exitOfWhatIf(trials: readonly Trial[]): number {
  const words = trials.flatMap(({ whatIf }) =>
    whatIf?.faults === undefined ? [] : [whatIf.faults.verdict.word],
  )
  if (words.length > 0) return exitOfWords(words)
  return trials.every(({ status }) => status === 'aborted') ? 3 : 0
}
