import { answered, type Answer, type Github } from './client.ts'
import type { GithubContext } from './context.ts'

/**
 * The number of the open pull request that a context is of. A `workflow_run` of a fork does not say it, and what the fork
 * says of itself is not believed: GitHub is asked for pull requests from its branch, and only one whose head is the very
 * commit counts. `undefined` where there is none, or more than one.
 */
export async function pullRequestOf(
  { rest }: Github,
  { kind, repository, pullRequest, headSha, head }: GithubContext,
): Promise<Answer<number | undefined>> {
  if (pullRequest !== undefined) return { ok: true, value: pullRequest }
  if (kind !== 'workflow_run' || repository === undefined || head === undefined) {
    return { ok: true, value: undefined }
  }
  const listed = await answered(() =>
    rest.pulls.list({
      owner: repository.owner,
      repo: repository.name,
      state: 'open',
      head: `${head.owner}:${head.branch}`,
      per_page: 100,
    }),
  )
  if (!listed.ok) return listed
  const [first, ...others] = listed.value.filter((pull) => pull.head.sha === headSha)
  return { ok: true, value: others.length > 0 ? undefined : first?.number }
}
