import { hasFixture, readFixture } from '../dataset/fixture-file.ts'
import type { Dataset } from '../dataset/load.ts'
import { defined } from '../lib/defined.ts'
import { sameJson } from '../lib/json.ts'
import type { Case } from '../schema/case.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { Run, Trial } from '../schema/run.ts'
import type { Trace } from '../schema/trace.ts'
import type { Subject } from '../score/check.ts'
import { playedRecording, worldIn } from './units.ts'

/** Where the outcomes of a run are read from. */
export interface KeptOutcomesSource {
  readonly run: Run
  readonly dataset: Dataset
  /** The folder fixtures stand in. */
  readonly fixtures: string
  readonly traceOf: (id: string) => Promise<Trace>
  readonly known?: KnownTools | undefined
}

/** The outcomes of a run, as they stand before a judge or a person: one at a time in memory. */
export interface KeptOutcomes {
  /** What a trial produced, beside its case; or why that cannot be judged. */
  subjectOf(trial: Trial): Promise<Subject | { readonly left: string }>
}

/**
 * Gives the outcomes of a run, as `score` sees them. A trial that did not end well is nothing to judge; neither is one whose case asks
 * something else by now. Throws `EVK_TRACE_NOT_FOUND` where the store lost a trace, and the readers' codes.
 */
export async function keptOutcomes(source: KeptOutcomesSource): Promise<KeptOutcomes> {
  const cases = new Map<string, Case>()
  for await (const one of source.dataset.cases()) cases.set(one.id, one)
  return {
    async subjectOf(trial) {
      const given = cases.get(trial.case)
      if (given === undefined) return { left: 'the case is no longer in the dataset' }
      if (trial.status !== 'completed') return { left: `the trial ${trial.status}` }
      if (trial.trace === undefined) return { left: 'the trial left no trace' }
      const trace = await source.traceOf(trial.trace)
      // What was read and not played may not tell what it was asked.
      if (trace.input !== undefined && !sameJson(given.input ?? null, trace.input)) {
        return { left: 'the case asks something else since it was played' }
      }
      const { recorded, recordedOutput } = recordingOf(source, trial)
      return {
        case: given,
        outcome: keptOutcome(trial, trace),
        trial: trial.trial,
        ...defined({ recorded, recordedOutput, tools: source.known }),
      }
    },
  }
}

function recordingOf(
  { fixtures, dataset, run }: KeptOutcomesSource,
  trial: Trial,
): Pick<Subject, 'recorded' | 'recordedOutput'> {
  if (!hasFixture(fixtures, dataset.name, trial.case)) return {}
  const { fixture } = readFixture(fixtures, dataset.name, trial.case)
  const played = playedRecording(worldIn(fixture), trial.trial, run.mode)
  return defined({ recorded: played?.scores, recordedOutput: played?.output })
}

/** The outcome of a trial that was kept, with the trace it left. */
export function keptOutcome(trial: Trial, trace: Trace): Outcome {
  const { status, reason, code, usage, costUsd, durationMs, fidelity, divergences } = trial
  const output = status === 'completed' ? trace.output : undefined
  return {
    status,
    ...defined({ reason, code, output, usage, costUsd }),
    trace,
    durationMs,
    fidelity,
    divergences,
  }
}
