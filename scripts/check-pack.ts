import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/**
 * `npm run check:pack`: what a user gets. Packs, looks at the list of files, installs the tarball into an empty
 * project, and uses it there as the README says: by `npx evalkit`, on an old Node too where the machine has one.
 */

const root = dirname(import.meta.dirname)
const dir = mkdtempSync(join(tmpdir(), 'evalkit-pack-'))
const problems: string[] = []

try {
  const tarball = pack()
  if (tarball !== undefined) {
    const project = install(tarball)
    if (project !== undefined) {
      version(project)
      entryPoints(project)
      tinyEval(project)
      freshProject(tarball)
      oldNode(project)
    }
  }
} finally {
  rmSync(dir, { recursive: true, force: true })
}
if (problems.length > 0) {
  console.error(`\n${problems.join('\n\n')}`)
  process.exitCode = 1
}

function pack(): string | undefined {
  const { status, stdout, stderr } = run('npm', ['pack', '--json', '--pack-destination', dir], root)
  // The build that `prepare` does prints to the same stdout, before the document. npm 12 answers an object by name.
  const document = stdout.slice(Math.max(0, stdout.search(/^[[{]/m)))
  if (status !== 0) return failed('npm pack', stderr)
  const listed = JSON.parse(document) as readonly Packed[] | Readonly<Record<string, Packed>>
  const [packed] = Object.values(listed)
  if (packed === undefined) return failed('npm pack', 'it packed nothing')
  const paths = packed.files.map(({ path }) => path)
  const allowed =
    /^(bin\/evalkit\.mjs|dist\/.+\.(js|js\.map|d\.ts|sql)|LICENSE|README\.md|CHANGELOG\.md|package\.json)$/
  const never = /\.(test|contract|sample)\./
  const unexpected = paths.filter((path) => !allowed.test(path) || never.test(path))
  const missing = ['bin/evalkit.mjs', 'dist/index.js', 'dist/index.d.ts', 'LICENSE', 'package.json'].filter(
    (path) => !paths.includes(path),
  )
  if (unexpected.length > 0) failed('files of the tarball', `unexpected: ${unexpected.join(', ')}`)
  else if (missing.length > 0) failed('files of the tarball', `missing: ${missing.join(', ')}`)
  else
    said(
      'files of the tarball',
      `${paths.length} files, ${Math.round(packed.unpackedSize / 1024)} kB unpacked`,
    )
  return join(dir, packed.filename)
}

interface Packed {
  readonly filename: string
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

function install(tarball: string): string | undefined {
  const project = join(dir, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n')
  const { status, stderr } = run('npm', ['install', '--no-audit', '--no-fund', tarball], project)
  if (status !== 0) return failed('npm install in an empty project', stderr)
  said('npm install in an empty project', 'done')
  return project
}

function version(project: string): void {
  const { status, stdout, stderr } = run('npx', ['--no-install', 'evalkit', '--version'], project)
  if (status !== 0 || !/^\d+\.\d+\.\d+\n$/.test(stdout)) failed('npx evalkit --version', `${stdout}${stderr}`)
  else said('npx evalkit --version', stdout.trim())
}

/** `evalkit init` in an empty folder: green at once, without a key. */
function freshProject(tarball: string): void {
  const project = join(dir, 'fresh')
  mkdirSync(project)
  const steps = [
    ['npm', ['init', '-y']],
    ['npm', ['install', '--no-audit', '--no-fund', tarball]],
    ['npx', ['--no-install', 'evalkit', 'init']],
    ['npx', ['--no-install', 'evalkit', 'run']],
  ] as const
  for (const [command, args] of steps) {
    const { status, stdout, stderr } = run(command, args, project)
    if (status === 0) continue
    failed(`${command} ${args.join(' ')} in an empty folder`, `${stdout}${stderr}`)
    return
  }
  said('evalkit init and run in an empty folder', 'green')
}

/** Every door that package.json names opens. */
function entryPoints(project: string): void {
  const script = `
    import manifest from 'evalkit/package.json' with { type: 'json' }
    const doors = Object.keys(manifest.exports).filter((door) => !door.endsWith('.json'))
    for (const door of doors) await import('evalkit' + door.slice(1))
    console.log(doors.map((door) => 'evalkit' + door.slice(1)).join(' '))`
  const { status, stdout, stderr } = run(process.execPath, ['--input-type=module', '-e', script], project)
  if (status !== 0) failed('entry points', stderr)
  else said('entry points', stdout.trim())
}

function tinyEval(project: string): void {
  if (!existsSync(join(project, 'node_modules', 'evalkit', 'dist', 'cli', 'main.js'))) {
    failed('a first eval', 'dist/cli/main.js is not in the package')
    return
  }
  mkdirSync(join(project, 'evals'))
  writeFileSync(
    join(project, 'evals', 'first.eval.ts'),
    `import { defineEval } from 'evalkit'
import { equals } from 'evalkit/checks'

export default defineEval({
  name: 'first',
  dataset: [{ id: 'hello', input: 'hello', expected: 'HELLO' }],
  target: (input: string) => input.toUpperCase(),
  checks: [equals()],
})
`,
  )
  const { status, stdout, stderr } = run('npx', ['--no-install', 'evalkit', 'run', '--json'], project)
  if (status !== 0) failed('a first eval', `exit ${status}\n${stdout}${stderr}`)
  else said('a first eval', `evalkit run exits 0 with ${stdout.length} characters of JSON`)
}

/** Below 22.14 the launcher must say so; the SQLite driver would crash the process. */
function oldNode(project: string): void {
  const launcher = join(project, 'node_modules', 'evalkit', 'bin', 'evalkit.mjs')
  const old = ['/usr/bin/node', '/usr/local/bin/node', ...(process.env['OLD_NODE'] ?? '').split(':')].find(
    (path) => path !== '' && existsSync(path) && isOld(run(path, ['--version'], project).stdout),
  )
  if (old === undefined) {
    said('an old Node', 'none on this machine; OLD_NODE names one')
    return
  }
  const { status, stdout, stderr } = run(old, [launcher, 'run'], project)
  if (status !== 2 || stdout !== '' || !stderr.startsWith('EVK_NODE_TOO_OLD  ')) {
    failed('an old Node', `${old}: exit ${status}\n${stdout}${stderr}`)
  } else said('an old Node', stderr.split('\n')[0] ?? '')
}

function isOld(version: string): boolean {
  const [major = 0, minor = 0] = version.trim().slice(1).split('.').map(Number)
  return major > 0 && (major < 22 || (major === 22 && minor < 14))
}

function run(command: string, args: readonly string[], cwd: string) {
  // npm tells its children about the package it runs in, of which an empty project knows nothing; its settings (how
  // the registry is reached) stay. CI is kept out: this is a person's desk.
  const told =
    /^(npm_(package|lifecycle)_|npm_(command|execpath)$|npm_config_local_prefix$|INIT_CWD$|CI$|GITHUB_|NODE_OPTIONS$)/i
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !told.test(name)))
  return spawnSync(command, args, { cwd, env: { ...env, NO_COLOR: '1' }, encoding: 'utf8', timeout: 180_000 })
}

function said(what: string, result: string): void {
  console.log(`ok      ${what.padEnd(32)} ${result}`)
}

function failed(what: string, output: string): undefined {
  console.log(`FAILED  ${what}`)
  problems.push(`── ${what} ──\n${output.trimEnd()}`)
}
