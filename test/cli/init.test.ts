import { spawnSync } from 'node:child_process'
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { startModel } from '../../scripts/init-demo/model-server.ts'
import { scenarios } from '../../scripts/init-demo/scenarios.ts'
import {
  type CliOptions,
  repository,
  runCli as cli,
  runProgram,
  stripsTypes,
  workspace,
} from '../support/cli.ts'

/** What `init` writes depends on what Node reads: here it always reads TypeScript. */
const runCli = (
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  options: CliOptions = {},
): ReturnType<typeof cli> => cli(files, args, { ...options, env: { ...stripsTypes, ...options.env } })

/** A folder that holds nothing but an installed evalkit. */
function emptyFolder(): string {
  const dir = workspace()
  rmSync(join(dir, 'package.json'))
  return dir
}

/** A Node that cannot reach anybody. */
const offline = {
  nodeFlags: [
    '--import',
    `data:text/javascript,import net from 'node:net';
     net.Socket.prototype.connect = () => { throw new Error('the network was asked for') }`,
  ],
}

/** Everything a person would commit, by path. */
function committed(dir: string): Readonly<Record<string, string>> {
  const paths = globSync(['**/*', '.*', '.github/**/*'], {
    cwd: dir,
    exclude: ['node_modules', '.evalkit', '.git'],
  })
  const files = paths.filter((path) => statSync(join(dir, path)).isFile()).sort()
  return Object.fromEntries(files.map((path) => [path, readFileSync(join(dir, path), 'utf8')]))
}

function edit(path: string, from: string, to: string): void {
  const text = readFileSync(path, 'utf8')
  expect(text).toContain(from)
  writeFileSync(path, text.replace(from, to))
}

function workflowIn(path: string): readonly unknown[] {
  const { jobs } = parse(readFileSync(path, 'utf8')) as {
    jobs: { evals: { steps: readonly Readonly<Record<string, unknown>>[] } }
  }
  return jobs.evals.steps.map((step) => step.uses ?? step.run)
}

describe('init in an empty folder', () => {
  it('is green at once: no key, no network, no question', async () => {
    const dir = emptyFolder()
    const init = await runCli({}, ['init'], { dir, ...offline })
    expect(init).toMatchObject({ exitCode: 0, stderr: '' })
    expect(init.stdout).toContain('  wrote  evals/demo.eval.ts\n')
    expect(init.stdout).toContain('4 cases detect a drop of 90 points 4 times in 5')
    expect(init.stdout).toContain('needs 45 cases to pass')
    expect(init.stdout).toContain('Next:\n  npx evalkit run\n')

    const run = await runCli({}, ['run'], { dir, ...offline })
    expect(run.exitCode).toBe(0)
    expect(run.stdout).toContain('floor held: 100 % of 4 cases')
    expect(run.stdout).toContain('demo: 4 cases × 1 trial · 4 completed')
    expect(run.stdout).toContain('fidelity 100 %: 15 exact')
    expect(run.stdout).toMatch(/success \(gate\) +100 % +4\/4 +0/)
    expect(run.stdout).toMatch(/toolCalls +100 % +4\/4 +0/)
    expect(run.stdout).toContain('npx evalkit baseline accept --run demo')
    expect(Object.keys(committed(dir))).toEqual([
      '.github/workflows/evalkit.yml',
      '.gitignore',
      'agents/demo.ts',
      'datasets/demo.jsonl',
      'evalkit.config.ts',
      'evals/demo.eval.ts',
      'fixtures/demo/cancel.json',
      'fixtures/demo/too-late.json',
      'fixtures/demo/two-questions.json',
      'fixtures/demo/unknown-order.json',
      'package.json',
    ])
    expect(workflowIn(join(dir, '.github/workflows/evalkit.yml')).slice(-2)).toEqual([
      'npm ci',
      'npx evalkit run',
    ])
  })

  it('is red when the agent breaks', async () => {
    const dir = emptyFolder()
    await runCli({}, ['init'], { dir })
    const agent = join(dir, 'agents', 'demo.ts')
    edit(agent, "return content ?? ''", "return ''")
    const wrong = await runCli({}, ['run'], { dir })
    expect(wrong.stdout).toContain('FAIL')
    expect(wrong.stdout).toContain('contains')
    expect(wrong.exitCode).toBe(1)
    edit(agent, "definition('cancel_order'", "definition('cancel_orders'")
    const other = await runCli({}, ['run'], { dir })
    expect(other.stdout).toContain('INVALID')
    expect(other.exitCode).toBe(3)
  })

  it('is red when one answer of four is wrong', async () => {
    const dir = emptyFolder()
    await runCli({}, ['init'], { dir })
    edit(join(dir, 'datasets', 'demo.jsonl'), '"closed"', '"open all night"')
    const { stdout, exitCode } = await runCli({}, ['run'], { dir })
    expect(stdout).toContain('FAIL  below the floor: 75 % of 4 cases')
    expect(stdout).toContain('two-questions')
    expect(exitCode).toBe(1)
  })

  it('says so when asked first, and then writes nothing', async () => {
    const dir = emptyFolder()
    const { stdout, exitCode } = await runCli({}, ['init', '--dry-run'], { dir })
    expect(exitCode).toBe(0)
    expect(stdout).toContain('  would write  agents/demo.ts\n')
    expect(committed(dir)).toEqual({})
  })

  it('says that evalkit has to be installed where it is not', async () => {
    const dir = mkdtempSync(join(process.env['EVALKIT_TEST_SCRATCH'] ?? tmpdir(), 'bare-'))
    const first = await runCli({}, ['init', '--json'], { dir })
    expect(JSON.parse(first.stdout).next.slice(0, 2)).toEqual(['npm install', 'npx evalkit run'])
    // The config imports what is not there yet; that is no reason to stop.
    const second = await runCli({}, ['init'], { dir })
    expect(second).toMatchObject({ exitCode: 0, stderr: '' })
  })
})

describe('the demo, run for real', () => {
  it('records itself: imported and promoted, the run is one case more', async () => {
    const dir = emptyFolder()
    await runCli({}, ['init'], { dir })
    const question = 'Where is order W13?'
    const [, tooLate] = scenarios
    if (tooLate === undefined) throw new Error('no scenario')
    const model = await startModel([{ ...tooLate, question }])
    try {
      const env = { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: `sk-${'proj-1234567890'.repeat(3)}` }
      const node = ['--disable-warning=ExperimentalWarning', '--experimental-strip-types']
      const agent = await runProgram(process.execPath, [...node, 'agents/demo.ts', question], { dir, env })
      expect(agent).toMatchObject({ exitCode: 0, stderr: '', stdout: `${String(tooLate.turns.at(-1))}\n` })
    } finally {
      await model.close()
    }
    expect(await runCli({}, ['import', '.evalkit/spool'], { dir })).toMatchObject({ exitCode: 0 })
    const list = await runCli({}, ['trace', 'list', '--json'], { dir })
    const [trace] = JSON.parse(list.stdout).traces
    const names = ['--dataset', 'demo', '--case', 'where-is-w13']
    expect(await runCli({}, ['promote', trace.id, ...names], { dir })).toMatchObject({ exitCode: 0 })
    const { stdout } = await runCli({}, ['run', '--case', 'where-is-w13'], { dir, ...offline })
    expect(stdout).toContain('fidelity 100 %: 3 exact')
    expect(committed(dir)['fixtures/demo/where-is-w13.json']).not.toContain('sk-')
  })
})

describe('init again', () => {
  it('changes nothing, and names what it kept', async () => {
    const dir = emptyFolder()
    await runCli({}, ['init'], { dir })
    const before = committed(dir)
    const { stdout, exitCode } = await runCli({}, ['init'], { dir })
    expect(exitCode).toBe(0)
    expect(stdout).toContain('  exists, kept  agents/demo.ts\n')
    expect(stdout).not.toMatch(/wrote|changed/)
    expect(committed(dir)).toEqual(before)
  })

  it('keeps what a person made of it', async () => {
    const dir = emptyFolder()
    await runCli({}, ['init'], { dir })
    writeFileSync(join(dir, 'evals', 'demo.eval.ts'), 'mine')
    writeFileSync(join(dir, '.github', 'workflows', 'evalkit.yml'), 'mine')
    rmSync(join(dir, 'agents', 'demo.ts'))
    const before = committed(dir)
    expect(await runCli({}, ['init'], { dir })).toMatchObject({ exitCode: 0 })
    expect(committed(dir)).toEqual(before)
  })
})

describe('init in a project', () => {
  it('of JavaScript without modules, with pnpm: .mjs, and what pnpm is told', async () => {
    const dir = emptyFolder()
    const files = {
      'package.json': '{\n    "name": "shop",\n    "scripts": { "test": "node --test" }\n}\n',
      'pnpm-lock.yaml': "lockfileVersion: '9.0'\n",
      'index.js': 'module.exports = 1\n',
      '.gitignore': 'dist',
    }
    const init = await runCli(files, ['init'], { dir })
    expect(init.stdout).toContain('Found: JavaScript, pnpm (pnpm-lock.yaml)')
    expect(init.stdout).toContain('  changed  package.json: script "eval", devDependency evalkit\n')
    expect(init.stdout).toContain('Next:\n  pnpm exec evalkit run\n')
    const { exitCode, stdout } = await runCli({}, ['run'], { dir, ...offline })
    expect(stdout).toContain('fidelity 100 %')
    expect(exitCode).toBe(0)
    const { 'package.json': manifest = '', ...others } = committed(dir)
    expect(manifest).toContain('{\n    "name": "shop",\n    "scripts": {\n        "test": "node --test",\n')
    expect(JSON.parse(manifest).scripts).toEqual({ test: 'node --test', eval: 'evalkit run' })
    expect(others['.gitignore']).toBe('dist\n.evalkit/\n')
    expect(Object.keys(others).filter((path) => /\.m?[jt]s$/.test(path))).toEqual([
      'agents/demo.mjs',
      'evalkit.config.mjs',
      'evals/demo.eval.mjs',
      'index.js',
    ])
    expect(workflowIn(join(dir, '.github/workflows/evalkit.yml')).slice(-3)).toEqual([
      'pnpm/action-setup@v4',
      'pnpm install --frozen-lockfile',
      'pnpm exec evalkit run',
    ])
  })

  it('of CommonJS in TypeScript: .mts, which is a module everywhere', async () => {
    const dir = emptyFolder()
    const files = { 'package.json': '{ "type": "commonjs" }', 'tsconfig.json': '{}' }
    const { stdout } = await runCli(files, ['init'], { dir })
    expect(stdout).toContain('set "allowImportingTsExtensions" in tsconfig.json')
    const { exitCode, stderr } = await runCli({}, ['run', 'demo'], { dir, ...offline })
    expect(stderr).toBe('demo: 4 of 4 trials\n')
    expect(exitCode).toBe(0)
  })

  it('with evals of its own: no demo', async () => {
    const { stdout, dir, exitCode } = await runCli({ 'evals/own.eval.ts': 'export default 1' }, ['init'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('There are evals in evals/ already, so no demo was added.')
    expect(Object.keys(committed(dir)).filter((path) => path.includes('demo'))).toEqual([])
  })

  it('with folders of its own', async () => {
    const dir = emptyFolder()
    const config = `export default { evals: 'test/evals', datasets: 'test/cases', fixtures: 'test/tapes' }\n`
    await runCli({ 'evalkit.config.mjs': config }, ['init'], { dir })
    expect(Object.keys(committed(dir))).toContain('test/tapes/demo/cancel.json')
    expect(committed(dir)['evalkit.config.mjs']).toBe(config)
    expect(await runCli({}, ['run'], { dir })).toMatchObject({ exitCode: 0 })
  })

  it('that is one of many in a repository: the workflow goes where GitHub looks for it', async () => {
    const root = emptyFolder()
    mkdirSync(join(root, 'packages', 'shop'), { recursive: true })
    spawnSync('git', ['init', '-q', '-b', 'trunk'], { cwd: root })
    const files = { 'package.json': '{ "workspaces": ["packages/*"] }', 'package-lock.json': '{}' }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text)
    const dir = join(root, 'packages', 'shop')
    const { stdout } = await runCli({ 'package.json': '{ "type": "module" }' }, ['init'], { dir })
    expect(stdout).toContain('branch trunk, packages/shop/ in its repository')
    expect(await runCli({}, ['run'], { dir })).toMatchObject({ exitCode: 0 })
    const text = readFileSync(join(root, '.github/workflows/evalkit-packages-shop.yml'), 'utf8')
    expect(parse(text)).toMatchObject({
      on: { push: { branches: ['trunk'] } },
      jobs: { evals: { steps: expect.arrayContaining([{ run: 'npm ci' }]) } },
    })
    expect(text).toContain('working-directory: "packages/shop"')
    expect(committed(root)['package.json']).toBe(files['package.json'])
  })

  it('with nothing but a repository', async () => {
    const dir = emptyFolder()
    spawnSync('git', ['init', '-q', '-b', 'release/2'], { cwd: dir })
    const { stdout } = await runCli({}, ['init', '--json'], { dir })
    const document = JSON.parse(stdout)
    expect(document).toMatchObject({
      schemaVersion: 1,
      dryRun: false,
      found: { language: 'typescript', packageManager: 'npm', branch: 'release/2', within: '' },
      cases: 4,
      smallestPassableCases: 45,
    })
    expect(document.detectableDrop).toBeCloseTo(0.897, 3)
    expect(document.files).toContainEqual({ action: 'write', in: 'folder', path: 'agents/demo.ts' })
  })
})

describe('init refuses, and then writes nothing', () => {
  it.each([
    ['a file in the demo’s place', { 'agents/demo.ts': 'mine' }, 'EVK_INIT_CONFLICT', 'agents/demo.ts'],
    ['a file where a folder belongs', { agents: 'mine' }, 'EVK_FILE_UNUSABLE', 'agents/demo.ts'],
    ['a package.json that is no JSON', { 'package.json': '{ "name": ' }, 'EVK_JSON_SYNTAX', 'package.json'],
    ['one that is no object', { 'package.json': '[]' }, 'EVK_SCHEMA', 'package.json'],
    [
      'a config that leads out',
      { 'evalkit.config.mjs': "export default { evals: '../evals' }" },
      'EVK_PATH_OUTSIDE',
      '..',
    ],
    [
      'a config that is none',
      { 'evalkit.config.mjs': 'export default { eval: 1 }' },
      'EVK_CONFIG_INVALID',
      'evals',
    ],
  ])('%s', async (_, files, code, says) => {
    const dir = emptyFolder()
    const { exitCode, stderr } = await runCli(files, ['init'], { dir })
    expect(stderr).toContain(code)
    expect(stderr).toContain(says)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(exitCode).toBe(2)
    expect(committed(dir)).toEqual(files)
  })

  it('links that lead out', async () => {
    const dir = emptyFolder()
    const outside = emptyFolder()
    symlinkSync(outside, join(dir, 'evals'))
    const { exitCode, stderr } = await runCli({}, ['init'], { dir })
    expect(stderr).toContain('EVK_PATH_OUTSIDE')
    expect(exitCode).toBe(2)
    expect(committed(outside)).toEqual({})
    expect(Object.keys(committed(dir))).toEqual([])
  })
})

describe('what init writes', () => {
  it('is what its script makes', { timeout: 60_000 }, async () => {
    const args = [
      '--disable-warning=ExperimentalWarning',
      '--experimental-strip-types',
      'scripts/init-demo.ts',
      '--check',
    ]
    const made = await runProgram(process.execPath, args, { dir: repository })
    expect(`${made.stdout}${made.stderr}`).toBe('')
    expect(made.exitCode).toBe(0)
  })
})
