import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, isAbsolute, join, normalize } from 'node:path'

export const repository = dirname(dirname(import.meta.dirname))
const launcher = join(repository, 'bin', 'evalkit.mjs')

export interface CliOptions {
  /** Run in this folder (of an earlier result) instead of a fresh one; files are added to it. */
  readonly dir?: string
  /** Added to the environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly stdin?: string
  /** Flags for Node itself. */
  readonly nodeFlags?: readonly string[]
  /** Ends the program with SIGKILL; the result then has exit code -1. */
  readonly timeoutMs?: number
}

export interface CliResult {
  /** -1 where a signal ended it. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  readonly dir: string
}

/**
 * Runs the built `evalkit` in a fresh folder that holds `files` (path → text) and in which `import … from 'evalkit'`
 * finds this repository. The environment is bare: no CI, no keys, no colour, so a test means the same everywhere.
 *
 * ```ts
 * const { exitCode, stdout } = await runCli({ 'evals/first.eval.ts': '…' }, ['run'])
 * ```
 */
export async function runCli(
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const dir = options.dir ?? workspace()
  writeFiles(dir, files)
  return runProgram(process.execPath, [...(options.nodeFlags ?? []), launcher, ...args], { ...options, dir })
}

/** A fresh folder in which `import … from 'evalkit'` and `npx evalkit` find this repository. */
export function workspace(files: Readonly<Record<string, string>> = {}): string {
  const dir = mkdtempSync(join(process.env['EVALKIT_TEST_SCRATCH'] ?? tmpdir(), 'cli-'))
  mkdirSync(join(dir, 'node_modules'))
  symlinkSync(repository, join(dir, 'node_modules', 'evalkit'), 'dir')
  writeFiles(dir, { 'package.json': '{ "private": true, "type": "module" }\n', ...files })
  return dir
}

/** Makes a package of this repository's development importable in a workspace, as if it were installed there. */
export function linkPackage(dir: string, name: string): void {
  const path = join(dir, 'node_modules', ...name.split('/'))
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(join(repository, 'node_modules', name), path, 'dir')
}

/** Lets an older Node, and what it starts, read TypeScript as newer ones do. */
export const stripsTypes: Readonly<Record<string, string>> = process.features.typescript
  ? {}
  : { NODE_OPTIONS: '--experimental-strip-types --no-warnings' }

/** Runs any program to its end. Rejects where it cannot be started at all. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: CliOptions & { readonly dir: string },
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.dir, env: bareEnvironment(options), stdio: 'pipe' })
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000)
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({
        exitCode: code ?? -1,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
        dir: options.dir,
      })
    })
    // A program that ends without reading its input closes the pipe under us; that is its right.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error)
    })
    child.stdin.end(options.stdin ?? '')
  })
}

export function bareEnvironment({ dir, env = {} }: CliOptions): NodeJS.ProcessEnv {
  const bare = {
    PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
    HOME: dir,
    TMPDIR: tmpdir(),
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    NO_COLOR: '1',
    NODE_COMPILE_CACHE: compileCache(),
    ...env,
  }
  return Object.fromEntries(Object.entries(bare).filter(([, value]) => value !== undefined))
}

/** The program is started hundreds of times: it need not be compiled each time. */
function compileCache(): string | undefined {
  const scratch = process.env['EVALKIT_TEST_SCRATCH']
  return scratch === undefined ? undefined : join(scratch, 'compile-cache')
}

function writeFiles(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    if (isAbsolute(path) || normalize(path).startsWith('..'))
      throw new Error(`${path} leads out of the workspace`)
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
}
