import { existsSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { baselineChangesOf } from '../gate/baseline-changes.ts'
import { openGithub } from '../github/client.ts'
import type { GithubContext } from '../github/context.ts'
import { filesOf } from '../github/file-at.ts'
import { oneLine } from '../lib/text.ts'
import type { BaselineChanges } from '../schema/baseline-change.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Report } from '../schema/report.ts'
import { acceptedAt, type FileAt } from './accepted-at.ts'
import { baseCommit, type BaseCommit, filesOfCommit, outside, pathInRepository } from './base-commit.ts'
import { gitIn } from './git.ts'
import type { Io } from './io.ts'
import type { Project } from './project.ts'

/** Says of a report what became of the accepted state of its eval. */
export type Announce = (report: Report) => Promise<Report>

/**
 * Gathers once what a change is held against, for all evals of a job. The base is read out of the repository, or, where the clone
 * is shallow and there is a token, from GitHub; where neither knows it, the report says that it is not known.
 */
export function announcing(io: Io, project: Project, context: GithubContext): Announce {
  const git = gitIn(project.folder, io.env)
  const base = baseCommit(git, context)
  const here = filesHere(project)
  const there = base.known ? once(filesThere(io, project, context, base)) : undefined
  return async (report) => ({
    ...report,
    baselineChanges: await changesOf(report, project, base, here, there),
  })
}

async function changesOf(
  { eval: of, metric }: Report,
  { config }: Project,
  base: BaseCommit,
  here: FileAt,
  there: FileAt | undefined,
): Promise<BaselineChanges> {
  if (!base.known || there === undefined)
    return { unknown: base.known ? 'nobody knows its files' : base.why, changes: [] }
  const [before, now] = await Promise.all([
    acceptedAt(there, config.evals, of),
    acceptedAt(here, config.evals, of),
  ])
  const unknown = [before, now].flatMap((one) => (one.known ? [] : [oneLine(one.why, 300)]))[0]
  if (!before.known || !now.known) return { since: base.sha, unknown: unknown ?? '', changes: [] }
  return { since: base.sha, changes: [...baselineChangesOf(of, metric, before.state, now.state)] }
}

/** The log is of all evals, and read once. */
function once(fileAt: FileAt): FileAt {
  const read = new Map<string, ReturnType<FileAt>>()
  return (path) => {
    const known = read.get(path) ?? fileAt(path)
    read.set(path, known)
    return known
  }
}

function filesHere({ path }: Project): FileAt {
  return async (file) => {
    try {
      return { known: true, bytes: existsSync(path(file)) ? readFileSync(path(file)) : undefined }
    } catch (error) {
      return { known: false, why: error instanceof Error ? error.message : 'it cannot be read' }
    }
  }
}

function filesThere(
  io: Io,
  project: Project,
  { repository }: GithubContext,
  base: Extract<BaseCommit, { known: true }>,
): FileAt {
  if (base.isHere) return filesOfCommit(gitIn(project.folder, io.env), base)
  const token = io.env['GITHUB_TOKEN'] ?? ''
  if (repository === undefined || token === '') {
    const why = `the clone does not hold the base ${base.sha.slice(0, 12)}, and there is no GITHUB_TOKEN to ask for it`
    return async () => ({ known: false, why })
  }
  const github = openGithub({
    token,
    apiUrl: io.env['GITHUB_API_URL'],
    fetch: globalThis.fetch,
    sleep: (ms) => setTimeout(ms),
    now: io.now,
  })
  const files = github.then((open) => filesOf(open, repository, base.sha))
  // Asked for later: until then a failure is nobody's.
  files.catch(() => undefined)
  return async (path) => {
    const full = pathInRepository(base.prefix, path)
    if (full === undefined) return { known: false, why: outside }
    try {
      const got = await (await files)(full)
      return got.ok ? { known: true, bytes: got.value } : { known: false, why: got.why }
    } catch (error) {
      if (!EvalkitError.is(error)) throw error
      return { known: false, why: `${error.code}: ${error.message}` }
    }
  }
}
