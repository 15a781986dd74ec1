import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { bareEnvironment, type CliOptions, type CliResult, repository } from './cli.ts'

/** A program that goes on until it is told to stop. */
export interface Running {
  readonly child: ChildProcess
  readonly stdout: () => string
  /** Resolves once stdout, or stderr, holds a text. Rejects when the program ends without. */
  said(text: string): Promise<void>
  errorsSaid(text: string): Promise<void>
  readonly ended: Promise<CliResult>
}

/** Starts the built `evalkit` in a folder, and does not wait for its end. */
export function startCli(
  dir: string,
  args: readonly string[],
  options: Pick<CliOptions, 'env'> = {},
): Running {
  const child = spawn(process.execPath, [join(repository, 'bin', 'evalkit.mjs'), ...args], {
    cwd: dir,
    env: bareEnvironment({ dir, ...options }),
    stdio: 'pipe',
  })
  const texts = { stdout: '', stderr: '' }
  let over = false
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (bytes: Buffer) => (texts[name] += bytes.toString()))
  }
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      over = true
      resolve({ exitCode: code ?? -1, ...texts, dir })
    })
  })
  const holds = async (name: keyof typeof texts, text: string): Promise<void> => {
    while (!texts[name].includes(text)) {
      if (over) throw new Error(`evalkit ended and never said "${text}":\n${texts.stdout}${texts.stderr}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  return {
    child,
    stdout: () => texts.stdout,
    said: (text) => holds('stdout', text),
    errorsSaid: (text) => holds('stderr', text),
    ended,
  }
}
