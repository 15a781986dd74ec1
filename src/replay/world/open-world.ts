import type { Recording } from '../../schema/recording.ts'
import { type Clock, createClock } from './clock.ts'
import { createInFlight, watchInFlight } from './in-flight.ts'
import { prepareWorld } from './prepare.ts'
import { seededRandom } from './install-random.ts'
import type { World } from './world.ts'

/** What a trial's world is made of. */
export interface WorldSettings {
  /** Milliseconds since the epoch at which it begins; left out: it lives in real time. */
  readonly startTime: number | undefined
  /** What its chance hangs on. */
  readonly seed: readonly (string | number)[]
  /** Told of each way out that is taken; what it gives is thrown there. Left out: the world is open. */
  readonly escaped?: ((what: string) => Error) | undefined
}

/** A world that has begun. */
export interface OpenWorld {
  readonly world: World
  /** Until what it returns is called, time passes no faster than real time. */
  readonly hold: Clock['hold']
  /** The trial is over: what it left running lives in the real world, behind the same guard. */
  close(): void
}

/** Begins the world of one trial. */
export function openWorld({ startTime, seed, escaped }: WorldSettings): OpenWorld {
  prepareWorld()
  const clock = startTime === undefined ? undefined : createClock(startTime, createInFlight())
  const world: World = { clock, random: seededRandom(...seed), escaped, isOver: false }
  const unwatch = clock === undefined ? () => undefined : watchInFlight()
  return {
    world,
    hold: clock?.hold ?? (() => () => undefined),
    close() {
      world.isOver = true
      clock?.close()
      unwatch()
    },
  }
}

/** For recordings that do not say when they were made: any time would do, but always the same. */
const someTime = Date.UTC(2025, 0, 1)

/** When a recorded run began, in milliseconds since the epoch, as far as its calls tell. */
export function recordedStart({ calls }: Pick<Recording, 'calls'>): number {
  const times = calls
    .map(({ startedAt }) => Date.parse(startedAt ?? ''))
    .filter((time) => !Number.isNaN(time))
  return times.length === 0 ? someTime : times.reduce((first, time) => Math.min(first, time))
}
