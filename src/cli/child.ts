import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { EvalkitError } from '../schema/errors.ts'

/** How a program ended. */
export interface ChildEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/**
 * Runs a program in our place: its input and output are ours, signals we get are handed on. Throws `EVK_USAGE` where
 * it cannot be started.
 */
export async function runInOurPlace(
  [command = '', ...args]: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<ChildEnd> {
  const child = spawn(command, args, { cwd, env, stdio: 'inherit' })
  const release = handOnSignals(child)
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return { code, signal }
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new EvalkitError('EVK_USAGE', `"${command.slice(0, 200)}" cannot be started (${why}).`, {
      hint: 'The command stands behind "--", as you would type it.',
      cause,
    })
  } finally {
    release()
  }
}

/** Hands the signals we get on to a program, until the returned function is called. */
export function handOnSignals(child: ChildProcess): () => void {
  const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => {
    const handOn = (): void => {
      // On a terminal Ctrl-C reaches it too, without us; on Windows it always does, and to send it is to kill.
      const reachesIt = process.stdin.isTTY || process.platform === 'win32'
      if (signal !== 'SIGINT' || !reachesIt) child.kill(signal)
    }
    process.on(signal, handOn)
    return [signal, handOn] as const
  })
  return () => {
    for (const [signal, handOn] of handlers) process.off(signal, handOn)
  }
}

/** The exit code of a program, as shells say it: 128 and the signal's number where one ended it. */
export function exitCodeOf({ code, signal }: ChildEnd): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
}

/** How it ended, where it did not end well. */
export function failureOf({ code, signal }: ChildEnd): string | undefined {
  if (code === 0) return undefined
  return signal === null ? `The command ended with exit code ${code}.` : `The command was ended by ${signal}.`
}
