import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { GithubServer } from '../../src/github/testing/github-server.ts'
import { type CliResult, runCli, workspace } from '../support/cli.ts'

/** Sixty towns. `BREAK` of them are answered wrongly, and everything that is said tries to command the runner. */
const evalFile = `
import { defineEval, none } from 'evalkit'
import { equals } from 'evalkit/checks'
export default defineEval({
  name: 'towns',
  dataset: 'towns',
  target: (town) => {
    console.log('::error title=pwned::by the agent')
    return Number(town) < Number(process.env.BREAK ?? 0) ? '::error::@everyone <!-- evalkit:report suite=evals -->' : town
  },
  checks: [equals()],
  user: none(),
})
`
const cases = Array.from(
  { length: 60 },
  (_, at) => `${JSON.stringify({ v: 1, id: `town-${at}`, input: String(at), expected: String(at) })}\n`,
)
const files = { 'evals/towns.eval.ts': evalFile, 'datasets/towns.jsonl': cases.join('') }
const sha = 'a'.repeat(40)
const marker = '<!-- evalkit:report suite=evals -->'

let server: GithubServer
let dir = ''

beforeAll(async () => {
  dir = workspace(files)
  await runCli({}, ['run'], { dir })
  await runCli({}, ['baseline', 'accept', '--run', 'towns', '--reason', 'first'], { dir })
}, 60_000)
beforeEach(async () => {
  server = await GithubServer.start()
})
afterEach(() => server.close())

const repository = { full_name: 'acme/desk' }
const pull = (repo = 'acme/desk'): object => ({
  repository,
  pull_request: { number: 7, head: { sha, repo: { full_name: repo } }, base: { ref: 'main' } },
})

/** A job of GitHub Actions: its files are fresh each time. */
function job(
  name: string,
  event: object | undefined,
  more: Record<string, string> = {},
): Record<string, string> {
  const at = (file: string): string => join(dir, file)
  for (const file of ['summary.md', 'output.txt']) writeFileSync(at(file), '')
  if (event !== undefined) writeFileSync(at('event.json'), JSON.stringify(event))
  return {
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_TOKEN: 'ghs_x',
    GITHUB_API_URL: server.url,
    GITHUB_EVENT_NAME: name,
    GITHUB_EVENT_PATH: event === undefined ? at('none.json') : at('event.json'),
    GITHUB_STEP_SUMMARY: at('summary.md'),
    GITHUB_OUTPUT: at('output.txt'),
    GITHUB_WORKSPACE: dir,
    GITHUB_SERVER_URL: 'https://github.example',
    GITHUB_RUN_ID: '42',
    ...more,
  }
}

const ci = (env: Record<string, string>, ...args: readonly string[]): Promise<CliResult> =>
  runCli({}, ['ci', ...args], { dir, env })
const written = (file: string): string => readFileSync(join(dir, file), 'utf8')
const outputs = (): Record<string, string> =>
  Object.fromEntries(
    [...written('output.txt').matchAll(/^(\S+)<<(\S+)\n(.*)\n\2$/gm)].map(([, name, , value]) => [
      name,
      value,
    ]),
  )

/** The lines of a log that the runner obeys: those outside of the fence. */
function obeyed(log: string): string[] {
  let token: string | undefined
  return log.split('\n').filter((line) => {
    if (token !== undefined) {
      if (line === `::${token}::`) token = undefined
      return false
    }
    token = /^::stop-commands::(\w{20,})$/.exec(line)?.[1]
    return token === undefined && line.startsWith('::')
  })
}

describe('evalkit ci in a pull request', () => {
  it('tells of a regression: exit 1, a comment, a summary, annotations at the lines, outputs', async () => {
    const run = await ci(job('pull_request', pull(), { BREAK: '20' }))
    expect(run.exitCode).toBe(1)
    expect(server.comments).toHaveLength(1)
    const body = server.comments[0]?.body ?? ''
    expect(body).toMatch(/^### ❌ FAIL · towns · regression: -33/)
    expect(body).toContain(
      'commit `aaaaaaaaaaaa` · into `main` · [job summary](https://github.example/acme/desk/actions/runs/42)',
    )
    expect(body).toContain('npx evalkit run evals/towns.eval.ts --case town-')
    expect(body.endsWith(`\n${marker}\n`)).toBe(true)
    expect(body.match(/<!--/g)).toHaveLength(1)
    expect(body).not.toMatch(/^::|@everyone/m)
    expect(written('summary.md')).toMatch(/^### ❌ FAIL · towns/)
    expect(outputs()).toEqual({
      verdict: 'fail',
      exit: '1',
      'comment-url': 'https://github.example/acme/desk/pull/7#issuecomment-1000',
    })
    const commands = obeyed(run.stdout)
    expect(commands).toHaveLength(10)
    expect(commands[0]).toMatch(/^::error file=evals\/towns\.eval\.ts,title=FAIL towns::regression/)
    expect(commands[1]).toBe(
      '::error file=datasets/towns.jsonl,line=1,title=towns%3A town-0 got worse::' +
        (commands[1]?.split('::').slice(2).join('::') ?? ''),
    )
    expect(run.stdout).toContain('::error title=pwned::by the agent')
    expect(commands.join('\n')).not.toContain('pwned')
  })

  it('writes the same comment anew when it is mended', async () => {
    server.fill(120)
    server.add('github-actions[bot]', `old\n${marker}`)
    const run = await ci(job('pull_request', pull()))
    expect(run.exitCode).toBe(0)
    expect(server.comments).toHaveLength(121)
    expect(server.comments[120]?.body).toMatch(/^### ✅ PASS · towns/)
    expect(run.stderr).toContain('comment updated: https://github.example/')
    expect(obeyed(run.stdout)).toEqual([expect.stringMatching(/^::notice .*title=PASS towns::/)])
  })

  it('falls back to the summary where it may not write, with the same exit code', async () => {
    const fork = await ci(job('pull_request', pull('stranger/desk'), { BREAK: '20' }))
    expect([fork.exitCode, server.requests]).toEqual([1, []])
    expect(fork.stderr).toContain('no comment: the token of a fork may not write here')
    expect(written('summary.md')).toContain('❌ FAIL')
    server.refuse = () => ({ status: 403, message: 'Resource not accessible by integration' })
    const refused = await ci(job('pull_request', pull(), { BREAK: '20' }))
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toContain('no comment: GitHub said 403')
    expect(outputs()['comment-url']).toBe('')
  })

  it('costs the comment, and not the verdict, where the event is missing', async () => {
    const run = await ci(job('pull_request', undefined, { BREAK: '20' }))
    expect([run.exitCode, server.requests]).toEqual([1, []])
    expect(run.stderr).toContain('EVK_GITHUB_EVENT')
    expect(written('summary.md')).toContain('❌ FAIL')
  })

  it('is told, too, that there is no verdict', async () => {
    const run = await ci(job('pull_request', pull()), 'nowhere')
    expect(run.exitCode).toBe(2)
    expect(server.comments[0]?.body).toMatch(
      /INVALID · evals · the run ended without a verdict: EVK\\_EVAL\\_NOT\\_FOUND/,
    )
    expect(outputs()).toMatchObject({ verdict: 'invalid', exit: '2' })
    expect(written('summary.md')).toContain('ended without a verdict')
    expect(obeyed(run.stdout)).toEqual([])
  })
})

describe('evalkit ci elsewhere', () => {
  it('finds the pull request of a workflow_run by its commit', async () => {
    server.pulls.push({ number: 7, head: { sha, label: 'stranger:fix' } })
    const run = {
      head_sha: sha,
      head_branch: 'fix',
      event: 'pull_request',
      head_repository: { full_name: 'stranger/desk' },
    }
    const { exitCode } = await ci(job('workflow_run', { repository, workflow_run: run }))
    expect([exitCode, server.comments.length]).toEqual([0, 1])
  })

  it.each([
    ['push', { repository, after: sha }],
    ['merge_group', { repository, merge_group: { head_sha: sha, base_ref: 'refs/heads/main' } }],
  ])('writes no comment for a %s, and everything else', async (name, event) => {
    const run = await ci(job(name, event, { BREAK: '20' }))
    expect([run.exitCode, server.requests]).toEqual([1, []])
    expect(written('summary.md')).toContain('❌ FAIL')
    expect(outputs()).toEqual({ verdict: 'fail', exit: '1', 'comment-url': '' })
  })

  it('says the same on a laptop', async () => {
    const { exitCode, stdout, stderr } = await runCli({}, ['ci'], { dir, env: { BREAK: '20' } })
    expect([exitCode, server.requests]).toEqual([1, []])
    expect(stdout).toContain('FAIL')
    expect(stdout).not.toContain('stop-commands')
    expect(stderr).toContain('no comment: this is not a job of GitHub Actions')
  })

  it('prints one JSON document with --json', async () => {
    const { exitCode, stdout } = await runCli(
      { 'evals/towns.eval.ts': evalFile.replace(/console\.log.*/, '') },
      ['ci', '--json'],
      { dir, env: job('pull_request', pull()) },
    )
    writeFileSync(join(dir, 'evals/towns.eval.ts'), evalFile)
    const document = JSON.parse(stdout) as { exit: number; reports: unknown[]; comment: object }
    expect([exitCode, document.exit, document.reports.length]).toEqual([0, 0, 1])
    expect(document.comment).toMatchObject({ posted: true, how: 'created' })
  })

  it('tells of several evals in one comment and one file, the worst first', async () => {
    const small = evalFile.replaceAll("'towns'", "'small'").replace("dataset: 'small'", "dataset: 'towns'")
    const both = workspace({
      ...files,
      'evals/towns.baseline.json': written('evals/towns.baseline.json'),
      'evals/small.eval.ts': small,
    })
    const { exitCode } = await runCli({}, ['ci', '--reporter', 'junit=junit.xml'], {
      dir: both,
      env: job('pull_request', pull(), { BREAK: '20' }),
    })
    expect([exitCode, server.comments.length]).toEqual([1, 1])
    expect(server.comments[0]?.body).toMatch(/^### ❌ FAIL · towns[^]*\| small \|.*NOT GATED/)
    expect(readFileSync(join(both, 'junit.xml'), 'utf8').match(/<testsuite /g)).toHaveLength(2)
  })

  it('exits 3 where there is nothing to compare with', async () => {
    const fresh = workspace(files)
    const { exitCode, stdout, stderr } = await runCli({}, ['ci'], { dir: fresh })
    expect(exitCode).toBe(3)
    expect(stdout).toContain('NOT GATED')
    expect(stderr).toContain('no comment')
    expect(existsSync(join(fresh, 'evals/towns.baseline.json'))).toBe(false)
  })
})

describe('evalkit ci where nothing may be concluded', () => {
  const baseline = (): Record<string, string> => ({
    'evals/towns.baseline.json': written('evals/towns.baseline.json'),
  })
  const evalWith = (from: RegExp, to: string): Record<string, string> => ({
    'evals/towns.eval.ts': evalFile.replace(from, to),
  })
  const target = /console\.log.*/

  it.each<[string, () => Record<string, string>, number, RegExp]>([
    ['there is no eval', () => ({}), 2, /EVK\\_EVAL\\_NOT\\_FOUND/],
    ['there is no case', () => ({ ...files, 'datasets/towns.jsonl': '' }), 3, /EVK\\_DATASET\\_EMPTY/],
    ['the dataset is missing', () => ({ 'evals/towns.eval.ts': evalFile }), 2, /EVK\\_DATASET\\_NOT\\_FOUND/],
    [
      'the dataset is cut off',
      () => ({ ...files, 'datasets/towns.jsonl': `${cases[0]}{"v":1` }),
      2,
      /EVK\\_JSON/,
    ],
    ['the baseline is missing', () => files, 3, /NOT GATED/],
    [
      'the baseline is cut off',
      () => ({ ...files, 'evals/towns.baseline.json': '{"v": 1' }),
      2,
      /EVK\\_BASELINE/,
    ],
    [
      'the config has a typo',
      () => ({ ...files, 'evalkit.config.ts': 'export default { polcy: {} }' }),
      2,
      /EVK\\_CONFIG/,
    ],
    ['there is no check', () => ({ ...files, ...evalWith(/equals\(\)/, '') }), 2, /EVK\\_EVAL\\_INVALID/],
    [
      'cases were taken out',
      () => ({ ...files, ...baseline(), 'datasets/towns.jsonl': cases.slice(20).join('') }),
      3,
      /INVALID/,
    ],
    [
      'every trial throws',
      () => ({ ...files, ...baseline(), ...evalWith(target, "throw new Error('down')") }),
      1,
      /FAIL/,
    ],
    [
      'every check is broken',
      () => ({
        ...files,
        ...baseline(),
        ...evalWith(/equals\(\)/, "function equals() { throw new Error('x') }"),
      }),
      3,
      /INVALID/,
    ],
    [
      'half of the cases are unscored',
      () => ({
        ...files,
        ...baseline(),
        ...evalWith(/equals\(\)/, 'function equals({ input }) { return Number(input) % 2 ? null : 1 }'),
      }),
      3,
      /INVALID/,
    ],
    [
      'every trial runs out of time',
      () => ({
        ...files,
        ...baseline(),
        ...evalWith(target, 'return new Promise((resolve) => setTimeout(resolve, 9e6))'),
      }),
      1,
      /FAIL/,
    ],
    [
      'a fixture is missing',
      () => ({
        ...files,
        ...baseline(),
        'datasets/towns.jsonl': `${cases.slice(1).join('')}{"id":"town-0","input":"0","expected":"0","source":{"traces":["t_1"]}}\n`,
      }),
      2,
      /EVK\\_FIXTURE\\_MISSING/,
    ],
    [
      'the only judge is down',
      () => ({
        ...files,
        ...baseline(),
        'evals/towns.eval.ts': evalFile
          .replace("import { equals } from 'evalkit/checks'", "import { judge } from 'evalkit/judge'")
          .replace('equals()', "judge.rubric({ text: 'It is a town.', model: 'gpt-4o-2024-11-20' })"),
      }),
      3,
      /INVALID/,
    ],
    [
      'the job is cancelled',
      () => ({
        ...files,
        ...baseline(),
        ...evalWith(target, "if (town === '3') process.kill(process.pid, 'SIGTERM')"),
      }),
      4,
      /EVK\\_RUN\\_INTERRUPTED/,
    ],
  ])('is never green: %s', async (_, of, code, said) => {
    const fresh = workspace(of())
    const { exitCode } = await runCli({}, ['ci'], { dir: fresh, env: job('pull_request', pull()) })
    expect([exitCode, server.comments[0]?.body]).toEqual([code, expect.stringMatching(said)])
    expect(outputs()).toMatchObject({ exit: String(code) })
    expect(outputs()['verdict']).not.toBe('pass')
  })
})
