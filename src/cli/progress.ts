import type { Io } from './io.ts'

/** Says on stderr how far a run is: a line that moves on a terminal, some plain lines in a log. */
export interface Progress {
  /** `done` trials are committed. */
  update(done: number): void
  end(): void
}

export function progressOf(io: Io, name: string, total: number, resumed: number): Progress {
  const step = Math.max(1, Math.ceil(total / 10))
  let said = resumed
  let lastAt = 0
  if (resumed > 0) io.err(`${name}: ${resumed} of ${total} trials were finished before\n`)
  return {
    update(done) {
      if (io.interactive) {
        const now = io.now()
        if (now - lastAt < 100 && done < total) return
        lastAt = now
        io.err(`\r${name}: ${done} of ${total} trials`)
      } else if (done - said >= step || done === total) {
        said = done
        io.err(`${name}: ${done} of ${total} trials\n`)
      }
    },
    end() {
      if (io.interactive) io.err('\r\x1b[K')
    },
  }
}
