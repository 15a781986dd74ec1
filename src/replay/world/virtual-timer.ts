import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from './clock.ts'

/** Longer ones fire at once, as Node's do. */
const longestDelay = 2 ** 31 - 1

export type TimerCallback = (...args: unknown[]) => unknown

/**
 * A timer in the time of a trial, with the face of Node's `Timeout`. It fires in the async context it was made in.
 * Whether it is "unref'd" changes nothing but what `hasRef` says: what keeps a process alive is not its concern.
 */
export class VirtualTimer {
  readonly id: number
  readonly delay: number
  readonly repeats: boolean
  /** When it fires, in milliseconds of the trial's time since its start. */
  at: number
  readonly #clock: Clock
  readonly #fire: () => void
  #hasRef = true

  constructor(
    clock: Clock,
    callback: TimerCallback,
    delay: unknown,
    args: readonly unknown[],
    repeats: boolean,
  ) {
    this.#clock = clock
    this.repeats = repeats
    // As Node's (lib/internal/timers.js): what is no number, too small or too large is a millisecond.
    const ms = Number(delay)
    this.delay = ms >= 1 && ms <= longestDelay ? Math.trunc(ms) : 1
    this.id = clock.nextId()
    this.at = clock.elapsed() + this.delay
    const inContext = AsyncLocalStorage.snapshot()
    this.#fire = () => void inContext(() => Reflect.apply(callback, this, args))
  }

  /** Called by the clock when its time has come. */
  fire(): void {
    this.#fire()
  }

  ref(): this {
    this.#hasRef = true
    return this
  }

  unref(): this {
    this.#hasRef = false
    return this
  }

  hasRef(): boolean {
    return this.#hasRef
  }

  /** Starts it anew, also where it has fired. */
  refresh(): this {
    this.#clock.remove(this)
    this.at = this.#clock.elapsed() + this.delay
    this.#clock.add(this)
    return this
  }

  close(): this {
    this.#clock.remove(this)
    return this
  }

  [Symbol.dispose](): void {
    this.close()
  }

  [Symbol.toPrimitive](): number {
    return this.id
  }
}
