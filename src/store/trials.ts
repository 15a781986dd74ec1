import type { Trial } from '../schema/run.ts'
import type { Trace } from '../schema/trace.ts'

/**
 * The traces of a batch of trials that are to be written: a trial that is there already keeps its own trace, so the
 * one that came with the second write is left out, unless a new trial names it too.
 */
export function freshTraces(
  trials: readonly Trial[],
  traces: readonly Trace[],
  isKnown: (trial: Trial) => boolean,
): readonly Trace[] {
  const known = trials.filter(isKnown)
  if (known.length === 0) return traces
  const wanted = new Set(trials.filter((trial) => !known.includes(trial)).map((trial) => trial.trace))
  const stale = new Set(known.map((trial) => trial.trace))
  return traces.filter((trace) => wanted.has(trace.id) || !stale.has(trace.id))
}
