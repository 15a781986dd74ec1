import { type Answer, answered, type Github } from './client.ts'
import type { Repository } from './context.ts'

/** Bytes. GitHub gives no contents of more bytes (https://docs.github.com/en/rest/repos/contents). */
const largest = 100 * 1024 * 1024

/**
 * Files of a commit by their path; `undefined` for one the commit does not have. A token that may not read the repository is told
 * 404 of everything, so the commit itself is asked for first: what cannot be seen is no absence.
 */
export function filesOf(
  { rest }: Github,
  { owner, name: repo }: Repository,
  commit: string,
): (path: string) => Promise<Answer<Uint8Array | undefined>> {
  const asked = answered(() => rest.git.getCommit({ owner, repo, commit_sha: commit }))
  asked.catch(() => undefined)
  return async (path) => {
    const seen = await asked
    if (!seen.ok) return seen
    const got = await answered(() =>
      rest.repos.getContent({ owner, repo, path, ref: commit, mediaType: { format: 'raw' } }),
    )
    if (!got.ok) return got.status === 404 ? { ok: true, value: undefined } : got
    // In the raw format it is the file itself, whatever the client's types say: text, or bytes where GitHub names no charset.
    const raw: unknown = got.value
    const bytes =
      typeof raw === 'string'
        ? new TextEncoder().encode(raw)
        : raw instanceof ArrayBuffer
          ? new Uint8Array(raw)
          : undefined
    if (bytes === undefined) return { ok: false, status: 200, why: 'GitHub did not send a file' }
    return bytes.length > largest
      ? { ok: false, status: 200, why: 'the file is too large' }
      : { ok: true, value: bytes }
  }
}
