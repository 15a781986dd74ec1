import { EvalkitError } from '../../schema/errors.ts'
import { oneLine } from '../../lib/text.ts'

/** Keeps a run from asking a provider that is down again and again. One for each provider, by its origin. */
export interface Breaker {
  /**
   * A call is about to be made. Throws `EVK_PROVIDER_DOWN` while the provider is taken to be down. Who was let in says
   * how it went, once.
   */
  enter(origin: string): Passage
}

export interface Passage {
  /** It answered, whatever it said. */
  answered(): void
  /** It did not answer, retries included. */
  failed(): void
  /** The call was given up: nothing is known. */
  left(): void
}

export interface BreakerOptions {
  /** Milliseconds; need not be those of a clock on the wall. */
  readonly now: () => number
  /** Calls that fail one after the other until it opens. Default 5. */
  readonly after?: number | undefined
  /** How long it stays open before one call may try. Default 30 s. */
  readonly coolDownMs?: number | undefined
}

interface State {
  failures: number
  openUntil: number | undefined
  /** A call is finding out whether the provider is back. */
  probing: boolean
}

/** A breaker: closed; open after so many failures in a row; then half open, for one call that decides. */
export function breakerOf({ now, after = 5, coolDownMs = 30_000 }: BreakerOptions): Breaker {
  const states = new Map<string, State>()

  const stateOf = (origin: string): State => {
    const state = states.get(origin) ?? { failures: 0, openUntil: undefined, probing: false }
    states.set(origin, state)
    return state
  }

  return {
    enter(origin) {
      const state = stateOf(origin)
      const probe = state.openUntil !== undefined
      if (state.openUntil !== undefined && (state.probing || now() < state.openUntil)) {
        throw new EvalkitError(
          'EVK_PROVIDER_DOWN',
          `${oneLine(origin, 200)} did not answer ${state.failures} calls in a row, and is not asked for now.`,
        )
      }
      if (probe) state.probing = true
      let open = true
      const once = (tell: () => void): void => {
        if (!open) return
        open = false
        if (probe) state.probing = false
        tell()
      }
      return {
        answered: () =>
          once(() => {
            state.failures = 0
            state.openUntil = undefined
          }),
        failed: () =>
          once(() => {
            state.failures++
            if (probe || state.failures >= after) state.openUntil = now() + coolDownMs
          }),
        left: () => once(() => undefined),
      }
    },
  }
}
