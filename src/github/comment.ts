import type { Repository } from './context.ts'
import { type Answer, answered, type Github } from './client.ts'

/** One comment that is kept up to date. */
export interface StickyComment {
  readonly repository: Repository
  readonly pullRequest: number
  /** The last line of the body, by which the next run finds the comment. */
  readonly marker: string
  readonly body: string
  /** What to say where GitHub finds the body too long. */
  readonly shorter: string
  /** Who writes: a marker that somebody else wrote is not ours. */
  readonly author?: string
}

/** What became of it. Where nothing was posted, `why` is a sentence, and the caller says it all elsewhere. */
export type Posted =
  | {
      readonly posted: true
      readonly how: 'created' | 'updated'
      readonly url: string
      readonly shortened: boolean
    }
  | { readonly posted: false; readonly why: string }

/** Who `GITHUB_TOKEN` is. */
export const actionsBot = 'github-actions[bot]'

/**
 * Keeps one comment up to date: looks through all pages of comments for the one whose last line is the marker and whose
 * author we are, writes it anew in place, or makes it. A comment that was deleted meanwhile is made again; one that GitHub
 * finds too long is said shorter. Never throws for what GitHub does: a token that only reads, a pull request that is gone or
 * locked, a network that fails are `posted: false` with the reason.
 */
export async function postComment(github: Github, comment: StickyComment): Promise<Posted> {
  const first = await write(github, comment, comment.body)
  if (first.ok) return posted(first.value, false)
  if (first.status !== 422) return refused(first)
  const second = await write(github, comment, comment.shorter)
  return second.ok ? posted(second.value, true) : refused(second)
}

interface Written {
  readonly how: 'created' | 'updated'
  readonly url: string
}

async function write(github: Github, comment: StickyComment, body: string): Promise<Answer<Written>> {
  let last: Answer<Written> = { ok: false, status: 500, why: 'GitHub was not asked' }
  // A comment that could not be made may have been made: it is looked for before it is made again.
  for (let attempt = 0; attempt < 3; attempt++) {
    const found = await find(github, comment)
    if (!found.ok) return found
    last =
      found.value === undefined
        ? await create(github, comment, body)
        : await update(github, comment, body, found.value)
    const gone = !last.ok && last.status === 404 && found.value !== undefined
    if (last.ok || (last.status < 500 && !gone)) return last
  }
  return last
}

/** The id of our comment; `undefined` where there is none. GitHub lists comments from the oldest on. */
async function find(
  { rest }: Github,
  { repository, pullRequest, marker, author = actionsBot }: StickyComment,
): Promise<Answer<number | undefined>> {
  for (let page = 1; ; page++) {
    const listed = await answered(async () => {
      const { data, headers } = await rest.issues.listComments({
        owner: repository.owner,
        repo: repository.name,
        issue_number: pullRequest,
        per_page: 100,
        page,
      })
      return { data: { comments: data, isLast: !(headers.link ?? '').includes('rel="next"') } }
    })
    if (!listed.ok) return listed
    const { comments, isLast } = listed.value
    const ours = comments.find(
      ({ body, user }) => user?.login === author && body?.trimEnd().split('\n').at(-1)?.trim() === marker,
    )
    if (ours !== undefined) return { ok: true, value: ours.id }
    if (isLast || comments.length === 0) return { ok: true, value: undefined }
  }
}

async function create(
  { rest }: Github,
  { repository, pullRequest }: StickyComment,
  body: string,
): Promise<Answer<Written>> {
  const made = await answered(() =>
    rest.issues.createComment({
      owner: repository.owner,
      repo: repository.name,
      issue_number: pullRequest,
      body,
    }),
  )
  return made.ok ? { ok: true, value: { how: 'created', url: made.value.html_url } } : made
}

async function update(
  { rest }: Github,
  { repository }: StickyComment,
  body: string,
  id: number,
): Promise<Answer<Written>> {
  const made = await answered(() =>
    rest.issues.updateComment({ owner: repository.owner, repo: repository.name, comment_id: id, body }),
  )
  return made.ok ? { ok: true, value: { how: 'updated', url: made.value.html_url } } : made
}

function posted({ how, url }: Written, shortened: boolean): Posted {
  return { posted: true, how, url, shortened }
}

function refused({ status, why }: Answer<never> & { readonly ok: false }): Posted {
  const hint =
    status === 403 || status === 401
      ? ' (the token may not write here: forks have none that may, others need "pull-requests: write")'
      : ''
  return { posted: false, why: `${why}${hint}` }
}
