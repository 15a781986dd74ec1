/** A commit costs the same for one trial as for many: so many come together, or so many ms pass, before one is made. */
const batchSize = 128
const batchMs = 20
/** When that many wait, no new one is started. */
const most = 2 * batchSize

/** What is finished, between the workers that make it and the consumer that commits it. */
export class Backlog<T> {
  #waiting: T[] = []
  #ready = Promise.withResolvers<void>()
  #room = Promise.withResolvers<void>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  /** Adds what is finished. */
  push(finished: T): void {
    if (this.#closed) return
    this.#waiting.push(finished)
    if (this.#waiting.length >= batchSize) this.#ready.resolve()
    else this.#timer ??= setTimeout(() => this.#ready.resolve(), batchMs)
  }

  /** Nothing more comes: what waits can still be taken, and nobody has to wait for room. */
  close(): void {
    this.#closed = true
    this.#ready.resolve()
    this.#room.resolve()
    clearTimeout(this.#timer)
  }

  /** Resolves when another may be started. */
  async room(): Promise<void> {
    while (this.#waiting.length >= most && !this.#closed) await this.#room.promise
  }

  /** The next batch; empty when there will be none. */
  async take(): Promise<readonly T[]> {
    if (!this.#closed) await this.#ready.promise
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (!this.#closed) this.#ready = Promise.withResolvers()
    const batch = this.#waiting
    this.#waiting = []
    this.#room.resolve()
    this.#room = Promise.withResolvers()
    return batch
  }
}
