import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCli, workspace } from '../support/cli.ts'

const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`
const sample = readFileSync(
  new URL('../../src/capture/importers/tau-bench.sample.json', import.meta.url),
  'utf8',
)

describe('a file to import that is not one', () => {
  it.each([
    ['truncated', sample.slice(0, sample.length / 2), 'EVK_JSON_SYNTAX'],
    ['empty', '', 'EVK_FILE_EMPTY'],
    ['binary', 'PNG\0\u0001\u0002', 'EVK_FILE_BINARY'],
    ['of another schema', '{"hello":"world"}', 'EVK_FORMAT_UNKNOWN'],
    ['one huge line of JSONL', `{"a":"${'x'.repeat(33 * 1024 * 1024)}"}\n{"b":1}\n`, 'EVK_'],
    ['deeply nested', deep, 'EVK_JSON_TOO_DEEP'],
    ['with __proto__', '[{"__proto__":{"polluted":true}}]', 'EVK_JSON_FORBIDDEN_KEY'],
    ['with an escaped __proto__', '[{"\\u005f_proto__":{"polluted":true}}]', 'EVK_JSON_FORBIDDEN_KEY'],
  ])('%s: its code, exit 2, an unharmed store', async (_, text, code) => {
    const dir = workspace({ 'good.json': sample, 'bad.json': text })
    const first = await runCli({}, ['import', 'good.json', '--json'], { dir })
    expect(first.exitCode).toBe(0)
    const { exitCode, stderr } = await runCli({}, ['import', 'bad.json'], { dir })
    expect(stderr).toContain(code)
    expect(stderr).toContain('hint')
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(exitCode).toBe(2)
    const after = await runCli({}, ['trace', 'list', '--json'], { dir })
    expect(JSON.parse(after.stdout).traces).toHaveLength(JSON.parse(first.stdout).traces)
  })

  it('names what it looked for when no format fits', async () => {
    const { stderr } = await runCli({ 'x.json': '{}' }, ['import', 'x.json'])
    expect(stderr).toContain('tau-bench')
    expect(stderr).toContain('tau2')
  })
})

const evalFile = `
  import { defineEval } from 'evalkit'
  import { equals } from 'evalkit/checks'
  export default defineEval({ name: 'e', dataset: 'd', target: (x: unknown) => x, checks: [equals()] })`
const line = '{"id":"one","input":1,"expected":1}'

describe('a dataset that is not one', () => {
  it.each([
    ['duplicate ids', `${line}\n${line}\n`, 'EVK_DATASET_DUPLICATE_ID', 2],
    ['a truncated line', `${line}\n{"id":"tw`, 'EVK_JSON_SYNTAX', 2],
    ['a wrong schema', '{"id":"one","inputt":1}\n', 'EVK_SCHEMA', 2],
    ['an id that is a path', '{"id":"../../etc","input":1}\n', 'EVK_SCHEMA', 2],
    ['a newer version', '{"v":9,"id":"one","input":1}\n', 'EVK_VERSION_NEWER', 2],
    ['no cases', '\n\n', 'EVK_DATASET_EMPTY', 3],
    ['__proto__', '{"id":"one","input":{"__proto__":1}}\n', 'EVK_JSON_FORBIDDEN_KEY', 2],
  ])('%s', async (_, text, code, exit) => {
    const { exitCode, stderr } = await runCli({ 'evals/e.eval.ts': evalFile, 'datasets/d.jsonl': text }, [
      'run',
    ])
    expect(stderr).toContain(code)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(exitCode).toBe(exit)
  })

  it('missing altogether', async () => {
    const { exitCode, stderr } = await runCli({ 'evals/e.eval.ts': evalFile }, ['run'])
    expect(stderr).toContain('EVK_DATASET_NOT_FOUND')
    expect(exitCode).toBe(2)
  })
})

describe('a fixture that is not one', () => {
  const promoted = '{"id":"one","input":1,"expected":1,"source":{"traces":["t_1"]}}\n'
  const files = { 'evals/e.eval.ts': evalFile, 'datasets/d.jsonl': promoted }
  const fixture = (over: object): string =>
    JSON.stringify({
      v: 1,
      dataset: 'd',
      case: 'one',
      recordings: [{ trace: 't_1', trial: 0, calls: [] }],
      ...over,
    })

  it.each([
    ['missing', undefined, 'EVK_FIXTURE_MISSING'],
    ['corrupt', '{"v":1,', 'EVK_JSON_SYNTAX'],
    ['not a fixture', '{"v":1,"dataset":"d","case":"one"}', 'EVK_FIXTURE_CORRUPT'],
    ['of another case', fixture({ case: 'two' }), 'EVK_FIXTURE_CORRUPT'],
    ['of a newer version', fixture({ v: 2 }), 'EVK_VERSION_NEWER'],
    [
      'with a blob that is a path',
      fixture({ dataset: { $blob: '../../../etc/passwd' } }),
      'EVK_PATH_OUTSIDE',
    ],
    ['with a blob that is not there', fixture({ dataset: { $blob: 'a'.repeat(64) } }), 'EVK_FIXTURE_CORRUPT'],
  ])('%s', async (_, text, code) => {
    const all = text === undefined ? files : { ...files, 'fixtures/d/one.json': text }
    const { exitCode, stderr } = await runCli(all, ['run'])
    expect(stderr).toContain(code)
    expect(exitCode).toBe(2)
  })

  it('holds fewer recordings than trials are asked for', async () => {
    const { exitCode, stderr } = await runCli({ ...files, 'fixtures/d/one.json': fixture({}) }, [
      'run',
      '--trials',
      '3',
    ])
    expect(stderr).toContain('EVK_FIXTURE_TRIALS')
    expect(exitCode).toBe(2)
  })
})

describe('a store that is not one', () => {
  it('a file that is no database stays as it is', async () => {
    const { exitCode, stderr, dir } = await runCli({ 'my.db': 'dear diary' }, [
      'trace',
      'list',
      '--store',
      'my.db',
    ])
    expect(stderr).toContain('EVK_STORE_CORRUPT')
    expect(exitCode).toBe(4)
    expect(readFileSync(join(dir, 'my.db'), 'utf8')).toBe('dear diary')
  })

  it('a store of a newer version stays as it is', async () => {
    const { dir } = await runCli({}, ['trace', 'list'])
    const { default: Database } = await import('better-sqlite3')
    const db = new Database(join(dir, '.evalkit/evalkit.db'))
    const [column] = db.pragma('table_info(migrations)') as { name: string; type: string }[]
    db.exec('INSERT INTO migrations SELECT * FROM migrations WHERE 0')
    expect(column).toBeDefined()
    const names = (db.pragma('table_info(migrations)') as { name: string }[]).map(({ name }) => name)
    const row = db.prepare('SELECT * FROM migrations ORDER BY 1 DESC LIMIT 1').get() as Record<
      string,
      unknown
    >
    const newer = names.map((name) => (typeof row[name] === 'number' ? 9999 : `9999-${String(row[name])}`))
    db.prepare(`INSERT INTO migrations VALUES (${names.map(() => '?').join(',')})`).run(...newer)
    db.close()
    const before = readFileSync(join(dir, '.evalkit/evalkit.db'))
    const { exitCode, stderr } = await runCli({}, ['trace', 'list'], { dir })
    expect(stderr).toContain('EVK_STORE_NEWER')
    expect(exitCode).toBe(4)
    expect(readFileSync(join(dir, '.evalkit/evalkit.db')).equals(before)).toBe(true)
  })
})

describe('a command line that is not one', () => {
  it.each([
    [['rnu'], 'did you mean "run"?'],
    [['run', 'nope'], 'EVK_EVAL_NOT_FOUND'],
    [['run', '--tirals', '3'], 'EVK_USAGE'],
    [['run', '--trials', 'many'], 'EVK_USAGE'],
    [['run', '--reporter', 'htlm'], 'did you mean "html"?'],
    [['gate', '--run', 'a'], 'EVK_USAGE'],
    [['gate', '--run', 'a', '--baseline', 'b'], 'EVK_RUN_NOT_FOUND'],
    [['replay'], 'EVK_USAGE'],
    [['replay', 't_nothing'], 'EVK_TRACE_NOT_FOUND'],
    [['trace', 'list', '--where', 'toool=x'], 'tool'],
    [['trace', 'stats', '--by', 'weather'], 'EVK_USAGE'],
    [['import', 'nothing.json'], 'EVK_FILE_NOT_FOUND'],
    [['import', 'x.json', '--format', 'tau-bnech'], 'did you mean "tau-bench"?'],
    [['promote', '--all', '--dataset', '../up'], 'EVK_USAGE'],
  ])('evalkit %j', async (args, says) => {
    const { exitCode, stderr } = await runCli({ 'evals/e.eval.ts': evalFile, 'x.json': '[]' }, args)
    expect(stderr).toContain(says)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(exitCode).toBe(2)
  })

  it('an eval file that throws, is no eval, or is not TypeScript, is named with its place', async () => {
    const throwing = await runCli({ 'evals/e.eval.ts': 'throw new Error("boom")' }, ['run'])
    expect(throwing.stderr).toContain('EVK_EVAL_LOAD')
    expect(throwing.stderr).toContain('boom')
    expect(throwing.stderr).toContain('e.eval.ts')
    const nothing = await runCli({ 'evals/e.eval.ts': 'export const x = 1' }, ['run'])
    expect(nothing.stderr).toContain('EVK_EVAL_INVALID')
    const typo = await runCli({ 'evals/e.eval.ts': evalFile.replace('checks:', 'cheks:') }, ['run'])
    expect(typo.stderr).toContain('EVK_EVAL_INVALID')
    expect(typo.stderr).toContain('cheks')
    expect([throwing, nothing, typo].map(({ exitCode }) => exitCode)).toEqual([2, 2, 2])
  })

  it('a wrong flag is told the right one, as JSON too', async () => {
    const { exitCode, stdout, stderr } = await runCli({}, ['run', '--tirals', '3', '--json'])
    expect(stderr).toContain("EVK_USAGE  Unknown option '--tirals'")
    expect(stderr).toContain('--trials')
    expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, error: { code: 'EVK_USAGE' } })
    expect(exitCode).toBe(2)
    const noWord = await runCli({}, ['trace'])
    expect(noWord.stderr).toContain('Usage: evalkit trace')
    expect(noWord.exitCode).toBe(2)
    const unknown = await runCli({}, ['trace', 'lsit'])
    expect(unknown.stderr).toContain('EVK_USAGE')
    expect(unknown.exitCode).toBe(2)
  })

  it('errors are JSON as well under --json', async () => {
    const { stdout, exitCode } = await runCli({}, ['trace', 'show', 'nope', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, error: { code: 'EVK_TRACE_NOT_FOUND' } })
    expect(exitCode).toBe(2)
  })

  it('a baseline that is corrupt is said before anything runs', async () => {
    const dir = workspace({ 'evals/e.eval.ts': evalFile, 'datasets/d.jsonl': `${line}\n` })
    writeFileSync(join(dir, 'evals/e.baseline.json'), '{"v":1')
    const { exitCode, stderr } = await runCli({}, ['run'], { dir })
    expect(stderr).toContain('EVK_BASELINE_CORRUPT')
    expect(exitCode).toBe(2)
  })
})
