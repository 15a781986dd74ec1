import { setTimeout } from 'node:timers/promises'
import { openGithub } from '../github/client.ts'
import { postComment, type Posted } from '../github/comment.ts'
import { contextFrom, type GithubContext } from '../github/context.ts'
import { pullRequestOf } from '../github/pull-request.ts'
import { appendSummary, fence, setOutputs, summaryRoom } from '../github/step-files.ts'
import { codeSpan, oneLine, withoutCommands } from '../lib/text.ts'
import { annotationsOf, type PlacedReport } from '../report/github.ts'
import { commentOf, crashComment, markerOf } from '../report/comment.ts'
import { summaryOf } from '../report/summary.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Io } from './io.ts'

/** The job we run in, where it is one of GitHub Actions. */
export interface GithubJob {
  readonly context: GithubContext
  readonly isAction: boolean
  /** Nobody who is run by us can guess it: it opens what `stop-commands` closed, and delimits outputs. */
  readonly token: string
}

/** What is said to GitHub, and by which name its comment goes. */
export interface Told {
  readonly suite: string
  readonly author: string | undefined
  /** Empty where the run ended before there was anything to report. */
  readonly placed: readonly PlacedReport[]
  /** Why the run ended without a verdict. */
  readonly crash?: { readonly what: string; readonly hint: string }
  readonly outputs: Readonly<Record<string, string>>
  /** The reports are a pull request's word, not ours. */
  readonly claimed?: boolean
}

/**
 * What GitHub says we run for. An event that cannot be read costs the comment, never the verdict: it is said, and the
 * context is `none`.
 */
export function githubJob(io: Io): GithubJob {
  const isAction = io.env['GITHUB_ACTIONS'] === 'true'
  const token = Array.from({ length: 6 }, () => io.random()).join('')
  try {
    return { context: contextFrom(io.env), isAction, token }
  } catch (error) {
    if (!EvalkitError.is(error)) throw error
    io.err(`${error.code}  ${oneLine(error.message, 300)}\n`)
    const why = `${error.code}: ${error.message}`
    return { context: { kind: 'none', why, isFork: false, mayWrite: false }, isAction, token }
  }
}

/**
 * While agents run and reports are printed the runner obeys nothing in the log: it is full of what agents say. `--json`
 * leaves stdout to the one document, which commands nothing by itself.
 */
export async function fencedIn<T>(io: Io, job: GithubJob, json: boolean, body: () => Promise<T>): Promise<T> {
  if (!job.isAction || json) return body()
  const { open, close } = fence(job.token)
  io.out(open)
  try {
    return await body()
  } finally {
    io.out(close)
  }
}

/** What is no error of ours is a bug, and its text may say anything: it stays in the log. */
export function crashOf(error: unknown): { readonly what: string; readonly hint: string } {
  if (!EvalkitError.is(error)) return { what: 'EVK_BUG', hint: 'The log of the job says more.' }
  return { what: `${error.code} ${error.message}`, hint: error.hint }
}

/**
 * Tells GitHub: annotations into the log, the job summary, outputs, the comment of the pull request. Where a comment cannot
 * be posted the summary has it all, and stderr says why. Never throws for what GitHub does, so the exit code stays the
 * verdict's.
 */
export async function tellGithub(io: Io, job: GithubJob, told: Told, log: boolean): Promise<Posted> {
  const { placed, crash, suite, claimed = false } = told
  if (job.isAction) {
    if (log && crash === undefined) io.out(annotationsOf(placed))
    const pages = crash === undefined ? placed : [undefined]
    for (const page of pages) {
      const path = io.env['GITHUB_STEP_SUMMARY']
      // Pages come one behind the other: what is left of the 1 MiB is for all that are to come.
      const room = Math.min(1_000_000, summaryRoom(path))
      const text =
        page === undefined
          ? crashComment(suite, crash?.what ?? '', crash?.hint ?? '')
          : summaryOf(page.report, room, { claimed })
      const done = appendSummary(path, text)
      if (!done.written) io.err(`no job summary: ${oneLine(done.why, 300)}\n`)
    }
  }
  const posted = await commentOn(io, job, told)
  io.err(posted.posted ? `comment ${posted.how}: ${posted.url}\n` : `no comment: ${inert(posted.why)}\n`)
  if (job.isAction) {
    const outputs = { ...told.outputs, 'comment-url': posted.posted ? posted.url : '' }
    const done = setOutputs(io.env['GITHUB_OUTPUT'], outputs, job.token)
    if (!done.written) io.err(`no outputs: ${oneLine(done.why, 300)}\n`)
  }
  return posted
}

async function commentOn(io: Io, { context, isAction }: GithubJob, told: Told): Promise<Posted> {
  const { repository, kind, mayWrite, isFork, why } = context
  const speaksOfOne = kind === 'pull_request' || kind === 'workflow_run'
  if (!isAction || !speaksOfOne || repository === undefined) {
    return { posted: false, why: why ?? 'there is no pull request' }
  }
  if (!mayWrite) return { posted: false, why: whyNot(io, isFork) }
  try {
    const github = await openGithub({
      token: io.env['GITHUB_TOKEN'] ?? '',
      apiUrl: io.env['GITHUB_API_URL'],
      fetch: globalThis.fetch,
      sleep: (ms) => setTimeout(ms),
      now: io.now,
    })
    const found = await pullRequestOf(github, context)
    if (!found.ok) return { posted: false, why: found.why }
    if (found.value === undefined) {
      return { posted: false, why: 'no open pull request has this commit as its head' }
    }
    return await postComment(github, {
      repository,
      pullRequest: found.value,
      marker: markerOf(told.suite),
      body: bodyOf(io, context, told),
      shorter: bodyOf(io, context, told, 20_000),
      ...(told.author === undefined ? {} : { author: told.author }),
    })
  } catch (error) {
    if (!EvalkitError.is(error)) throw error
    return { posted: false, why: `${error.code}: ${error.message} ${error.hint}` }
  }
}

function bodyOf(io: Io, context: GithubContext, told: Told, budget?: number): string {
  const { suite, placed, crash, claimed = false } = told
  if (crash !== undefined) return crashComment(suite, crash.what, crash.hint)
  const reports = placed.map(({ report }) => report)
  return commentOf(reports, {
    suite,
    remarks: [remark(io.env, context)],
    claimed,
    ...(budget === undefined ? {} : { budget }),
  })
}

/** Which commit this is about, where it goes, and where the whole report lies. */
function remark(env: Io['env'], { headSha, baseRef, repository }: GithubContext): string {
  const [server, run] = [env['GITHUB_SERVER_URL'] ?? '', env['GITHUB_RUN_ID'] ?? '']
  const isUrl = /^https:\/\/[\w.-]+(?::\d+)?$/.test(server) && /^\d+$/.test(run) && repository !== undefined
  return [
    ...(headSha === undefined ? [] : [`commit ${codeSpan(headSha.slice(0, 12))}`]),
    ...(baseRef === undefined ? [] : [`into ${codeSpan(baseRef, 100)}`]),
    ...(isUrl ? [`[job summary](${server}/${repository.owner}/${repository.name}/actions/runs/${run})`] : []),
  ].join(' · ')
}

function whyNot({ env }: Io, isFork: boolean): string {
  if ((env['GITHUB_TOKEN'] ?? '') === '') return 'GITHUB_TOKEN is not set'
  return isFork ? 'the token of a fork may not write here' : 'the token of Dependabot may not write here'
}

function inert(text: string): string {
  return withoutCommands(oneLine(text, 500))
}
