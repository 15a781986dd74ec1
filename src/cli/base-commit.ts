import { isAbsolute, posix } from 'node:path'
import type { FileAt } from './accepted-at.ts'
import type { GithubContext } from '../github/context.ts'
import type { Git } from './git.ts'

/** The commit a change is held against, and where the folder we are called in lies in the repository. */
export type BaseCommit =
  | {
      readonly known: true
      readonly sha: string
      /** With its `/` at the end; empty at the root. */
      readonly prefix: string
      /** Whether its files are here: a shallow clone knows the name of a parent and not what is in it. */
      readonly isHere: boolean
    }
  | { readonly known: false; readonly why: string }

const sha = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/**
 * What the checked-out commit is held against: where a job checked out the merge that GitHub makes of a pull request, or a push
 * was, its first parent; else where it left the base branch (`git merge-base`). Parents are read from the commit itself,
 * because a shallow clone hides them.
 */
export function baseCommit(git: Git, job: Pick<GithubContext, 'kind' | 'baseRef' | 'headSha'>): BaseCommit {
  const head = textOf(git, ['rev-parse', '--verify', 'HEAD'])
  const prefix = textOf(git, ['rev-parse', '--show-prefix'])
  if (head === undefined || prefix === undefined)
    return { known: false, why: 'this is no commit of a git repository' }
  const parents = parentsOf(git)
  // A branch into which its base was merged ends in a merge, too: that one's first parent is the branch itself.
  const isMerge =
    (job.kind === 'pull_request' && parents.length > 1 && parents[1] === job.headSha) ||
    (job.kind === 'merge_group' && parents.length > 1)
  const first = isMerge || job.kind === 'push' ? parents[0] : undefined
  if (first !== undefined) return { known: true, sha: first, prefix, isHere: has(git, first) }
  if (job.kind === 'push') return { known: false, why: 'the commit has no parent' }
  for (const branch of branchesOf(git, job.baseRef)) {
    const base = textOf(git, ['merge-base', branch, 'HEAD'])
    if (base !== undefined && sha.test(base))
      return { known: true, sha: base, prefix, isHere: has(git, base) }
  }
  const shallow = textOf(git, ['rev-parse', '--is-shallow-repository']) === 'true'
  const why = shallow
    ? 'the clone is shallow: check out the merge commit of the pull request, or with fetch-depth: 0'
    : 'no base branch is known here'
  return { known: false, why }
}

/** Files of a commit that is here. */
export function filesOfCommit(git: Git, { sha: commit, prefix }: { sha: string; prefix: string }): FileAt {
  return async (path) => {
    const full = pathInRepository(prefix, path)
    if (full === undefined) return { known: false, why: outside }
    // Asked first: of a file that is not there git says the same as of a commit that is not.
    const listed = git([
      '--literal-pathspecs',
      'ls-tree',
      '-z',
      '--full-tree',
      '--name-only',
      commit,
      '--',
      full,
    ])
    if (!listed.ok) return { known: false, why: listed.why }
    if (listed.out.length === 0) return { known: true, bytes: undefined }
    const blob = git(['cat-file', 'blob', `${commit}:${full}`])
    return blob.ok ? { known: true, bytes: blob.out } : { known: false, why: blob.why }
  }
}

export const outside = 'the folder of evals lies outside of the repository'

/** A path of a project as the repository knows it; `undefined` where it leads out of it. */
export function pathInRepository(prefix: string, path: string): string | undefined {
  const full = posix.normalize(`${prefix}${path}`)
  return isAbsolute(path) || full.startsWith('../') ? undefined : full
}

/** Of the raw commit: where a clone is shallow, `HEAD^1` is hidden, and this is not. */
function parentsOf(git: Git): readonly string[] {
  const raw = git(['cat-file', 'commit', 'HEAD'])
  if (!raw.ok) return []
  const [head = ''] = raw.out.toString('utf8').split('\n\n')
  return [...head.matchAll(/^parent ([0-9a-f]{40,64})$/gm)].flatMap(([, parent]) =>
    parent !== undefined && sha.test(parent) ? [parent] : [],
  )
}

/** Names by which the base branch may be known here; what begins with a dash is no branch of anybody. */
function branchesOf(git: Git, baseRef: string | undefined): readonly string[] {
  if (baseRef !== undefined && /^[\w./-]+$/.test(baseRef) && !baseRef.startsWith('-'))
    return [`refs/remotes/origin/${baseRef}`, `refs/heads/${baseRef}`]
  const remote = textOf(git, ['symbolic-ref', '--quiet', 'refs/remotes/origin/HEAD'])
  return [
    ...(remote === undefined ? [] : [remote]),
    'refs/remotes/origin/main',
    'refs/remotes/origin/master',
    'refs/heads/main',
    'refs/heads/master',
  ]
}

function has(git: Git, commit: string): boolean {
  return git(['cat-file', '-e', `${commit}^{tree}`]).ok
}

function textOf(git: Git, args: readonly string[]): string | undefined {
  const answer = git(args)
  return answer.ok ? answer.out.toString('utf8').trim() : undefined
}
