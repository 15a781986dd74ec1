import { spawnSync } from 'node:child_process'
import { oneLine } from '../lib/text.ts'

/** What git said, or why it said nothing. */
export type GitAnswer =
  | { readonly ok: true; readonly out: Buffer }
  | { readonly ok: false; readonly why: string }

/** Asks git in a folder. Arguments are handed over as they are, no shell reads them. */
export type Git = (args: readonly string[]) => GitAnswer

/** Bytes of an answer. A baseline of a hundred thousand cases is less. */
const largest = 128 * 1024 * 1024

/**
 * The git of a folder. It asks nobody for a password, fetches nothing, takes no lock, and answers within half a minute or not
 * at all. No git, no repository and no such commit are answers, too: never throws.
 */
export function gitIn(cwd: string, env: Readonly<Record<string, string | undefined>>): Git {
  return (args) => {
    const { status, stdout, stderr, error } = spawnSync('git', [...args], {
      cwd,
      env: {
        ...env,
        LC_ALL: 'C',
        GIT_TERMINAL_PROMPT: '0',
        GIT_OPTIONAL_LOCKS: '0',
        // A clone without blobs would go and ask for them, one by one.
        GIT_NO_LAZY_FETCH: '1',
      },
      maxBuffer: largest,
      timeout: 30_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    if (error === undefined && status === 0) return { ok: true, out: stdout }
    const said = error === undefined ? stderr.toString('utf8') : error.message
    return { ok: false, why: oneLine(said.trim().split('\n')[0] ?? '', 200) || `git left with ${status}` }
  }
}

/** The commit that is checked out, and whether files under version control are changed; empty outside of a repository. */
export function headOf(git: Git): { readonly commit?: string; readonly dirty?: true } {
  const head = git(['rev-parse', '--verify', 'HEAD'])
  if (!head.ok) return {}
  const status = git(['status', '--porcelain', '--untracked-files=no'])
  const dirty = status.ok && status.out.length > 0
  return { commit: head.out.toString('utf8').trim(), ...(dirty ? { dirty: true as const } : {}) }
}
