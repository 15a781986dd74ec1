import { inertJson } from '../lib/text.ts'
import type { Style } from '../report/reporter.ts'
import type { Answers } from './answers.ts'

/** The outside world, handed to every command: nothing below `cli/` reads any of it by itself. */
export interface Io {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Hex digits that no other process makes. */
  readonly random: () => string
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Whether stderr is a terminal a person looks at: then progress is one line that moves. */
  readonly interactive: boolean
  readonly style: Style
  /** Begins to listen to who sits before stdin. */
  readonly answers: () => Answers
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal
}

/** Whether a job runs us: then nobody accepts a baseline, and progress is plain lines. */
export function inCi({ env }: Pick<Io, 'env'>): boolean {
  return env.CI !== undefined && env.CI !== '' && env.CI !== 'false' && env.CI !== '0'
}

/** Prints the one JSON document of `--json`. */
export function outJson(io: Pick<Io, 'out'>, document: object): void {
  io.out(`${inertJson(JSON.stringify({ schemaVersion: 1, ...document }, null, 2))}\n`)
}
