import type { Subject } from '../../src/score/check.ts'
import type { Trace } from '../../src/schema/trace.ts'

/** A recorded run as a check meets it: its own outcome, of a case that asks what it was asked. */
export function subjectOfTrace(trace: Trace): Subject {
  const { input, output, usage, costUsd, durationMs } = trace
  return {
    case: { v: 1, id: trace.id, input: input ?? '', tags: [] },
    outcome: {
      status: 'completed',
      ...(output === undefined ? {} : { output }),
      trace,
      ...(usage === undefined ? {} : { usage }),
      ...(costUsd === undefined ? {} : { costUsd }),
      durationMs: durationMs ?? 0,
      fidelity: { share: 1, steps: 0, counts: {} },
      divergences: [],
    },
  }
}
