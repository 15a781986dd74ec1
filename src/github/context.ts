import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { readJson } from '../lib/json.ts'
import { EvalkitError } from '../schema/errors.ts'

/** A repository, as `owner/name`. */
export interface Repository {
  readonly owner: string
  readonly name: string
}

/** What this job runs for, as far as its environment and its event say. */
export interface GithubContext {
  readonly kind: 'pull_request' | 'push' | 'merge_group' | 'workflow_run' | 'none'
  /** Why no pull request of this event is spoken of; absent for `pull_request`. */
  readonly why?: string
  readonly repository?: Repository
  /** The pull request's number. Of a `workflow_run` it must be asked for: a fork's event does not say it. */
  readonly pullRequest?: number
  /** The commit under test: of a pull request its own head, where `GITHUB_SHA` is a merge that nobody keeps. */
  readonly headSha?: string
  /** The branch it goes into. */
  readonly baseRef?: string
  /** Where the head of a `workflow_run` lives: what its pull request is asked for by. */
  readonly head?: { readonly owner: string; readonly branch: string }
  readonly isFork: boolean
  /** Whether there is a token that may write here: none for pull requests of forks and of Dependabot. */
  readonly mayWrite: boolean
}

type Env = Readonly<Record<string, string | undefined>>

const sha = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
const repositoryName = z.object({ full_name: z.string().regex(/^[\w.-]{1,100}\/[\w.-]{1,100}$/) })
const number = z.number().int().positive()
const ref = z.string().min(1).max(1_000)

/** The parts of events that are read (https://docs.github.com/en/webhooks/webhook-events-and-payloads). */
const pullRequestEvent = z.object({
  repository: repositoryName,
  pull_request: z.object({
    number,
    // A fork that was deleted is `null`.
    head: z.object({ sha, repo: repositoryName.nullish() }),
    base: z.object({ ref }),
  }),
})
const pushEvent = z.object({ repository: repositoryName, after: sha })
const mergeGroupEvent = z.object({
  repository: repositoryName,
  merge_group: z.object({ head_sha: sha, base_ref: ref }),
})
const workflowRunEvent = z.object({
  repository: repositoryName,
  workflow_run: z.object({
    head_sha: sha,
    head_branch: ref.nullish(),
    event: z.string(),
    head_repository: repositoryName.nullish(),
  }),
})

/**
 * What this job runs for. Outside of GitHub Actions it is `none`. Throws `EVK_GITHUB_EVENT` where GitHub runs us and the
 * event file is missing or is not what its name says: there is no comment then, and a verdict all the same.
 */
export function contextFrom(env: Env): GithubContext {
  if (env['GITHUB_ACTIONS'] !== 'true') return nowhere('this is not a job of GitHub Actions')
  const name = env['GITHUB_EVENT_NAME'] ?? ''
  return contextOf(env, eventKinds.has(name) ? readEvent(env['GITHUB_EVENT_PATH']) : undefined)
}

/** The same of an event that was read. Pure. */
export function contextOf(env: Env, event: unknown): GithubContext {
  const name = env['GITHUB_EVENT_NAME'] ?? ''
  const hasToken = (env['GITHUB_TOKEN'] ?? '') !== ''
  switch (name) {
    case 'pull_request': {
      const { repository, pull_request: pull } = read(pullRequestEvent, name, event)
      const isFork = pull.head.repo?.full_name !== repository.full_name
      return {
        kind: name,
        repository: repositoryOf(repository),
        pullRequest: pull.number,
        headSha: pull.head.sha,
        baseRef: pull.base.ref,
        isFork,
        mayWrite: hasToken && !isFork && env['GITHUB_ACTOR'] !== 'dependabot[bot]',
      }
    }
    case 'push': {
      const { repository, after } = read(pushEvent, name, event)
      const base = { kind: name, repository: repositoryOf(repository), headSha: after } as const
      return { ...base, why: 'a push is no pull request', isFork: false, mayWrite: hasToken }
    }
    case 'merge_group': {
      const { repository, merge_group: group } = read(mergeGroupEvent, name, event)
      return {
        kind: name,
        why: 'a merge group may hold several pull requests',
        repository: repositoryOf(repository),
        headSha: group.head_sha,
        baseRef: group.base_ref.replace(/^refs\/heads\//, ''),
        isFork: false,
        mayWrite: hasToken,
      }
    }
    case 'workflow_run': {
      const { repository, workflow_run: run } = read(workflowRunEvent, name, event)
      const from = run.head_repository?.full_name
      const [owner] = from?.split('/') ?? []
      return {
        kind: name,
        why: 'the event of a workflow_run does not say which pull request it is of',
        repository: repositoryOf(repository),
        headSha: run.head_sha,
        ...(owner === undefined || typeof run.head_branch !== 'string'
          ? {}
          : { head: { owner, branch: run.head_branch } }),
        isFork: from !== repository.full_name,
        mayWrite: hasToken,
      }
    }
    case 'pull_request_target':
      return nowhere('pull_request_target gives code of strangers a token that writes: it is not used')
    default:
      return nowhere(`the event "${name.slice(0, 40)}" is of no pull request`)
  }
}

const eventKinds = new Set(['pull_request', 'push', 'merge_group', 'workflow_run'])
/** GitHub's own limit of a payload is 25 MB. */
const longestEvent = 32 * 1024 * 1024

function nowhere(why: string): GithubContext {
  return { kind: 'none', why, isFork: false, mayWrite: false }
}

function readEvent(path: string | undefined): unknown {
  if (path === undefined || path === '') throw broken('GITHUB_EVENT_PATH is not set.')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw broken('The event file cannot be read.', cause)
  }
  if (text.length > longestEvent) throw broken('The event file is larger than any event.')
  const parsed = readJson(text)
  if (!parsed.ok) throw broken('The event file is no JSON that evalkit reads.')
  return parsed.value
}

function read<T>(schema: z.ZodType<T>, name: string, event: unknown): T {
  const parsed = schema.safeParse(event)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw broken(
    `The event file is not the event "${name}": ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  )
}

function broken(what: string, cause?: unknown): EvalkitError {
  return new EvalkitError('EVK_GITHUB_EVENT', what, cause === undefined ? {} : { cause })
}

function repositoryOf({ full_name }: { readonly full_name: string }): Repository {
  const [owner = '', name = ''] = full_name.split('/')
  return { owner, name }
}
