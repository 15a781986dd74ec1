import type * as Promises from 'node:timers/promises'
import type { Clock } from './clock.ts'
import { likeOriginal, replace } from './stand-in.ts'
import { VirtualTimer } from './virtual-timer.ts'
import { worldHere } from './world.ts'

interface WaitOptions {
  readonly signal?: AbortSignal
}

/** Stand-ins for the two functions of `node:timers/promises` that have to do with time. */
export function standInPromises(
  original: Pick<typeof Promises, 'setTimeout' | 'setInterval'>,
): Record<'setTimeout' | 'setInterval', Function> {
  const { setTimeout, setInterval } = original
  return {
    setTimeout: likeOriginal((...args: [delay?: number, value?: unknown, options?: WaitOptions]) => {
      const [delay, value, options] = args
      const clock = clockFor(options)
      return clock === undefined
        ? Reflect.apply(setTimeout, undefined, args)
        : after(clock, delay, value, options)
    }, setTimeout),
    setInterval: likeOriginal((...args: [delay?: number, value?: unknown, options?: WaitOptions]) => {
      const [delay, value, options] = args
      const clock = clockFor(options)
      return clock === undefined
        ? Reflect.apply(setInterval, undefined, args)
        : every(clock, delay, value, options)
    }, setInterval),
  }
}

/** `scheduler.wait`, of `node:timers/promises`. */
export function standInScheduler(scheduler: typeof Promises.scheduler): void {
  const prototype = Object.getPrototypeOf(scheduler) as typeof scheduler
  const wait = Reflect.get(prototype, 'wait') as Function
  const ours = function (this: typeof scheduler, ...args: [delay: number, options?: WaitOptions]): unknown {
    const [delay, options] = args
    const clock = clockFor(options)
    return clock === undefined ? Reflect.apply(wait, this, args) : after(clock, delay, undefined, options)
  }
  replace(prototype, 'wait', likeOriginal(ours, wait))
}

/** The trial's clock; none where the original is to say what is wrong with the options. */
function clockFor(options: unknown): Clock | undefined {
  const clock = worldHere()?.clock
  if (options === undefined) return clock
  if (typeof options !== 'object' || options === null) return undefined
  const { signal } = options as WaitOptions
  return signal === undefined || signal instanceof AbortSignal ? clock : undefined
}

function after(clock: Clock, delay: unknown, value: unknown, { signal }: WaitOptions = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(abortOf(signal))
      return
    }
    const done = (): void => {
      signal?.removeEventListener('abort', stop)
      resolve(value)
    }
    const timer = new VirtualTimer(clock, done, delay, [], false)
    const stop = (): void => {
      timer.close()
      reject(abortOf(signal))
    }
    signal?.addEventListener('abort', stop, { once: true })
    clock.add(timer)
  })
}

/** As Node's: ticks that come while nobody asks are kept, and come at once. */
async function* every(
  clock: Clock,
  delay: unknown,
  value: unknown,
  { signal }: WaitOptions = {},
): AsyncGenerator {
  const isStopped = (): boolean => signal?.aborted === true
  if (isStopped()) throw abortOf(signal)
  let kept = 0
  let wake: (() => void) | undefined
  const tick = (): void => {
    kept++
    wake?.()
  }
  const stop = (): void => {
    timer.close()
    wake?.()
  }
  const timer = new VirtualTimer(clock, tick, delay, [], true)
  signal?.addEventListener('abort', stop, { once: true })
  clock.add(timer)
  try {
    for (;;) {
      if (kept === 0 && !isStopped()) await new Promise<void>((resolve) => (wake = resolve))
      for (; kept > 0; kept--) yield value
      if (isStopped()) throw abortOf(signal)
    }
  } finally {
    timer.close()
    signal?.removeEventListener('abort', stop)
  }
}

/** What Node's own rejects with. */
function abortOf(signal: AbortSignal | undefined): Error {
  const error = new Error('The operation was aborted', { cause: signal?.reason })
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' })
}
