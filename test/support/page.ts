import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { repository, runProgram, stripsTypes } from './cli.ts'
import { type Block, blocksOf, option, showsOutput } from './markdown.ts'

/** What a page says and the program does not do. */
export interface PageProblem {
  readonly line: number
  readonly what: string
  /** Where shown output differs: what really came out, for UPDATE=1. */
  readonly real?: string
}

/** Copied, because commands on pages write into them; everything else of the clone is linked. */
const copied = ['datasets', 'fixtures', 'evals', 'examples', 'package.json', 'tsconfig.json']
const linked = ['bin', 'dist', 'src', 'node_modules']

/**
 * Does what a page tells its reader to do, in a clone of its own, from top to bottom. The marks of the blocks are
 * explained in CONTRIBUTING.md. Returns what did not come out as shown.
 */
export async function runPage(markdown: string): Promise<readonly PageProblem[]> {
  const blocks = blocksOf(markdown)
  const problems: PageProblem[] = []
  if (!blocks.some((block) => block.words.includes('run') || fileOf(block) !== undefined)) return problems
  const dir = cloneOf(repository)
  const env = { ...stripsTypes, PATH: `${join(dir, '.shims')}${delimiter}${process.env['PATH'] ?? ''}` }
  const lineOf = new Map<string, number>()
  const typed: string[] = []
  let stdout: string | undefined
  for (const block of blocks) {
    const { line } = block
    const file = fileOf(block)
    if (file !== undefined) {
      if (file.endsWith('.ts')) typed.push(file)
      lineOf.set(file, line)
      mkdirSync(dirname(join(dir, file)), { recursive: true })
      writeFileSync(join(dir, file), block.text)
    }
    if (block.words.includes('run')) {
      const command: readonly [string, readonly string[]] =
        block.language === 'ts'
          ? [
              process.execPath,
              ['--disable-warning=ExperimentalWarning', '--experimental-strip-types', file ?? ''],
            ]
          : ['bash', ['--norc', '-euo', 'pipefail', '-c', block.text]]
      const result = await runProgram(...command, { dir, env, timeoutMs: 120_000 })
      const expected = Number(option(block, 'exit') ?? 0)
      if (result.exitCode !== expected) {
        const said = `${result.stdout}${result.stderr}`.trimEnd()
        problems.push({ line, what: `exits ${result.exitCode} instead of ${expected}:\n${said}` })
      }
      stdout = result.stdout
    } else if (block.words.includes('output')) {
      if (stdout === undefined) problems.push({ line, what: 'shows output, but no block before it runs' })
      else if (!showsOutput(block.text, stdout)) {
        problems.push({
          line,
          what: `shows other output than the real one:\n${stdout.trimEnd()}`,
          real: stdout,
        })
      }
      stdout = undefined
    }
  }
  for (const error of await typeErrors(dir, typed)) {
    problems.push({
      line: lineOf.get(error.replace(/\(.*$/s, '')) ?? 1,
      what: `does not type-check: ${error}`,
    })
  }
  return problems
}

/** The file a block becomes: the one it names, or for TypeScript that runs, one of its own. */
function fileOf(block: Block): string | undefined {
  const runs = block.language === 'ts' && block.words.includes('run')
  return option(block, 'file') ?? (runs ? `page-line-${block.line}.ts` : undefined)
}

async function typeErrors(dir: string, files: readonly string[]): Promise<readonly string[]> {
  if (files.length === 0) return []
  // Without `paths` the compiler finds what a reader's finds: the types of the build. It is also twelve times as fast.
  const config = {
    extends: './tsconfig.json',
    compilerOptions: { noUnusedLocals: false, paths: {} },
    include: files,
  }
  writeFileSync(join(dir, 'tsconfig.page.json'), JSON.stringify(config))
  const compiler = join(repository, 'node_modules', 'ts7', 'bin', 'tsc')
  const { exitCode, stdout } = await runProgram(process.execPath, [compiler, '-p', 'tsconfig.page.json'], {
    dir,
  })
  const errors = stdout.split('\n').filter((line) => line.includes('error TS'))
  return exitCode === 0 || errors.length > 0 ? errors : [`tsc exits ${exitCode}: ${stdout}`]
}

/** What a reader has after `git clone && npm ci`, in a folder of its own. */
function cloneOf(root: string): string {
  const dir = mkdtempSync(join(process.env['EVALKIT_TEST_SCRATCH'] ?? tmpdir(), 'page-'))
  for (const name of copied)
    if (existsSync(join(root, name))) cpSync(join(root, name), join(dir, name), { recursive: true })
  for (const name of linked) if (existsSync(join(root, name))) symlinkSync(join(root, name), join(dir, name))
  // `npx evalkit` without npm's half second; that the real one finds it, scripts/check-pack.ts proves.
  mkdirSync(join(dir, '.shims'))
  const launch = `exec "${process.execPath}" "${join(dir, 'bin', 'evalkit.mjs')}" "$@"`
  const shims = {
    evalkit: launch,
    npx: `[ "$1" = evalkit ] || { echo "pages run npx evalkit only" >&2; exit 2; }\nshift\n${launch}`,
    // node_modules is a link to the real one, which an install would empty.
    npm: `case "$1" in run|test) ;; *) echo "pages run npm run and npm test only" >&2; exit 2 ;; esac\nPATH="\${PATH#*:}" exec npm "$@"`,
  }
  for (const [name, text] of Object.entries(shims)) {
    writeFileSync(join(dir, '.shims', name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(dir, '.shims', name), 0o755)
  }
  return dir
}
