import type { InFlight } from './in-flight.ts'
import { real } from './real.ts'
import type { VirtualTimer } from './virtual-timer.ts'
import { outsideWorld } from './world.ts'

/** The time of one trial. */
export interface Clock {
  /** Milliseconds since the epoch: whole, and still but for what timers move. */
  now(): number
  /** When the trial began, in milliseconds since the epoch. */
  readonly start: number
  /** Milliseconds since it began. */
  elapsed(): number
  /** Time of the trial that passed without it (milliseconds since it began): timers due by then fire next. */
  passTo(at: number): void
  nextId(): number
  add(timer: VirtualTimer): void
  remove(timer: VirtualTimer): void
  /** The timer of an id, as `+timer` gives it. */
  timer(id: number): VirtualTimer | undefined
  /** Until what it returns is called, time passes no faster than real time. */
  readonly hold: () => () => void
  /** Something of the trial happened. */
  stir(): void
  readonly inFlight: InFlight
  /** The trial is over: what is still pending goes on in real time, and keeps no process alive. */
  close(): void
}

/**
 * Turns of the event loop in which nothing of the trial happened, before it counts as idle. What came over a loopback
 * connection within the process is seen in the turn after it was sent; the rest is margin.
 */
const quietTurns = 4
/** Timers that fire in one trial before time passes as it really does: an endless interval ends by the trial's limit. */
const mostFired = 100_000
/** Readings of one same instant before it moves on by a millisecond: who waits by looking at the clock gets there. */
const mostReadings = 1000
/** Turns in a row in which something happened, before time passes as it really does: who waits in a loop gets there. */
const mostRestless = 10_000
/** Turns that are watched one by one while something is in flight; then every millisecond. */
const closeTurns = 50
/** Above ids of Node's own timers, which count from 1. */
const firstId = 1e12

/**
 * A clock that stands still while the trial does anything, and jumps to the next timer when all it does is wait for one.
 * Timers fire in order of their time, then of their making. While something real is under way (`hold`, or what
 * `inFlight` sees), time passes as it really does, so that nothing real is timed out by a jump.
 */
export function createClock(start: number, inFlight: InFlight): Clock {
  const timers = new Map<number, VirtualTimer>()
  let ids = firstId
  let elapsed = 0
  let readings = 0
  let holds = 0
  let fired = 0
  let quiet = 0
  let restless = 0
  let stirred = false
  let isWatching = false
  let isOver = false
  let busy: { readonly since: number; readonly from: number; turns: number } | undefined

  function next(): VirtualTimer | undefined {
    let first: VirtualTimer | undefined
    // Ids grow, and the map keeps their order except for those that were refreshed.
    for (const timer of timers.values()) {
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.id < first.id))
        first = timer
    }
    return first
  }

  function watch(): void {
    if (isWatching || isOver || timers.size === 0) return
    isWatching = true
    quiet = 0
    later()
  }

  /** Out of the trial's context: the watching is no doing of the trial. */
  function later(): void {
    outsideWorld(() => {
      if (busy !== undefined && busy.turns > closeTurns) real.setTimeout(turn, 1)
      else real.setImmediate(turn)
    })
  }

  function turn(): void {
    const timer = isOver ? undefined : next()
    if (timer === undefined) {
      isWatching = false
      busy = undefined
      return
    }
    restless = stirred ? restless + 1 : 0
    if (holds > 0 || fired >= mostFired || restless > mostRestless || inFlight.isBusy()) {
      quiet = 0
      stirred = false
      busy ??= { since: real.uptime(), from: elapsed, turns: 0 }
      busy.turns++
      if (timer.at <= busy.from + (real.uptime() - busy.since)) fire(timer)
      else later()
      return
    }
    busy = undefined
    quiet = stirred ? 0 : quiet + 1
    stirred = false
    if (quiet > quietTurns) fire(timer)
    else later()
  }

  function fire(timer: VirtualTimer): void {
    quiet = 0
    fired++
    moveTo(timer.at)
    timers.delete(timer.id)
    try {
      timer.fire()
    } finally {
      if (timer.repeats && repeating.has(timer)) timer.refresh()
      // What a callback throws is the process's to see, as ever; time goes on.
      later()
    }
  }

  function moveTo(at: number): void {
    if (at <= elapsed) return
    elapsed = at
    readings = 0
  }

  /** Intervals nobody has cleared, also not from within. */
  const repeating = new WeakSet<VirtualTimer>()

  return {
    start,
    inFlight,
    now() {
      stirred = true
      if (++readings > mostReadings) moveTo(elapsed + 1)
      return start + elapsed
    },
    elapsed: () => elapsed,
    passTo: (at) => moveTo(Math.trunc(at)),
    nextId: () => ++ids,
    add(timer) {
      stirred = true
      timers.set(timer.id, timer)
      if (timer.repeats) repeating.add(timer)
      if (isOver) goOn(timer)
      else watch()
    },
    remove(timer) {
      stirred = true
      timers.delete(timer.id)
      repeating.delete(timer)
    },
    timer: (id) => timers.get(id),
    hold() {
      holds++
      let isHeld = true
      return () => {
        if (isHeld) holds--
        isHeld = false
      }
    },
    stir() {
      stirred = true
    },
    close() {
      isOver = true
      for (const timer of timers.values()) goOn(timer)
    },
  }

  /** After the trial, in real time: a pool that was made in it may serve the next one. */
  function goOn(timer: VirtualTimer): void {
    outsideWorld(() =>
      real
        .setTimeout(
          () => {
            if (timers.get(timer.id) !== timer) return
            moveTo(timer.at)
            timers.delete(timer.id)
            timer.fire()
            if (timer.repeats && repeating.has(timer)) timer.refresh()
          },
          Math.max(1, timer.at - elapsed),
        )
        .unref(),
    )
  }
}
