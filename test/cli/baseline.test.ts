import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../src/schema/report.ts'
import { type CliResult, runCli, workspace } from '../support/cli.ts'

/** A hundred towns; those below BREAK are answered wrongly. */
const evalFile = `
import { defineEval, none } from 'evalkit'
import { equals } from 'evalkit/checks'
export default defineEval({
  name: 'towns',
  dataset: 'towns',
  target: (town) => (Number(town) < Number(process.env.BREAK ?? 0) ? 'wrong' : town),
  checks: [equals()],
  user: none(),
  gate: { margin: 0.1 },
})
`
const cases = (from: number): string =>
  Array.from(
    { length: 100 - from },
    (_, at) =>
      `${JSON.stringify({ v: 1, id: `town-${from + at}`, input: String(from + at), expected: String(from + at) })}\n`,
  ).join('')
const files = {
  'evals/towns.eval.ts': evalFile,
  'datasets/towns.jsonl': cases(0),
  '.gitignore': 'node_modules\n.evalkit\n*.json.tmp\nevent.json\n',
}
const baselineFile = 'evals/towns.baseline.json'
const log = 'evals/decisions.jsonl'

let dir = ''

function git(...args: readonly string[]): string {
  const settings = [
    'user.name=Ann',
    'user.email=ann@shop.example',
    'commit.gpgsign=false',
    'init.defaultBranch=main',
  ]
  const flags = settings.flatMap((setting) => ['-c', setting])
  return execFileSync('git', [...flags, ...args], { cwd: dir, encoding: 'utf8', stdio: 'pipe' }).trim()
}

const author = { GIT_AUTHOR_NAME: 'Ann' }
const cli = (args: readonly string[], env: Record<string, string> = {}): Promise<CliResult> =>
  runCli({}, args, { dir, env: { ...author, ...env } })
const accept = (run: string, reason: string, ...more: readonly string[]): Promise<CliResult> =>
  cli(['baseline', 'accept', '--run', run, '--reason', reason, ...more])
const text = (file: string): string => readFileSync(join(dir, file), 'utf8')
const lines = (file: string): Record<string, unknown>[] =>
  text(file)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** `ci`, and what its one report says. */
async function ci(env: Record<string, string> = {}): Promise<{ exit: number; report: Report }> {
  const { exitCode, stdout, stderr } = await cli(['ci', '--json'], { CI: 'true', ...env })
  const { reports = [] } = JSON.parse(stdout) as { reports?: Report[] }
  const [report] = reports
  if (report === undefined) throw new Error(stdout + stderr)
  return { exit: exitCode, report }
}

beforeAll(async () => {
  dir = workspace(files)
  git('init', '-q')
  await cli(['run'])
  await accept('towns', 'the first')
  git('add', '-A')
  git('commit', '-qm', 'towns')
  git('checkout', '-qb', 'moved')
}, 60_000)

describe('a baseline that is lowered in a branch', () => {
  it('is in the log with its commit, its interval and what broke, and is announced by ci', async () => {
    await cli(['run', '--name', 'lower'], { BREAK: '8' })
    writeFileSync(join(dir, '.gitignore'), `${files['.gitignore']}pool\n`)
    const accepted = await accept('lower', 'the shop moved', '--expires', '2999-12-31')
    expect([accepted.exitCode, accepted.stdout]).toEqual([
      0,
      expect.stringContaining('92.0 % (100.0 % before)'),
    ])
    expect(accepted.stdout).toContain('It holds until 2999-12-31')
    expect(accepted.stdout).toContain('Changes were not committed')
    const [, decision] = lines(log)
    expect(decision).toMatchObject({
      action: 'baseline-accept',
      by: 'Ann',
      reason: 'the shop moved',
      commit: git('rev-parse', 'HEAD'),
      dirty: true,
      expires: '2999-12-31',
      change: { difference: -0.08, cases: 100 },
    })
    expect(decision?.['broken']).toHaveLength(8)
    git('add', '-A')
    git('commit', '-qm', 'lower')
    const { exit, report } = await ci({ BREAK: '8' })
    expect([exit, report.verdict?.word]).toEqual([0, 'pass'])
    expect(report.baselineChanges).toMatchObject({
      since: git('rev-parse', 'main'),
      changes: [
        {
          kind: 'baseline',
          how: 'lowered',
          before: 1,
          after: 0.92,
          decision: { by: 'Ann', reason: 'the shop moved', expires: '2999-12-31', dirty: true },
        },
      ],
    })
    expect(report.baselineChanges?.changes[0]).not.toHaveProperty('undecided')
  })

  it('is loud where the file was changed by hand, and invalid after its last day, whatever the numbers say', async () => {
    const whole = text(baselineFile)
    try {
      writeFileSync(join(dir, baselineFile), whole.replace('2999-12-31', '2020-01-01'))
      const { exit, report } = await ci({ BREAK: '8' })
      expect([exit, report.verdict?.word, report.verdict?.reasons[0]?.code]).toEqual([
        3,
        'invalid',
        'baseline-expired',
      ])
      expect(report.verdict?.comparison?.cases).toBe(100)
      expect(report.baselineChanges?.changes[0]).toMatchObject({
        how: 'lowered',
        undecided: 'the file is not what its line says',
      })
    } finally {
      writeFileSync(join(dir, baselineFile), whole)
    }
    const over = await accept('lower', 'x', '--expires', '2020-01-01')
    expect([over.exitCode, over.stderr]).toEqual([2, expect.stringContaining('2020-01-01 is over')])
  })

  it('needs a decision for cases that are removed, and names them in it', async () => {
    writeFileSync(join(dir, 'datasets/towns.jsonl'), cases(3))
    try {
      await cli(['run', '--name', 'fewer'], { BREAK: '8' })
      const accepted = await accept('fewer', 'three towns are gone')
      expect(accepted.stdout).toContain('Removed with it: town-0, town-1, town-2.')
      const { exit, report } = await ci({ BREAK: '8' })
      expect(exit).toBe(0)
      expect(report.baselineChanges?.changes[0]).toMatchObject({ removed: ['town-0', 'town-1', 'town-2'] })
    } finally {
      git('checkout', '-q', '--', '.')
    }
  })

  it('is never accepted, nor a release marked, where CI is set', async () => {
    const refused = [
      await cli(['baseline', 'accept', '--run', 'lower', '--reason', 'x'], { CI: '1' }),
      await cli(['baseline', 'release', '--name', 'v1'], { CI: '1' }),
    ]
    expect(refused.map(({ exitCode }) => exitCode)).toEqual([2, 2])
    for (const { stderr } of refused) expect(stderr).toContain('EVK_BASELINE_IN_CI')
  })
})

describe('a pull request', () => {
  const event = (headSha: string): Record<string, string> => {
    const repository = { full_name: 'acme/desk' }
    const head = { sha: headSha, repo: repository }
    writeFileSync(
      join(dir, 'event.json'),
      JSON.stringify({ repository, pull_request: { number: 7, head, base: { ref: 'main' } } }),
    )
    return {
      GITHUB_ACTIONS: 'true',
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_EVENT_PATH: join(dir, 'event.json'),
      BREAK: '8',
    }
  }
  let whole = ''
  let server: Server
  let asked: string[] = []
  const base = { sha: '', files: {} as Record<string, string> }

  beforeAll(async () => {
    whole = dir
    base.sha = git('rev-parse', 'main')
    base.files = Object.fromEntries(
      [baselineFile, log].map((file) => [file, `${git('show', `main:${file}`)}\n`]),
    )
    git('checkout', '-qb', 'merged', 'main')
    git('merge', '-q', '--no-ff', '-m', 'merge', 'moved')
    server = createServer(({ url = '' }, response) => {
      asked.push(decodeURIComponent(url))
      const path = /\/contents\/([^?]+)/.exec(decodeURIComponent(url))?.[1]
      const body = path === undefined ? '{}' : base.files[path]
      const isSeen = url.includes('/git/commits/') || body !== undefined
      const type =
        path === undefined || body === undefined ? 'application/json' : 'application/vnd.github.raw+json'
      response.writeHead(isSeen && url.includes(base.sha) ? 200 : 404, {
        'content-type': `${type}; charset=utf-8`,
      })
      response.end(isSeen ? body : '{"message":"Not Found"}')
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  })
  afterAll(() => {
    dir = whole
    server.close()
  })

  it('is held against the first parent of its merge, which a shallow clone asks GitHub for, and does not know without a token', async () => {
    const moved = git('rev-parse', 'moved')
    dir = workspace()
    rmSync(dir, { recursive: true })
    execFileSync('git', ['clone', '-q', '--depth', '1', '--branch', 'merged', `file://${whole}`, dir])
    cpSync(join(whole, 'node_modules'), join(dir, 'node_modules'), {
      recursive: true,
      verbatimSymlinks: true,
    })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const job = { ...event(moved), GITHUB_API_URL: url }
    const silent = await ci(job)
    expect(silent.report.baselineChanges).toMatchObject({
      since: base.sha,
      unknown: expect.stringContaining('there is no GITHUB_TOKEN') as string,
      changes: [],
    })
    expect(asked).toEqual([])
    const { report } = await ci({ ...job, GITHUB_TOKEN: 'ghs_x' })
    expect(report.baselineChanges).toMatchObject({ since: base.sha, changes: [{ how: 'lowered' }] })
    expect(asked.filter((path) => path.includes('/contents/'))).toHaveLength(3)
    asked = []
  })
})

describe('small steps since a release', () => {
  it('fail together, where each passes', async () => {
    git('checkout', '-qf', 'main')
    const strict = evalFile.replace('margin: 0.1', 'margin: 0.1, drift: { margin: 0.1 }')
    writeFileSync(join(dir, 'evals/towns.eval.ts'), strict)
    const released = await cli(['baseline', 'release', '--name', 'v1.4'])
    expect([released.exitCode, released.stdout]).toEqual([
      0,
      expect.stringContaining('evals/towns.release.json'),
    ])
    expect(lines(log).at(-1)).toMatchObject({ action: 'baseline-release', name: 'v1.4', after: 1 })
    const first = await cli(['run', '--name', 'step-1'], { BREAK: '4' })
    expect([first.exitCode, first.stdout]).toEqual([0, expect.stringContaining('since release v1.4')])
    await accept('step-1', 'a step')
    const second = await cli(['run', '--name', 'step-2', '--json'], { BREAK: '8' })
    const [report] = (JSON.parse(second.stdout) as { reports: Report[] }).reports
    const { sentence, comparison, drift } = report?.verdict ?? {}
    expect([second.exitCode, sentence]).toEqual([
      1,
      expect.stringContaining('drift since the release v1.4: -8.0 pp'),
    ])
    expect([(comparison?.lower ?? -1) > -0.1, drift?.word]).toEqual([true, 'fail'])
  })
})

describe('a pool', () => {
  const live = ['run', '--llm', 'live', '--spend', '1']
  const pool = (run: string, env: Record<string, string> = {}): Promise<CliResult> =>
    cli(['baseline', 'pool', '--run', run, '--into', 'pool/'], env)

  it('takes live runs of the base branch, each once, and none of a pull request or of a recording', async () => {
    rmSync(join(dir, 'evals/towns.release.json'), { force: true })
    writeFileSync(join(dir, 'evals/towns.eval.ts'), evalFile)
    const recorded = await pool('step-1')
    expect([recorded.exitCode, recorded.stderr]).toEqual([2, expect.stringContaining('from recordings')])
    await cli([...live, '--name', 'accepted'])
    await accept('accepted', 'live now')
    await cli([...live, '--name', 'night'], { BREAK: '20' })
    const refused = await pool('night', { CI: '1', GITHUB_EVENT_NAME: 'pull_request' })
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      expect.stringContaining('EVK_POOL_IN_PULL_REQUEST'),
    ])
    expect(existsSync(join(dir, 'pool'))).toBe(false)
    const added = await pool('night', { CI: '1', GITHUB_EVENT_NAME: 'schedule' })
    expect([added.exitCode, added.stdout]).toEqual([0, 'pool/towns.pool.json: "night" is added, 1 run.\n'])
  })

  it('adds its trials to the baseline, says how many, and that it tells another story', async () => {
    const run = await cli([...live, '--pool', 'pool', '--json'])
    const [report] = (JSON.parse(run.stdout) as { reports: Report[] }).reports
    expect(report?.pool).toEqual({
      name: 'pool/towns.pool.json',
      runs: 1,
      trials: 100,
      cases: 100,
      acceptedMean: 1,
      pooledMean: 0.9,
    })
    const codes = report?.verdict?.reasons.map(({ code }) => code)
    expect(codes).toEqual(expect.arrayContaining(['baseline-pooled', 'pool-moves-baseline']))
    expect(report?.verdict?.comparison?.baselineMean).toBeCloseTo(0.9, 12)
    appendFileSync(join(dir, 'pool/towns.pool.json'), '{')
    const corrupt = await cli([...live, '--pool', 'pool'])
    expect([corrupt.exitCode, corrupt.stderr]).toEqual([2, expect.stringContaining('EVK_POOL_CORRUPT')])
  })
})
