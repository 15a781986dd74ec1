import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { build } from './build.ts'

/**
 * `npm run check`: everything a change has to pass, behind one door; CI asks the same. `npm run check -- lint types`
 * asks only those. One line each with its time, then what the failed ones said; exit 1 if any failed.
 */

const root = dirname(import.meta.dirname)
const tool = (name: string): string => join(root, 'node_modules', '.bin', name)

interface Answer {
  readonly ok: boolean
  readonly output: string
}

/** In order of expected time, the longest first, because two run at a time. */
const checks: Readonly<Record<string, () => Promise<Answer>>> = {
  tests: () => run(tool('vitest'), ['run', '--reporter=dot']),
  lint: () => run(tool('oxlint'), ['--type-aware', '--deny-warnings']),
  types: () => run(tool('tsc'), ['--noEmit', '-p', 'tsconfig.json']),
  format: () => run(tool('biome'), ['format', '.']),
  action: () => run(process.execPath, [join(root, 'scripts', 'build-action.ts'), '--check']),
  publint: () => run(tool('publint'), ['run', '--strict']),
  secrets: () =>
    run(process.execPath, [
      join(root, 'bin', 'evalkit.mjs'),
      'scan',
      'datasets',
      'fixtures',
      'evals',
      'examples',
    ]),
}

/** They run or look at what was built. */
const ofTheBuild = new Set(['tests', 'publint', 'secrets'])

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !Object.hasOwn(checks, name))
if (unknown.length > 0) {
  console.error(`There is no check named ${unknown.join(', ')}; there are ${Object.keys(checks).join(', ')}.`)
  process.exitCode = 2
} else {
  process.exitCode = (await checkAll(wanted.length === 0 ? Object.keys(checks) : wanted)) ? 0 : 1
}

async function checkAll(names: readonly string[]): Promise<boolean> {
  const failed: { name: string; output: string }[] = []
  const ask = async (name: string, question: () => Promise<Answer>): Promise<boolean> => {
    const start = performance.now()
    const { ok, output } = await question()
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(8)} ${seconds.padStart(6)} s`)
    if (!ok) failed.push({ name, output })
    return ok
  }

  // Evals import evalkit by its name, so all but the format depend on dist. Where src does not compile, types and
  // lint still say something of their own.
  const built = names.every((name) => name === 'format') || (await ask('build', buildAnswer))
  const left = names.filter((name) => built || !ofTheBuild.has(name))
  const worker = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const question = checks[name]
      if (question !== undefined) await ask(name, question)
    }
  }
  await Promise.all([worker(), worker()])

  for (const { name, output } of failed) console.log(`\n── ${name} ──\n${output.trimEnd()}`)
  return failed.length === 0
}

async function buildAnswer(): Promise<Answer> {
  const result = await build()
  return { ok: result.ok, output: result.ok ? '' : result.output }
}

function run(command: string, args: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: '1' }
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('error', (error) => resolve({ ok: false, output: `${command} did not start: ${error.message}` }))
    child.on('close', (code) => resolve({ ok: code === 0, output }))
  })
}
