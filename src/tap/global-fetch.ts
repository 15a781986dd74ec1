import { meetFetch, realFetch, standIn } from './fetch.ts'
import { currentTap, type Tap } from './tap.ts'

/**
 * Puts the global `fetch` behind the tap in force where it is called, for every client that does not bring its own.
 * Without a tap in force, and for what is not HTTP (`data:`, `blob:`), the call is the original one. The `fetch` of
 * the `undici` package is another one, and is not seen.
 *
 * Returns what undoes it, where ours still stands there. Once for a process: over a stand-in of ours (another copy of
 * the package) nothing is put. `here` says which tap is in force; default: that of `currentTap`.
 */
export function tapGlobalFetch(here: () => Tap | undefined = currentTap): () => void {
  const real = globalThis.fetch
  if (realFetch() !== real) return () => undefined
  let active = true
  // The signature of Node's own, whose `length` is 1.
  const fetch = function fetch(this: unknown, ...args: unknown[]): Promise<Response> {
    const [input, init] = args as Parameters<typeof real>
    const tap = active ? tapHere(here) : undefined
    if (tap === undefined || args.length === 0 || (tap.closed !== true && !isHttp(input))) {
      return Reflect.apply(real, this, args)
    }
    return meetFetch(tap, real, input, init)
  }
  const ours = standIn(
    Object.defineProperty(fetch, 'length', { value: real.length, configurable: true }),
    real,
  )
  globalThis.fetch = ours
  return () => {
    active = false
    if (globalThis.fetch === ours) globalThis.fetch = real
  }
}

/** What stands for the whole process may fail to be made, and then records nothing. */
function tapHere(here: () => Tap | undefined): Tap | undefined {
  try {
    return here()
  } catch {
    return undefined
  }
}

function isHttp(input: unknown): boolean {
  return /^https?:/i.test(input instanceof Request ? input.url : String(input))
}
