import { randomBytes } from 'node:crypto'
import { answersFrom } from './answers.ts'
import type { Io } from './io.ts'

/**
 * The real outside world. `dispose` stops listening to it. With `oneDocument`, stdout is for what we write alone: what
 * the code we run prints there (an agent's `console.log`) goes to stderr, or the document would be none.
 */
export function processIo({ oneDocument }: { readonly oneDocument: boolean }): {
  io: Io
  dispose: () => void
} {
  const { stdout, stderr, env } = process
  const write = stdout.write.bind(stdout)
  if (oneDocument) stdout.write = stderr.write.bind(stderr)
  const stop = new AbortController()
  const onSignal = (): void => {
    // The second Ctrl-C means it.
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
  }
  // A reader that went away (`| head`) is no failure of ours.
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  stdout.on('error', onError)
  const colour =
    env.NO_COLOR === undefined && env.TERM !== 'dumb' && (stdout.isTTY || env.FORCE_COLOR !== undefined)
  const io: Io = {
    cwd: process.cwd(),
    env,
    now: Date.now,
    random: () => randomBytes(3).toString('hex'),
    out: (text) => void write(text),
    err: (text) => void stderr.write(text),
    interactive: stderr.isTTY && (env.CI === undefined || env.CI === ''),
    style: { colour, width: Math.max(60, stdout.columns ?? 100) },
    answers: () => answersFrom(process.stdin, stderr),
    signal: stop.signal,
  }
  const dispose = (): void => {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    stdout.write = write
  }
  return { io, dispose }
}
