/**
 * How much a computation may still do, in steps of some nanoseconds each. What compares everything with everything
 * takes from it as it goes, and gives up where nothing is left: texts of strangers decide how long it would take.
 */
export interface Work {
  left: number
}

/** Steps that take about a second. */
export const mostWork = 100_000_000

export function workOf(left: number = mostWork): Work {
  return { left }
}

/** Takes steps; false where there are not as many. */
export function spend(work: Work, steps: number): boolean {
  work.left -= steps
  return work.left >= 0
}
