import type { Trace } from '../../src/schema/trace.ts'
import {
  acrossVariants,
  type Asking,
  coverageOf,
  hitsOf,
  orderedPairs,
  type RungFigures,
  rungFigures,
  type RungSettings,
  surest,
  wrongOf,
} from './rungs.ts'

/** Runs of one file. */
export interface Runs {
  readonly name: string
  readonly traces: readonly Trace[]
}

/** What was served from what, and how it went. */
export interface PairFigures extends RungFigures {
  readonly live: string
  readonly recorded: string
  /** With the other runs of the same task behind the recording. */
  readonly pooled: boolean
}

/**
 * Every way in which runs of these files can be served from one another: where a file holds several runs of a task, each
 * from each other, without and with the rest as a pool; and each file from each other one that holds the same tasks.
 */
export function* figuresOfPairs(files: readonly Runs[], settings: RungSettings): Generator<PairFigures> {
  function* of(
    live: Runs,
    recorded: Runs,
    pooled: boolean,
    asking: Iterable<Asking>,
  ): Generator<PairFigures> {
    const figures = rungFigures(asking, settings)
    if (figures.pairs > 0) yield { live: live.name, recorded: recorded.name, pooled, ...figures }
  }
  for (const runs of files) {
    yield* of(runs, runs, false, orderedPairs(runs.traces, false))
    yield* of(runs, runs, true, orderedPairs(runs.traces, true))
  }
  for (const recorded of files) {
    for (const live of files) {
      if (live !== recorded) yield* of(live, recorded, false, acrossVariants(live.traces, recorded.traces))
    }
  }
}

/** The least that is served of the calls that say something of the world, other runs of the task pooled, by file. */
const pooledFloor: Readonly<Record<string, number>> = { 'gpt-4o-airline.json': 0.8 }
const mostWrong = 0.01

/** What these figures break of what the ladder promises, in sentences. */
export function brokenBy({ live, recorded, pooled, world, all }: PairFigures): readonly string[] {
  const broken: string[] = []
  for (const tally of [world, all]) {
    const wrong = wrongOf(hitsOf(tally, surest))
    if (wrong > mostWrong)
      broken.push(`${live} from ${recorded}: ${percent(wrong)} of what ${surest.join(', ')} served was wrong`)
  }
  const floor = pooled && Object.hasOwn(pooledFloor, live) ? (pooledFloor[live] ?? 0) : 0
  const coverage = coverageOf(world)
  if (coverage < floor)
    broken.push(`${live}, pooled: ${percent(coverage)} of calls were served, not ${percent(floor)}`)
  return broken
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
