import { real } from './real.ts'
import { likeOriginal, replace } from './stand-in.ts'
import { worldHere } from './world.ts'

/**
 * Puts a `Date` in place that tells a trial its own time. It has the original's prototype, so that every date is an
 * instance of both, and what was made of either is the same thing.
 */
export function standInDate(): void {
  const now = likeOriginal((): number => worldHere()?.clock?.now() ?? real.dateNow(), real.dateNow)
  function ours(this: unknown, ...args: unknown[]): unknown {
    const clock = worldHere()?.clock
    if (new.target === undefined) {
      // Called as a function it gives a text, whatever it is given.
      return clock === undefined ? real.Date() : new real.Date(clock.now()).toString()
    }
    const made = new.target === ours ? real.Date : new.target
    const given = clock !== undefined && args.length === 0 ? [clock.now()] : args
    return Reflect.construct(real.Date, given, made) as unknown
  }
  likeOriginal(ours, real.Date)
  for (const name of ['parse', 'UTC'] as const) replace(ours, name, real.Date[name])
  Object.defineProperty(ours, 'prototype', { value: real.Date.prototype, writable: false })
  // Also of the original: who took the class earlier asks for the time now.
  for (const target of [ours, real.Date]) replace(target, 'now', now)
  for (const name of ['now', 'parse', 'UTC']) Object.defineProperty(ours, name, { enumerable: false })
  replace(real.Date.prototype, 'constructor', ours)
  replace(globalThis, 'Date', ours)
  standInPerformance()
}

/** Its two readings agree with `Date`: milliseconds since the trial began, which is where its time has its origin. */
function standInPerformance(): void {
  const prototype = Object.getPrototypeOf(performance) as Pick<typeof performance, 'now'>
  const { now } = prototype
  const origin = Object.getOwnPropertyDescriptor(prototype, 'timeOrigin')
  replace(
    prototype,
    'now',
    likeOriginal(function (this: unknown): number {
      const clock = worldHere()?.clock
      return clock === undefined ? Reflect.apply(now, this, []) : clock.now() - clock.start
    }, now),
  )
  if (origin?.get === undefined || origin.configurable !== true) return
  const get = origin.get.bind(performance) as () => number
  Object.defineProperty(prototype, 'timeOrigin', {
    ...origin,
    get(): number {
      return worldHere()?.clock?.start ?? get()
    },
  })
}
