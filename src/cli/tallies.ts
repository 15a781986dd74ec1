import { EvalkitError } from '../schema/errors.ts'
import { tally } from '../schema/metric.ts'
import type { Run, Tallies, Trial } from '../schema/run.ts'
import type { Store } from '../store/store.ts'

/** A run with all that is kept of it. */
export interface GatheredRun {
  readonly run: Run
  readonly trials: readonly Trial[]
  readonly tallies: Tallies
}

/**
 * A finished run and its tallies. Throws `EVK_RUN_NOT_FOUND`, and `EVK_RUN_UNFINISHED` for one that was killed: a
 * part of a run is not a run; `EVK_USAGE` for one into which something was put.
 */
export async function gatherRun(store: Store, idOrName: string): Promise<GatheredRun> {
  const run = await store.getRun(idOrName)
  if (run.status !== 'finished') {
    throw new EvalkitError('EVK_RUN_UNFINISHED', `The run "${run.name}" (${run.id}) is not finished.`)
  }
  if (run.whatIf !== undefined) {
    throw new EvalkitError('EVK_USAGE', `The run "${run.name}" (${run.id}) asks what would be if.`, {
      hint: 'It is shown, and neither gated nor a baseline: run the eval with nothing put in.',
    })
  }
  return withTrials(store, run)
}

/** A run and what it has so far. */
export async function withTrials(store: Store, run: Run): Promise<GatheredRun> {
  const trials: Trial[] = []
  for await (const trial of store.listTrials(run.id)) trials.push(trial)
  return { run, trials, tallies: talliesOf(run, trials) }
}

function talliesOf(run: Run, trials: readonly Trial[]): Tallies {
  const { eval: of, id, mode, hashes, versions, cases } = run
  return {
    eval: of,
    run: id,
    mode,
    hashes,
    versions,
    planned: cases,
    trials: run.trials,
    cases: tally(trials, mode),
  }
}
