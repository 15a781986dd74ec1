import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { GithubServer, type Refuse } from '../src/github/testing/github-server.ts'
import { atMost, runStep, type Step, type Stepped } from './support/action.ts'
import { runCli, workspace } from './support/cli.ts'

/** One town, which is answered wrongly where `BREAK` is set. */
const evalFile = `
import { defineEval, none } from 'evalkit'
import { equals } from 'evalkit/checks'
export default defineEval({
  name: 'towns',
  dataset: 'towns',
  target: (town) => {
    if (process.env.CANCEL === undefined) return process.env.BREAK === undefined ? town : '::error::@everyone'
    process.kill(process.ppid, 'SIGINT')
    return new Promise((resolve) => setTimeout(resolve, 9e6))
  },
  checks: [equals()],
  user: none(),
  gate: { hardBreaks: 'fail' },
  // In the time of a replay two and a half hours would be over at once.
  replay: { time: 'real' },
})
`
const files: Record<string, string> = {
  'evals/towns.eval.ts': evalFile,
  'datasets/towns.jsonl': '{"v":1,"id":"town-0","input":"Ulm","expected":"Ulm"}\n',
}
const sha = 'a'.repeat(40)
const marker = '<!-- evalkit:report suite=evals -->'
const repository = { full_name: 'acme/desk' }
const pull = (repo = 'acme/desk'): object => ({
  repository,
  pull_request: { number: 7, head: { sha, repo: { full_name: repo } }, base: { ref: 'main' } },
})
const ofFork = {
  repository,
  workflow_run: {
    head_sha: sha,
    head_branch: 'fix',
    event: 'pull_request',
    head_repository: { full_name: 'stranger/desk' },
  },
}

const inTurn = atMost(2)
/** Also for its turn. */
const waits = { timeout: 120_000 }

beforeAll(async () => {
  const dir = workspace(files)
  await runCli({}, ['run'], { dir })
  await runCli({}, ['baseline', 'accept', '--run', 'towns', '--reason', 'first'], { dir })
  files['evals/towns.baseline.json'] = readFileSync(join(dir, 'evals/towns.baseline.json'), 'utf8')
}, 60_000)

interface Scene extends Partial<Step> {
  readonly refuse?: Refuse
  /** Brings the stub into the state it has before the step. */
  readonly before?: (server: GithubServer) => void
}

interface Played extends Stepped {
  readonly server: GithubServer
  /** The last comment. */
  readonly comment: string
}

/** One step of a job, in a project of its own, with a GitHub of its own. */
function play({ refuse, before, ...step }: Scene): Promise<Played> {
  return inTurn(async () => {
    const server = await GithubServer.start()
    try {
      server.pulls.push({ number: 7, head: { sha, label: 'stranger:fix' } })
      if (refuse !== undefined) server.refuse = refuse
      before?.(server)
      const dir = step.dir ?? workspace(files)
      const done = await runStep({ event: 'pull_request', payload: pull(), apiUrl: server.url, ...step, dir })
      return { ...done, server, comment: server.comments.at(-1)?.body ?? '' }
    } finally {
      await server.close()
    }
  })
}

const fork: Scene = { event: 'workflow_run', payload: ofFork }
const broken = { BREAK: '1' }
const said = ({ exitCode, outputs }: Played): unknown[] => [exitCode, outputs['verdict'], outputs['exit']]

describe.concurrent('the bundle of the action', waits, () => {
  it('tells a pull request that a case broke, keeps the reports, and leaves with the exit code', async () => {
    const step = await play({ env: broken, inputs: { reporters: 'junit=junit.xml\njsonl=all.jsonl' } })
    expect(said(step)).toEqual([1, 'fail', '1'])
    expect(step.comment).toMatch(/^### ❌ FAIL · towns/)
    expect(step.comment.endsWith(`\n${marker}\n`)).toBe(true)
    expect(step.outputs['comment-url']).toBe('https://github.example/acme/desk/pull/7#issuecomment-1000')
    expect(step.summary).toMatch(/^### ❌ FAIL · towns/)
    expect(step.stdout).toContain('::error file=evals/towns.eval.ts,title=FAIL towns::')
    expect(step.outputs['report']).toBe(join(step.dir, 'tmp/evalkit-report'))
    expect(readdirSync(step.outputs['report'] ?? '')).toEqual(['towns.html', 'towns.json'])
    expect(existsSync(join(step.dir, 'junit.xml')) && existsSync(join(step.dir, 'all.jsonl'))).toBe(true)

    const told = await play({
      ...fork,
      inputs: { command: 'comment', reports: step.outputs['report'] ?? '' },
    })
    expect(said(told)).toEqual([0, '', '0'])
    expect(told.comment).toMatch(/^### Claimed by the pull request, not checked: ❌ FAIL · towns/)
    expect(told.comment).toContain('**Nobody checked these figures.**')
    expect(told.comment).toContain(`commit \`${sha.slice(0, 12)}\``)
    expect(told.comment).not.toContain('npx evalkit')
    expect(told.comment.endsWith(`\n${marker}\n`)).toBe(true)
    expect(told.summary).toMatch(/^### Claimed by the pull request, not checked: ❌ FAIL/)
    expect(told.stdout).not.toMatch(/^::(error|warning|notice)/m)
  })

  it('writes the 121st comment anew', async () => {
    const step = await play({
      before: (server) => {
        server.fill(120)
        server.add('github-actions[bot]', `old\n${marker}`)
        server.add('mallory', `mine\n${marker}`)
      },
    })
    expect([step.exitCode, step.server.comments.length]).toEqual([0, 122])
    expect(step.server.comments[120]?.body).toMatch(/^### /)
    expect(step.server.comments[121]?.body).toBe(`mine\n${marker}`)
    expect(step.stderr).toContain('comment updated')
  })

  it.each<[string, Scene]>([
    ['a pull request of a fork', { payload: pull('stranger/desk') }],
    ['a push', { event: 'push', payload: { repository, after: sha } }],
    [
      'a merge group',
      {
        event: 'merge_group',
        payload: { repository, merge_group: { head_sha: sha, base_ref: 'refs/heads/main' } },
      },
    ],
    ['an event file that is missing', { payload: undefined }],
  ])('says it all in the summary, and asks GitHub nothing: %s', async (_, scene) => {
    const step = await play({ ...scene, env: broken })
    expect([...said(step), step.server.requests]).toEqual([1, 'fail', '1', []])
    expect(step.summary).toMatch(/^### ❌ FAIL · towns/)
    expect(step.outputs['comment-url']).toBe('')
    expect(step.stderr).toContain('no comment: ')
  })

  it.each<[string, Refuse, RegExp]>([
    ['403', () => ({ status: 403, message: 'Resource not accessible by integration' }), /GitHub said 403/],
    ['404', () => ({ status: 404, message: 'Not Found' }), /GitHub said 404/],
  ])('loses the comment and not the verdict where GitHub says %s', async (_, refuse, why) => {
    const step = await play({ refuse, env: broken })
    expect(said(step)).toEqual([1, 'fail', '1'])
    expect(step.stderr).toMatch(why)
    expect(step.summary).toMatch(/^### ❌ FAIL · towns/)
  })

  it('says it shorter, waits for a rate limit, and asks a network that falters again', async () => {
    const limit = {
      status: 403,
      message: 'You have exceeded a secondary rate limit',
      headers: { 'retry-after': '0' },
    }
    const step = await play({
      refuse: ({ method, before }) => {
        if (method === 'GET') return before === 0 ? { status: 0, cut: 'before' } : undefined
        return [limit, { status: 422, message: 'Validation Failed: body is too long' }, limit][before]
      },
    })
    expect([step.exitCode, step.server.comments.length]).toEqual([0, 1])
    expect(step.server.requests.map((line) => line.split(' ')[0])).toEqual([
      'GET',
      'GET',
      'POST',
      'POST',
      'GET',
      'POST',
      'POST',
    ])
  })

  it('says in the pull request that there is no verdict', async () => {
    const step = await play({ inputs: { evals: '--json\n$(touch pwned)' } })
    expect(said(step)).toEqual([2, 'invalid', '2'])
    expect(step.comment).toContain('EVK\\_EVAL\\_NOT\\_FOUND')
    expect(existsSync(join(step.dir, 'pwned'))).toBe(false)
  })

  it('lets a cancelled job say so', async () => {
    const step = await play({ env: { CANCEL: '1' } })
    expect(said(step)).toEqual([4, 'invalid', '4'])
    expect(step.comment).toContain('EVK\\_RUN\\_INTERRUPTED')
  })

  it('tells nothing as another pull request’s: the commit must be its head', async () => {
    const dir = workspace({ 'report/towns.json': '{}' })
    const step = await play({
      ...fork,
      dir,
      inputs: { command: 'comment', reports: 'report' },
      before: (server) => {
        server.pulls[0] = { number: 7, head: { sha: 'b'.repeat(40), label: 'stranger:fix' } }
      },
    })
    expect([step.exitCode, step.server.comments]).toEqual([2, []])
    expect(step.stderr).toContain('no open pull request has this commit as its head')
  })

  it('says in the pull request that its run left no report', async () => {
    const step = await play({ ...fork, inputs: { command: 'comment', reports: 'evalkit-report' } })
    expect(said(step)).toEqual([3, '', '3'])
    expect(step.comment).toContain('EVK\\_REPORT\\_MISSING')
    expect(step.comment.endsWith(`\n${marker}\n`)).toBe(true)
  })
})

/** An evalkit that says what it was started with, and does what `DO` says. */
const standIn = {
  'node_modules/evalkit/package.json': '{ "name": "evalkit", "bin": { "evalkit": "bin.mjs" } }',
  'node_modules/evalkit/bin.mjs': `
console.log(JSON.stringify({ args: process.argv.slice(2), env: process.env }))
if (process.env.DO === 'die') process.kill(process.pid, 'SIGKILL')
process.exitCode = Number(process.env.DO ?? 0)
`,
}

/** A folder with these files and no evalkit. */
function bare(more: Readonly<Record<string, string>> = {}): string {
  const dir = mkdtempSync(join(process.env['EVALKIT_TEST_SCRATCH'] ?? tmpdir(), 'action-'))
  for (const [path, text] of Object.entries(more)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  return dir
}

interface Started {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

function started(stdout: string): Started {
  const line = stdout.split('\n').find((line) => line.startsWith('{')) ?? '{}'
  return JSON.parse(line) as Started
}

describe.concurrent('what the action starts', waits, () => {
  it('is the evalkit of the project: each input one argument, none a flag, no shell', async () => {
    const inputs = {
      evals: ' a b \n--help\n',
      trials: '3; touch pwned',
      reporters: 'junit=$(touch pwned).xml',
      suite: '"quoted" & `touch pwned`',
      report: 'kept',
    }
    const { stdout, exitCode, dir } = await play({ dir: bare(standIn), inputs })
    expect(exitCode).toBe(0)
    expect(started(stdout).args).toEqual([
      'ci',
      '--trials=3; touch pwned',
      '--reporter=junit=$(touch pwned).xml',
      '--suite="quoted" & `touch pwned`',
      `--report=${join(dir, 'kept')}`,
      '--',
      'a b',
      '--help',
    ])
    expect(existsSync(join(dir, 'pwned'))).toBe(false)
  })

  it('has what a step of a shell has: the token of the job, not the runner’s own', async () => {
    const { stdout, dir } = await play({
      dir: bare({ ...standIn, 'packages/desk/evals/x': '' }),
      inputs: { 'working-directory': 'packages/desk' },
    })
    const { env } = started(stdout)
    expect(env).toMatchObject({ GITHUB_TOKEN: 'ghs_x', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-the-job' })
    expect(Object.keys(env).filter((name) => /^INPUT_|RUNTIME_TOKEN/.test(name))).toEqual([])
    expect(env['PATH']?.split(delimiter).slice(0, 3)).toEqual(
      ['packages/desk', 'packages', '.'].map((at) => join(dir, at, 'node_modules/.bin')),
    )
  })

  it.each([
    ['3', 3],
    ['die', 137],
  ])('ends as it ends: %s', async (what, code) => {
    const step = await play({ dir: bare(standIn), env: { DO: what } })
    expect(said(step)).toEqual([code, 'invalid', String(code)])
  })

  it('may not be able to comment: that is said where people look', async () => {
    const { stdout } = await play({ dir: bare(standIn) })
    expect(stdout).toMatch(
      /^::warning title=evalkit::There will be no comment: npm install --save-dev @octokit\/rest$/m,
    )
    const push = await play({ dir: bare(standIn), event: 'push', payload: { repository, after: sha } })
    expect(push.stdout).not.toContain('::warning')
  })

  it.each<[string, Scene, number, RegExp]>([
    ['evalkit is not installed', {}, 2, /::error title=evalkit::evalkit is not installed in .*Run "npm ci"/],
    [
      'there is no such folder',
      { inputs: { 'working-directory': 'nowhere' } },
      2,
      /"working-directory" names no/,
    ],
    ['there is no such command', { inputs: { command: 'run' } }, 2, /"command" is ci or comment, not "run"/],
    [
      'an input is of the other command',
      { inputs: { reports: 'x' } },
      2,
      /"reports" does not go with .* "ci"/,
    ],
    ['a value is several lines', { inputs: { trials: '3\n::error::x' } }, 2, /"trials" is one line/],
    ['reports are missing', { inputs: { command: 'comment' } }, 2, /needs the input "reports"/],
    ['there is no Node', { dir: bare(standIn), env: { PATH: '' } }, 4, /Node cannot be started \(ENOENT\)/],
  ])('is nothing, and the step fails: %s', async (_, scene, code, why) => {
    const step = await play({ dir: bare(), ...scene })
    expect([step.exitCode, step.outputs['exit']]).toEqual([code, String(code)])
    expect(step.outputs['verdict']).not.toBe('pass')
    expect(step.stdout).toMatch(why)
    expect(step.stdout.match(/^::error/gm)).toHaveLength(1)
  })
})
