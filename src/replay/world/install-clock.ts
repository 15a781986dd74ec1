import { syncBuiltinESMExports } from 'node:module'
import { promisify } from 'node:util'
import { standInDate } from './install-date.ts'
import { real } from './real.ts'
import { standInPromises, standInScheduler } from './timers-promises.ts'
import { likeOriginal, replace } from './stand-in.ts'
import { type TimerCallback, VirtualTimer } from './virtual-timer.ts'
import { worldHere } from './world.ts'

/**
 * Puts stand-ins in the place of the process's clock and timers: `Date`, `performance.now`, `setTimeout`, `setInterval`,
 * what clears them, `node:timers`, `node:timers/promises`, `AbortSignal.timeout`. In a trial they are of its world;
 * elsewhere the call is the original one, and gives the original's result. `setImmediate`, `queueMicrotask` and
 * `process.nextTick` are no matter of time, and stay. For the life of the process, and once for all copies of the package.
 *
 * Not seen: functions that were taken out before (`const { setTimeout } = globalThis`), `process.hrtime`, and what native
 * code asks of the clock.
 */
export function installClock(): void {
  const place = globalThis as { [key]?: true }
  if (place[key] === true) return
  place[key] = true
  const timers = process.getBuiltinModule('node:timers')
  const promises = process.getBuiltinModule('node:timers/promises')
  standInDate()

  const setTimeout = likeOriginal(timerOf(real.setTimeout, false), real.setTimeout)
  const setInterval = likeOriginal(timerOf(real.setInterval, true), real.setInterval)
  const clearTimeout = likeOriginal(clearing(real.clearTimeout), real.clearTimeout)
  const clearInterval = likeOriginal(clearing(real.clearInterval), real.clearInterval)
  const asPromises = standInPromises(promises)
  Object.defineProperty(setTimeout, promisify.custom, { get: () => asPromises.setTimeout, enumerable: true })
  const ours = { setTimeout, setInterval, clearTimeout, clearInterval }
  for (const target of [globalThis, timers])
    for (const [name, one] of Object.entries(ours)) replace(target, name, one)
  for (const [name, one] of Object.entries(asPromises)) replace(promises, name, one)
  standInScheduler(promises.scheduler)
  replace(AbortSignal, 'timeout', likeOriginal(abortTimeout, Reflect.get(AbortSignal, 'timeout')))
  syncBuiltinESMExports()
}

const key = Symbol.for('evalkit.clock.1')

function timerOf(original: Function, repeats: boolean): Function {
  return function (this: unknown, callback: TimerCallback, delay?: unknown, ...args: unknown[]): unknown {
    const clock = worldHere()?.clock
    // What is no function is refused in the original's words.
    if (clock === undefined || typeof callback !== 'function') {
      return Reflect.apply(original, this, [callback, delay, ...args])
    }
    const timer = new VirtualTimer(clock, callback, delay, args, repeats)
    clock.add(timer)
    return timer
  }
}

function clearing(original: Function): Function {
  return function (this: unknown, timer?: unknown): unknown {
    if (timer instanceof VirtualTimer) return void timer.close()
    const ours = isPrimitive(timer) ? worldHere()?.clock?.timer(Number(timer)) : undefined
    if (ours !== undefined) return void ours.close()
    return Reflect.apply(original, this, [timer])
  }
}

function isPrimitive(value: unknown): value is number | string {
  return typeof value === 'number' || typeof value === 'string'
}

/** https://dom.spec.whatwg.org/#dom-abortsignal-timeout, with the words of Node's. */
function abortTimeout(ms: number): AbortSignal {
  const clock = worldHere()?.clock
  if (clock === undefined || !(ms >= 0 && ms <= Number.MAX_SAFE_INTEGER)) return real.abortTimeout(ms)
  const controller = new AbortController()
  const late = (): void =>
    controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
  clock.add(new VirtualTimer(clock, late, ms, [], false))
  return controller.signal
}
