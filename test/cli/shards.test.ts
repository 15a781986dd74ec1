import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../src/schema/report.ts'
import { type CliResult, repository, runCli, workspace } from '../support/cli.ts'
import { type ManyCommand, runMany } from '../support/cli-many.ts'

/** What a run says apart from when, how long, under which names, and what only `ci` asks of the branch. */
function lasting({ stdout }: CliResult): unknown {
  const [report] = (JSON.parse(stdout) as { reports: Report[] }).reports
  const { run: _run, baselineChanges: _changes, cases = [], ...rest } = report ?? {}
  const trialsOf = ({ trials }: Report['cases'][number]): object[] =>
    trials.map(({ durationMs: _ms, trace: _trace, ...trial }) => trial)
  return { ...rest, cases: cases.map((one) => ({ ...one, trials: trialsOf(one) })) }
}

describe('the airline eval in shards', () => {
  it('says what the whole run says: 200 trials, verdict, tallies, traces', async () => {
    const dir = workspace()
    for (const folder of ['evals', 'datasets', 'fixtures'])
      symlinkSync(join(repository, folder), join(dir, folder), 'dir')
    const play = (name: string, ...args: readonly string[]): Promise<CliResult> =>
      runCli({}, ['run', 'airline', '--store', `${name}.db`, ...args], { dir })
    const [whole, second, first] = await Promise.all([
      play('whole', '--json'),
      play('second', '--shard', '2/2'),
      play('first', '--shard', '1/2', '--blob', 'evalkit-blobs/of-another-job'),
    ])
    expect([whole.exitCode, first.exitCode, second.exitCode]).toEqual([0, 0, 0])
    expect(second.stdout).toContain('NOT GATED  shard 2 of 2, with 25 of 50 cases')
    expect(second.stdout).not.toContain('baseline accept')
    expect(second.stderr).toContain('airline: shard 2 of 2 is in evalkit-blobs/airline-2-of-2.blob.jsonl.gz')
    const [merged, ci] = await Promise.all([
      runCli({}, ['merge', 'evalkit-blobs', '--json', '--store', 'merged.db'], { dir }),
      runCli({}, ['ci', '--blobs', 'evalkit-blobs', '--json', '--store', 'ci.db'], { dir }),
    ])
    expect([merged.exitCode, merged.stderr]).toEqual([0, ''])
    expect(lasting(merged)).toEqual(lasting(whole))
    expect(lasting(ci)).toEqual(lasting(whole))
    expect(ci.stderr).not.toContain('trials')
  }, 120_000)
})

/** Sixty towns that are answered rightly; with `BREAK`, all of them wrongly. */
const evalFile = `
import { defineEval, none } from 'evalkit'
import { equals } from 'evalkit/checks'
export default defineEval({
  name: 'towns',
  dataset: Array.from({ length: 60 }, (_, at) => ({ id: 'town-' + at, input: at, expected: at })),
  target: (town) => (process.env.BREAK ? -1 : town),
  checks: [equals()],
  user: none(),
})
`
const blob = (at: number): string => `towns-${at}-of-2.blob.jsonl.gz`

let dir = ''
let half: Buffer
beforeAll(async () => {
  dir = workspace({ 'evals/towns.eval.ts': evalFile })
  const results = await runMany([
    { dir, args: ['run', '--shard', '1/2', '--store', 'first.db'] },
    { dir, args: ['run', '--shard', '2/2', '--store', 'second.db'] },
    { dir, args: ['merge', 'evalkit-blobs', '--store', 'merged.db'] },
    { dir, args: ['baseline', 'accept', '--run', 'towns', '--reason', 'first', '--store', 'merged.db'] },
    {
      dir,
      args: ['run', '--shard', '2/2', '--blob', 'broken', '--store', 'second.db'],
      env: { BREAK: 'yes' },
    },
  ])
  const failed = results.find(({ exitCode }) => exitCode !== 0)
  if (failed !== undefined) throw new Error(failed.stderr)
  half = readFileSync(join(dir, 'evalkit-blobs', blob(2)))
}, 60_000)

/** The gate job of a matrix: the checkout, what the other jobs uploaded, and nothing played. */
function gateJob(
  blobs: (folder: string) => void = () => undefined,
  args: readonly string[] = [],
): ManyCommand {
  const at = workspace({ 'evals/towns.eval.ts': evalFile, 'summary.md': '', 'output.txt': '' })
  copyFileSync(join(dir, 'evals/towns.baseline.json'), join(at, 'evals/towns.baseline.json'))
  cpSync(join(dir, 'evalkit-blobs'), join(at, 'evalkit-blobs'), { recursive: true })
  blobs(join(at, 'evalkit-blobs'))
  const env = {
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_STEP_SUMMARY: join(at, 'summary.md'),
    GITHUB_OUTPUT: join(at, 'output.txt'),
  }
  return { dir: at, args: ['ci', '--blobs', 'evalkit-blobs', ...args], env }
}

describe('evalkit merge', () => {
  it('puts shards of several evals together, each by itself, and says of which there are none', async () => {
    const named = (name: string): Record<string, string> => ({
      [`evals/${name}.eval.ts`]: evalFile.replace("'towns'", `'${name}'`),
    })
    const two = workspace({ ...named('north'), ...named('south'), ...named('west') })
    const merge = (...args: readonly string[]): ManyCommand => ({
      dir: two,
      args: ['merge', 'blobs', ...args],
    })
    const [played, , refused, both, one, none, nowhere] = await runMany([
      { dir: two, args: ['run', 'north', 'south', '--shard', '1/2', '--blob', 'blobs'] },
      { dir: two, args: ['run', 'south', '--shard', '2/2', '--blob', 'blobs'] },
      merge(),
      { dir: two, args: ['run', 'north', '--shard', '2/2', '--blob', 'blobs'] },
      merge('--json'),
      merge('--eval', 'west'),
      { dir: two, args: ['run', 'north', '--shard', '1/2', '--pool', 'pool'] },
    ])
    expect(played?.exitCode).toBe(0)
    expect([refused?.exitCode, refused?.stderr]).toEqual([
      3,
      expect.stringContaining('Shard 2 of 2 of "north"'),
    ])
    expect(both?.exitCode).toBe(0)
    expect([one?.exitCode, one?.stderr]).toEqual([0, 'west: there is no shard of it\n'])
    const { reports } = JSON.parse(one?.stdout ?? '') as { reports: Report[] }
    expect(reports.map((report) => [report.eval, report.stats.cases])).toEqual([
      ['north', 60],
      ['south', 60],
    ])
    expect([none?.exitCode, none?.stderr]).toEqual([
      3,
      expect.stringContaining('no shard of the eval "west"'),
    ])
    expect([nowhere?.exitCode, nowhere?.stderr]).toEqual([2, expect.stringContaining('--pool')])
  })
})

describe('evalkit ci --blobs', () => {
  it('passes, and fails, as one run of all shards does', async () => {
    const green = gateJob()
    const red = gateJob((of) => copyFileSync(join(dir, 'broken', blob(2)), join(of, blob(2))))
    const [passed, failed] = await runMany([green, red])
    expect([passed?.exitCode, passed?.stdout]).toEqual([0, expect.stringContaining('PASS')])
    expect([failed?.exitCode, failed?.stdout]).toEqual([1, expect.stringContaining('regression: -50')])
    expect(written(green.dir, 'output.txt')).toMatch(/^exit<<.*\n0\n/m)
    expect(written(red.dir, 'summary.md')).toContain('❌ FAIL · towns')
  })

  it('is never green without all shards, or without a store: each says why', async () => {
    const probes: readonly (readonly [
      what: string,
      blobs: (folder: string) => void,
      args: readonly string[],
      code: number,
      says: RegExp,
    ])[] = [
      [
        'a shard is missing',
        (of) => rmSync(join(of, blob(2))),
        [],
        3,
        /EVK_SHARD_MISSING {2}Shard 2 of 2 of "towns"/,
      ],
      ['nothing was uploaded', (of) => rmSync(of, { recursive: true }), [], 2, /EVK_FILE_NOT_FOUND/],
      ['what was uploaded is empty', emptied, [], 3, /EVK_SHARD_MISSING {2}There is no file of a shard/],
      [
        'an upload was cut off',
        (of) => writeFileSync(join(of, blob(2)), half.subarray(0, half.length / 2)),
        [],
        2,
        /EVK_SHARD_CORRUPT .*cut off[^]*towns-2-of-2/,
      ],
      [
        'one was uploaded twice',
        (of) => cpSync(join(of, blob(1)), join(of, 'again', blob(1))),
        [],
        3,
        /EVK_SHARD_TWICE[^]*again\/towns-1-of-2/,
      ],
      [
        'the gate asks another question',
        () => undefined,
        ['--metric', 'equals'],
        3,
        /EVK_SHARD_OUTDATED .*checks/,
      ],
      [
        'it is told to play, too',
        () => undefined,
        ['--llm', 'live'],
        2,
        /EVK_USAGE {2}--llm does not go with --blobs/,
      ],
      ['the store is a folder', () => undefined, ['--store', 'evals'], 4, /EVK_STORE_OPEN/],
      ['the store is no store', () => undefined, ['--store', 'package.json'], 4, /EVK_STORE_CORRUPT/],
      ['the store cannot be there', () => undefined, ['--store', 'package.json/a.db'], 4, /EVK_STORE_OPEN/],
    ]
    const jobs = probes.map(([, blobs, args]) => gateJob(blobs, args))
    const results = await runMany(jobs)
    for (const [at, [what, , , code, says]] of probes.entries()) {
      const { exitCode, stderr, dir: folder = '' } = results[at] ?? {}
      expect([what, exitCode, stderr]).toEqual([what, code, expect.stringMatching(says)])
      const [summary, output] = [written(folder, 'summary.md'), written(folder, 'output.txt')]
      expect([what, summary]).toEqual([what, expect.stringContaining('ended without a verdict: EVK')])
      expect([what, output]).toEqual([what, expect.stringMatching(/^verdict<<.*\ninvalid\n/)])
    }
  })
})

function emptied(folder: string): void {
  rmSync(folder, { recursive: true })
  mkdirSync(folder)
}

function written(at: string, file: string): string {
  return readFileSync(join(at, file), 'utf8')
}
