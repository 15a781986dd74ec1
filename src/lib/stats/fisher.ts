import { logChoose } from './gamma.ts'

export interface PassCount {
  readonly passed: number
  readonly trials: number
}

/**
 * Fisher's exact test that one case got worse: the chance of so few passes among the candidate's trials, had the
 * passes been dealt at random over both runs.
 */
export function fisherDrop(baseline: PassCount, candidate: PassCount): number {
  const trials = baseline.trials + candidate.trials
  const passed = baseline.passed + candidate.passed
  const fewest = Math.max(0, passed - baseline.trials)
  let p = 0
  for (let dealt = fewest; dealt <= candidate.passed; dealt++) {
    p += Math.exp(
      logChoose(passed, dealt) +
        logChoose(trials - passed, candidate.trials - dealt) -
        logChoose(trials, candidate.trials),
    )
  }
  return Math.min(1, p)
}
