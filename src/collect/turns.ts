/** Work in several lines: in each, one piece after another, whatever came of the one before; all lines at the same time. */
export interface Turns {
  in(line: number, work: () => Promise<void>): Promise<void>
  /** When nothing is under way in any line, and nothing begins meanwhile. */
  alone(work: () => Promise<void>): Promise<void>
}

export function openTurns(lines: number): Turns {
  /** The end of what was asked for last. */
  const last = Array.from({ length: lines }, (): Promise<unknown> => Promise.resolve())
  return {
    in(line, work) {
      const next = (last[line] ?? Promise.resolve()).then(work)
      last[line] = next.catch(() => undefined)
      return next
    },
    alone(work) {
      const done = Promise.all(last).then(work)
      const ended = done.catch(() => undefined)
      for (const line of last.keys()) last[line] = ended
      return done
    },
  }
}
