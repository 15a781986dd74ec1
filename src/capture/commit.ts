import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/** Variables in which build systems and hosts say which commit is running. */
const variables = [
  'EVALKIT_COMMIT',
  'GIT_COMMIT',
  'GITHUB_SHA',
  'CI_COMMIT_SHA',
  'VERCEL_GIT_COMMIT_SHA',
  'RENDER_GIT_COMMIT',
  'RAILWAY_GIT_COMMIT_SHA',
  'SOURCE_VERSION',
  'BITBUCKET_COMMIT',
  'CIRCLE_SHA1',
]

const hash = /^[0-9a-f]{7,64}$/i

/** The git commit that is running: from the environment, else from the checkout `folder` is in. Never throws. */
export function commitOf(environment: Environment, folder: string): string | undefined {
  const told = variables
    .map((name) => environment[name])
    .find((value) => value !== undefined && hash.test(value))
  return told ?? commitIn(folder)
}

/** Reads `.git` itself (gitrepository-layout(5)): starting git would take longer than the agent's first call. */
function commitIn(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const git = gitFolder(join(at, '.git'), at)
    if (git !== undefined) return headOf(git)
    if (dirname(at) === at) return undefined
  }
}

/** `.git` is a folder, or, in a worktree, a file that names one. */
function gitFolder(path: string, base: string): string | undefined {
  if (textOf(join(path, 'HEAD')) !== undefined) return path
  const named = /^gitdir: (.+)$/m.exec(textOf(path) ?? '')?.[1]
  return named === undefined ? undefined : join(named.startsWith('/') ? '' : base, named)
}

function headOf(git: string): string | undefined {
  const head = textOf(join(git, 'HEAD'))?.trim() ?? ''
  if (hash.test(head)) return head
  const ref = /^ref: (refs\/[\w./-]+)$/.exec(head)?.[1]
  if (ref === undefined || ref.includes('..')) return undefined
  // A worktree keeps its branches in the repository it belongs to.
  const common = textOf(join(git, 'commondir'))?.trim()
  const homes = common === undefined ? [git] : [git, join(common.startsWith('/') ? '' : git, common)]
  for (const home of homes) {
    const loose = textOf(join(home, ref))?.trim()
    if (loose !== undefined && hash.test(loose)) return loose
    const packed = (textOf(join(home, 'packed-refs')) ?? '')
      .split('\n')
      .find((line) => line.endsWith(` ${ref}`))
      ?.split(' ')[0]
    if (packed !== undefined && hash.test(packed)) return packed
  }
  return undefined
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
