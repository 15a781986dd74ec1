import { hasFixture, readFixture, writeFixture } from '../dataset/fixture-file.ts'
import type { Fixture } from '../schema/fixture.ts'
import { packRecording, type Recording, recordingOf, unpackRecording } from '../schema/recording.ts'
import type { Mode, Trial } from '../schema/run.ts'
import type { Trace } from '../schema/trace.ts'
import { sameBehaviour } from './same-behaviour.ts'

/** Where what live models said is kept. */
export interface Keeping {
  /** The folder fixtures stand in. */
  readonly fixtures: string
  readonly dataset: string
  readonly mode: Mode
  /** Whether a case had no recording when the run began: then its trials become its recordings. */
  readonly isNew: (caseId: string) => boolean
}

/** A finished trial, and the trace it left. */
export interface Kept {
  readonly trial: Pick<Trial, 'case' | 'trial' | 'status' | 'fidelity'>
  readonly trace: Trace
}

/**
 * Keeps a finished trial in its case's fixture, so that it can be replayed without a key: beside the recording of the
 * same trial, whose world it was played in; in its place, where tools were live too and the world is another now; as the
 * first recordings of a case that had none. Not kept is what was aborted, what left the tape (a tool that was made up or ran
 * because the recording lacked it is no world to play in), and a trial more than there are recordings: returns whether it was. Throws what reading and writing a fixture throws.
 */
export function keepTrial({ trial, trace }: Kept, keeping: Keeping): boolean {
  const { fixtures, dataset, mode, isNew } = keeping
  if (trial.status === 'aborted' || trial.fidelity.firstOffTape !== undefined) return false
  const made = { ...recordingOf(trace), trial: trial.trial }
  const before = hasFixture(fixtures, dataset, trial.case)
    ? readFixture(fixtures, dataset, trial.case).fixture
    : undefined
  const makesWorld = mode.tools === 'live' || isNew(trial.case)
  const after = keptIn(before ?? { v: 1, dataset, case: trial.case, recordings: [] }, made, makesWorld)
  if (after === undefined) return false
  if (after !== before) writeFixture(fixtures, after)
  return true
}

/**
 * The fixture with a trial in it: among its recordings where the trial `makesWorld`, else beside them. `undefined` where
 * it has no place. Pure.
 */
export function keptIn(fixture: Fixture, made: Recording, makesWorld: boolean): Fixture | undefined {
  const { recordings, rerecordings = [], ...head } = fixture
  const { trial, trace } = made
  const beside = makesWorld ? undefined : rerecordings.find((one) => one.trial === trial)
  const kept = beside ?? recordings[trial]
  // The diff is what the agent and its model did otherwise: nothing where they did nothing else.
  if (kept !== undefined && sameBehaviour(unpackRecording(kept), made)) return fixture
  const packed = packRecording(made)
  const others = rerecordings.filter((one) => one.trial !== trial)
  if (!makesWorld) {
    if (trial >= recordings.length) return undefined
    return { ...head, recordings, rerecordings: [...others, packed].toSorted((a, b) => a.trial - b.trial) }
  }
  const isTwice = recordings.some((one, at) => one.trace === trace && at !== trial)
  if (trial > recordings.length || isTwice) return undefined
  const world = trial === recordings.length ? [...recordings, packed] : recordings.with(trial, packed)
  return { ...head, recordings: world, ...(others.length === 0 ? {} : { rerecordings: others }) }
}
