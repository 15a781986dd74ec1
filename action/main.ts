import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { exitCodeOf, handOnSignals } from '../src/cli/child.ts'
import { setOutputs } from '../src/github/step-files.ts'
import { oneLine, withoutCommands } from '../src/lib/text.ts'
import { type Asked, readInputs } from './inputs.ts'
import { installedIn, pathFrom } from './installed.ts'

/**
 * The action: reads its inputs, starts the project's own evalkit, hands signals on, and leaves with its exit code. All
 * else is evalkit's, so that a step that calls it by itself gets the same. It fails closed: what ends before evalkit said
 * anything has the verdict `invalid` and an exit code that is not 0.
 */

const delimiter = randomBytes(18).toString('hex')
const { env } = process
const mayComment = new Set(['pull_request', 'workflow_run'])
let code = 4
try {
  code = await run()
} catch (error) {
  complain('error', `The action itself failed: ${error instanceof Error ? error.message : String(error)}`)
}
output({ exit: String(code) })
process.exitCode = code

async function run(): Promise<number> {
  const read = readInputs(env)
  output({ verdict: env['INPUT_COMMAND'] === 'comment' ? '' : 'invalid', 'comment-url': '' })
  if (!read.ok) {
    for (const problem of read.problems) complain('error', problem)
    return 2
  }
  const { asked } = read
  // Known even where nothing gets written: what uploads it then says that there is nothing.
  if (asked.report !== undefined) output({ report: asked.report })
  if (statSync(asked.folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    complain('error', `The input "working-directory" names no folder: ${asked.folder}.`)
    return 2
  }
  const installed = installedIn(asked.folder)
  if (installed === undefined) {
    complain(
      'error',
      `evalkit is not installed in ${asked.folder}. Run "npm ci" in an earlier step, and keep evalkit among the devDependencies. It is looked for in node_modules.`,
    )
    return 2
  }
  if (!installed.hasGithubClient && asked.token !== '' && mayComment.has(env['GITHUB_EVENT_NAME'] ?? '')) {
    complain('warning', 'There will be no comment: npm install --save-dev @octokit/rest')
  }
  return start(installed.launcher, asked)
}

async function start(launcher: string, { folder, args, token }: Asked): Promise<number> {
  const child = spawn('node', [launcher, ...args], {
    cwd: folder,
    env: environment(folder, token),
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const release = handOnSignals(child)
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return exitCodeOf({ code, signal })
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    complain('error', `Node cannot be started (${why}). Put it on PATH with actions/setup-node.`)
    return 4
  } finally {
    release()
  }
}

/**
 * What a step of a shell would have. The runner hands an action more than that: tokens that write to the cache and to the
 * artifacts of the run, which the project's agents have no business with.
 */
function environment(folder: string, token: string): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name]) => !/^(INPUT_|ACTIONS_(RUNTIME|RESULTS|CACHE)_)/i.test(name),
  )
  const path = kept.find(([name]) => name.toUpperCase() === 'PATH') ?? ['PATH', '']
  return {
    ...Object.fromEntries(kept),
    [path[0]]: pathFrom(folder, path[1] ?? ''),
    GITHUB_TOKEN: token,
  }
}

function output(values: Readonly<Record<string, string>>): void {
  const done = setOutputs(env['GITHUB_OUTPUT'], values, delimiter)
  if (!done.written) process.stderr.write(`no outputs: ${oneLine(done.why, 300)}\n`)
}

/** An annotation, escaped as the toolkit does (actions/toolkit, `packages/core/src/command.ts`). */
function complain(level: 'error' | 'warning', what: string): void {
  const text = withoutCommands(oneLine(what, 1_000)).replaceAll('%', '%25')
  process.stdout.write(`::${level} title=evalkit::${text}\n`)
}
