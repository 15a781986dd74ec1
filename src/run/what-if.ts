import { contentHash } from '../lib/hash.ts'
import { defined } from '../lib/defined.ts'
import { playFaulted } from '../replay/faults/play-faulted.ts'
import { assertKnown, type Schedule, writeRule } from '../replay/faults/schedule.ts'
import { faultVerdict } from '../replay/faults/verdict.ts'
import { readEdit } from '../replay/fork/edits.ts'
import { forkOf } from '../replay/fork/fork.ts'
import { type ForkParent, playFork } from '../replay/fork/play-fork.ts'
import type { Overrides } from '../replay/live/override.ts'
import { peopleOf, type PersonRule } from '../replay/people.ts'
import { type Play, play } from '../replay/play.ts'
import type { UserKind } from '../replay/user.ts'
import { type PlainUser, userKind } from '../replay/users/index.ts'
import type { Case } from '../schema/case.ts'
import { EvalkitError } from '../schema/errors.ts'
import { type KnownTools, knownTools } from '../schema/known-tools.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { Recording } from '../schema/recording.ts'
import type { TrialWhatIf, WhatIf } from '../schema/what-if.ts'

/** What is put into every trial of a run: faults, or other answers of people and a fork. */
export interface Asked {
  /** The faults of a trial against a recording. */
  readonly faults?: {
    readonly schedule: (recording: Recording) => Schedule
    /** As a run is filed under it: the rules, or what chance draws from. */
    readonly filed: Pick<WhatIf, 'faults' | 'rates'>
  }
  readonly people?: readonly PersonRule[]
  readonly fork?: {
    readonly from?: number | undefined
    /** As `--set` has them. */
    readonly set: readonly string[]
    /** The text of a file that an edit names. */
    readonly read: (file: string) => string
    /** Of the models that are asked from the fork on. */
    readonly overrides?: Overrides | undefined
  }
}

/** A trial that was played with what is put in, and what of that came to pass. */
export interface Happened {
  readonly outcome: Outcome
  readonly whatIf: TrialWhatIf
}

type RecordedPlay = Play & { readonly recording: Recording }

/** What a run with it is filed under: two that differ here are not gone on with as one. */
export function filedAs({ faults, people, fork }: Asked): WhatIf {
  const set = fork?.set.map((text) => {
    const [, file] = /=@(.+)$/s.exec(text) ?? []
    return file === undefined ? text : `${text} (${contentHash(fork.read(file))})`
  })
  return {
    ...faults?.filed,
    ...defined({
      people: people?.map(({ text }) => text),
      from: fork?.from,
      set: set === undefined || set.length === 0 ? undefined : set,
    }),
  }
}

/**
 * Why it cannot be put into a recording: a tool that was not called, a question nobody was asked, a step that is not
 * there. `undefined` where it can.
 */
export function whyNot(
  { faults, people, fork }: Asked,
  recording: Recording,
  given: Case,
  user: UserKind | PlainUser,
): EvalkitError | undefined {
  const taped = userKind(user).tape?.(recording, given) ?? recording
  try {
    if (faults !== undefined) assertKnown(faults.schedule(recording), recording)
    if (people !== undefined) peopleOf(people, taped)
    if (fork !== undefined) {
      const edits = fork.set.map((text) => readEdit(text, taped, fork.read))
      forkOf({ from: fork.from, edits, recording: taped })
    }
  } catch (error) {
    if (EvalkitError.is(error)) return error
    throw error
  }
  return undefined
}

/**
 * Plays one trial with what is asked for. With faults it is played a second time, without, to have something to hold it
 * against: `fresh` makes a trial that was not played. Throws what `whyNot` gives, where that was not asked before.
 */
export async function playWhatIf(fresh: () => RecordedPlay, asked: Asked): Promise<Happened> {
  if (asked.faults !== undefined) return playWithFaults(fresh, asked.faults.schedule)
  return playOtherwise(fresh(), asked)
}

async function playWithFaults(
  fresh: () => RecordedPlay,
  scheduleFor: (recording: Recording) => Schedule,
): Promise<Happened> {
  const trial = fresh()
  const schedule = scheduleFor(trial.recording)
  const known: KnownTools = trial.replay?.known ?? knownTools()
  const clean = await play(fresh())
  // What differs without faults differs with them as well: nothing could be told apart.
  const { outcome, injected } =
    clean.status === 'aborted' ? { outcome: clean, injected: [] } : await playFaulted(trial, schedule)
  const verdict = faultVerdict({ clean, faulted: outcome, injected, known })
  return { outcome, whatIf: { faults: { injected: [...injected], verdict } } }
}

async function playOtherwise(trial: RecordedPlay, { people: rules = [], fork }: Asked): Promise<Happened> {
  const taped = userKind(trial.user).tape?.(trial.recording, trial.case) ?? trial.recording
  const people = peopleOf(rules, taped)
  const peopled =
    rules.length === 0 ? trial : { ...trial, replay: { ...trial.replay, inject: people.inject } }
  const said = (): Pick<TrialWhatIf, 'people'> => (rules.length === 0 ? {} : { people: people.said() })
  if (fork === undefined) {
    const outcome = await play(peopled)
    return { outcome, whatIf: said() }
  }
  const { outcome, story } = await playFork(peopled, {
    ...fork,
    parent: parentOf(trial),
    people: rules.map(({ text }) => text),
  })
  const met = story.edits.filter(({ reached }) => reached).length
  return { outcome, whatIf: { ...said(), edits: { met, of: story.edits.length } } }
}

/** What a fixture tells of the trace it was recorded from. */
function parentOf({ recording, target, case: given }: RecordedPlay): ForkParent {
  return { id: recording.trace, name: target.name, task: { id: given.id }, attributes: {}, spans: [] }
}

/** The rules of a schedule as they are filed. */
export function rulesOf({ rules }: Schedule): readonly string[] {
  return rules.map(writeRule)
}
