import { AsyncLocalStorage } from 'node:async_hooks'
import { untapped } from '../../tap/untapped.ts'
import type { Clock } from './clock.ts'

/** What one trial has of its own instead of the process's: looked up in the async context by the stand-ins. */
export interface World {
  /** Time. Absent where the trial lives in the real one. */
  readonly clock: Clock | undefined
  /** Chance: numbers in [0,1), the same in each run of the same trial. */
  readonly random: () => number
  /**
   * Told of each way out of the process that no tap is behind; what it gives is thrown there. Absent where the trial may
   * reach the world.
   */
  readonly escaped: ((what: string) => Error) | undefined
  /** Whether the trial is under way. What it left running lives in the real world. */
  isOver: boolean
}

/** Runs `body` in a world, and everything it starts. */
export function withWorld<T>(world: World, body: () => T): T {
  return storage().run(world, body)
}

/** The world of the trial that is under way in this async context. */
export function worldHere(): World | undefined {
  const world = storage().getStore()
  return world?.isOver === true ? undefined : world
}

/** What bars the ways out in this async context. Also of a trial that is over: what it left running stays inside. */
export function barHere(): World['escaped'] {
  return storage().getStore()?.escaped
}

/**
 * Runs what is not the agent's (a server that answers it, a program that is started for it, a tool that runs live) in
 * the real world: real time, real chance, no tap and no guard.
 */
export function outsideWorld<T>(body: () => T): T {
  return storage().run(undefined, () => untapped(body))
}

const key = Symbol.for('evalkit.world.1')

/** One storage for all copies of the package in the process. */
function storage(): AsyncLocalStorage<World | undefined> {
  const place = globalThis as { [key]?: AsyncLocalStorage<World | undefined> }
  place[key] ??= new AsyncLocalStorage()
  return place[key]
}
