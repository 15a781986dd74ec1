/** What is made once for all who hold it, and must be closed. */
export interface Closable {
  close(): Promise<void>
}

export interface Held<T> {
  readonly value: T
  /** The last one who lets go closes it. */
  readonly release: () => Promise<void>
}

/**
 * Makes something for the first who wants it, hands the same to all who want it while somebody holds it, and closes it with
 * the last. What `make` throws, all who waited for it get; who comes later tries again.
 */
export function sharing<T extends Closable, A>(make: (how: A) => Promise<T>): (how: A) => Promise<Held<T>> {
  let made: Promise<T> | undefined
  let closed: Promise<void> = Promise.resolve()
  let holders = 0
  return async (how) => {
    // The next one is made only when the last is closed: they may want the same port.
    made ??= closed.then(() => make(how))
    const mine = made
    holders++
    let value: T
    try {
      value = await mine
    } catch (error) {
      holders--
      if (made === mine) made = undefined
      throw error
    }
    let isHeld = true
    return {
      value,
      async release() {
        if (!isHeld) return
        isHeld = false
        if (--holders > 0) return
        made = undefined
        closed = value.close()
        await closed
      },
    }
  }
}

/**
 * A queue with one place at its head: resolves with what gives it free when all who came before have done so. Who is
 * aborted while waiting leaves, and throws what it was aborted with.
 */
export function oneAtATime(): (signal: AbortSignal) => Promise<() => void> {
  let last: Promise<void> = Promise.resolve()
  return async (signal) => {
    signal.throwIfAborted()
    const before = last
    let free = (): void => undefined
    last = new Promise((resolve) => (free = resolve))
    let gone = (): void => undefined
    try {
      await Promise.race([
        before,
        new Promise((_, reject) => {
          gone = () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
          signal.addEventListener('abort', gone, { once: true })
        }),
      ])
    } catch (error) {
      void before.then(free)
      throw error
    } finally {
      signal.removeEventListener('abort', gone)
    }
    return free
  }
}
