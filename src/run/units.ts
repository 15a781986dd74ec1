import { readFixture } from '../dataset/fixture-file.ts'
import { contentHash } from '../lib/hash.ts'
import { type Case, caseHash } from '../schema/case.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Fixture } from '../schema/fixture.ts'
import type { Normalizers } from '../schema/normalizers.ts'
import { type Recording, unpackRecording } from '../schema/recording.ts'
import type { Mode } from '../schema/run.ts'
import { type Plan, playedHash, trialKey } from './plan.ts'

/** One trial that is to be played. */
export interface Unit {
  readonly case: Case
  /** Hash of what is played: the case and, where there is one, its fixture. */
  readonly hash: string
  readonly trial: number
  readonly world: World
}

/** What a case is replayed against. */
export interface World {
  readonly recordings: readonly Recording[]
  /** What live models said since, by trial. */
  readonly rerecordings: ReadonlyMap<number, Recording>
  readonly normalizers?: Normalizers | undefined
}

/** What is to be played, one case in memory at a time (and those under way). */
export async function* unitsOf(
  plan: Plan,
  {
    fixtures,
    isDone,
  }: {
    /** The folder fixtures stand in. */
    readonly fixtures: string
    readonly isDone: (caseId: string, trial: number) => boolean
  },
): AsyncGenerator<Unit> {
  const left = new Map(
    plan.dataset.index.filter(({ id }) => plan.cases.has(id)).map((one) => [one.id, one.hash]),
  )
  for await (const given of plan.dataset.cases()) {
    const planned = left.get(given.id)
    if (planned === undefined) continue
    left.delete(given.id)
    if (caseHash(given) !== planned) throw changed(given.id, 'The case')
    const trials = Array.from({ length: plan.trials }, (_, trial) => trial).filter(
      (trial) => !isDone(given.id, trial) && !plan.leftOut.has(trialKey(given.id, trial)),
    )
    if (trials.length === 0) continue
    const world = worldOf(plan, fixtures, given.id)
    const fixture = plan.recorded.get(given.id)?.worldHash
    const hash = fixture === undefined ? planned : contentHash([planned, fixture])
    for (const trial of trials) yield { case: given, hash, trial, world }
  }
  const [gone] = left.keys()
  if (gone !== undefined) throw changed(gone, 'The case')
}

/**
 * What a trial is played against. A live model is asked in the world as it was recorded: what another one said there is
 * nothing to it, and more trials than recordings go round.
 */
export function playedRecording(
  { recordings, rerecordings }: Pick<World, 'recordings' | 'rerecordings'>,
  trial: number,
  { llm }: Pick<Mode, 'llm'>,
): Recording | undefined {
  if (llm !== 'recorded') return recordings[trial % Math.max(1, recordings.length)]
  return rerecordings.get(trial) ?? recordings[trial]
}

function worldOf(plan: Plan, folder: string, caseId: string): World {
  const planned = plan.recorded.get(caseId)
  if (planned === undefined) return { recordings: [], rerecordings: new Map() }
  const { fixture, ...hashes } = readFixture(folder, plan.dataset.name, caseId)
  const now = { ...hashes, recordings: fixture.recordings.length }
  if (playedHash(now, plan.mode) !== playedHash(planned, plan.mode)) throw changed(caseId, 'The fixture')
  return worldIn(fixture)
}

/** What a fixture holds, ready to be played against. */
export function worldIn({ recordings, rerecordings, normalizers }: Fixture): World {
  return {
    recordings: recordings.map(unpackRecording),
    rerecordings: new Map(rerecordings?.map((packed) => [packed.trial, unpackRecording(packed)])),
    normalizers,
  }
}

/** A run is filed under the hashes it was planned with: what is no longer that must not stand under them. */
function changed(caseId: string, what: string): EvalkitError {
  return new EvalkitError('EVK_RUN_INPUT_CHANGED', `${what} was changed after the run had begun.`, {
    at: { case: caseId },
  })
}
