import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openGithub } from './client.ts'
import { postComment, type Posted } from './comment.ts'
import { contextFrom } from './context.ts'
import { pullRequestOf } from './pull-request.ts'
import { GithubServer, type Refusal } from './testing/github-server.ts'

/** The whole way, from the environment of a job to what stands in the pull request, with GitHub's own client and address. */

const sha = 'a'.repeat(40)
const marker = '<!-- evalkit:report suite=desk -->'
const repository = { full_name: 'acme/desk' }
const head = (repo: string | undefined): object => ({
  sha,
  repo: repo === undefined ? null : { full_name: repo },
})
const pull = (repo?: string): object => ({
  repository,
  pull_request: { number: 7, head: head(repo), base: { ref: 'main' } },
})
const runOf = (more: object = {}): object => ({
  repository,
  workflow_run: {
    head_sha: sha,
    head_branch: 'fix',
    event: 'pull_request',
    head_repository: { full_name: 'stranger/desk' },
    ...more,
  },
})

let github = new GithubServer()
let folder = ''
let waits: number[] = []
const world = setupServer(
  http.all('https://api.github.com/*', async ({ request }) => {
    const done = github.respond(request.method, new URL(request.url), await request.text())
    if (done === 'cut') return HttpResponse.error()
    return HttpResponse.json(done.data as Record<string, string>, {
      status: done.status,
      headers: done.headers ?? {},
    })
  }),
)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'event-'))
  world.listen({ onUnhandledFrame: 'error' })
})
afterAll(() => {
  world.close()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  github = new GithubServer()
  github.pulls.push({ number: 7, head: { sha, label: 'stranger:fix' } })
  waits = []
})
afterEach(() => world.resetHandlers())

type Told = Posted | { readonly posted: false; readonly why: string; readonly kind: string }

async function tell(
  name: string,
  event: object | undefined,
  more: Record<string, string> = {},
): Promise<Told> {
  const path = join(folder, event === undefined ? 'none.json' : 'event.json')
  if (event !== undefined) writeFileSync(path, JSON.stringify(event))
  const env = {
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: name,
    GITHUB_EVENT_PATH: path,
    GITHUB_TOKEN: 'ghs_x',
    ...more,
  }
  const context = contextFrom(env)
  const { kind, mayWrite, repository: of, why = 'the token may not write' } = context
  if (!mayWrite || of === undefined || (kind !== 'pull_request' && kind !== 'workflow_run')) {
    return { posted: false, why, kind }
  }
  const client = await openGithub({
    token: env.GITHUB_TOKEN,
    apiUrl: undefined,
    fetch: globalThis.fetch,
    now: () => 0,
    sleep: (ms) => Promise.resolve(void waits.push(ms)),
  })
  const found = await pullRequestOf(client, context)
  if (!found.ok) return { posted: false, why: found.why, kind }
  if (found.value === undefined) return { posted: false, why: 'none', kind }
  return postComment(client, {
    repository: of,
    pullRequest: found.value,
    marker,
    body: `### PASS\n\n${marker}\n`,
    shorter: `short\n\n${marker}\n`,
  })
}

/** A refusal for each time a method is used. */
const inTurn =
  (method: string, ...refusals: readonly (Refusal | undefined)[]) =>
  (request: { readonly method: string; readonly before: number }): Refusal | undefined =>
    request.method === method ? refusals[request.before] : undefined

describe('from an event to a comment', () => {
  it('of a pull request', async () => {
    expect(await tell('pull_request', pull('acme/desk'))).toMatchObject({ posted: true, how: 'created' })
    expect(await tell('pull_request', pull('acme/desk'))).toMatchObject({ posted: true, how: 'updated' })
    expect(github.comments).toHaveLength(1)
  })

  it('of a workflow_run: the pull request whose head is the commit', async () => {
    expect(await tell('workflow_run', runOf())).toMatchObject({ posted: true })
    expect(github.requests[0]).toBe('GET /repos/acme/desk/pulls?state=open&head=stranger%3Afix&per_page=100')
    for (const [more, why] of [
      [{ head_sha: 'b'.repeat(40) }, 'none'],
      [{ head_repository: { full_name: 'mallory/desk' } }, 'none'],
      [{ head_repository: null }, 'none'],
    ] as const) {
      expect(await tell('workflow_run', runOf(more))).toMatchObject({ posted: false, why })
    }
    expect(github.comments).toHaveLength(1)
  })

  it.each<[string, string, object, Record<string, string>]>([
    ['a fork', 'pull_request', pull('stranger/desk'), {}],
    ['a fork that is gone', 'pull_request', pull(), {}],
    ['Dependabot', 'pull_request', pull('acme/desk'), { GITHUB_ACTOR: 'dependabot[bot]' }],
    ['a job without a token', 'pull_request', pull('acme/desk'), { GITHUB_TOKEN: '' }],
    ['a push', 'push', { repository, after: sha }, {}],
    [
      'a merge group',
      'merge_group',
      { repository, merge_group: { head_sha: sha, base_ref: 'refs/heads/main' } },
      {},
    ],
    ['pull_request_target', 'pull_request_target', pull('stranger/desk'), {}],
  ])('never of %s, and GitHub is not asked', async (_, name, event, more) => {
    expect(await tell(name, event, more)).toMatchObject({ posted: false })
    expect(github.requests).toEqual([])
  })

  it('never where the event file is missing', async () => {
    await expect(tell('pull_request', undefined)).rejects.toMatchObject({ code: 'EVK_GITHUB_EVENT' })
  })

  it('that is the 121st', async () => {
    github.fill(120)
    github.add('github-actions[bot]', `old\n${marker}`)
    expect(await tell('pull_request', pull('acme/desk'))).toMatchObject({ posted: true, how: 'updated' })
    expect([github.comments.length, github.comments[120]?.body]).toEqual([121, `### PASS\n\n${marker}\n`])
  })

  it.each([403, 404])('that GitHub refuses with %i is not tried again', async (status) => {
    github.refuse = inTurn('POST', { status, message: 'no' })
    expect(await tell('pull_request', pull('acme/desk'))).toMatchObject({
      posted: false,
      why: expect.stringContaining(`GitHub said ${status}: no`) as string,
    })
    expect([github.requests.length, waits]).toEqual([2, []])
  })

  it('that is too long is said shorter', async () => {
    github.refuse = inTurn('POST', { status: 422, message: 'Validation Failed: body is too long' })
    expect(await tell('pull_request', pull('acme/desk'))).toMatchObject({ posted: true, shortened: true })
    expect(github.comments[0]?.body).toBe(`short\n\n${marker}\n`)
  })

  it('waits for a secondary rate limit', async () => {
    const limit = { status: 403, message: 'You have exceeded a secondary rate limit' }
    github.refuse = inTurn('POST', { ...limit, headers: { 'retry-after': '3' } }, limit)
    expect(await tell('pull_request', pull('acme/desk'))).toMatchObject({ posted: true })
    expect(waits).toEqual([3_000, 60_000])
  })

  it('survives a network that falters, and is never there twice', async () => {
    const cut = (at: 'before' | 'after'): Refusal => ({ status: 0, cut: at })
    github.refuse = (request) =>
      inTurn('GET', cut('before'), { status: 502 })(request) ?? inTurn('POST', cut('after'))(request)
    expect(await tell('pull_request', pull('acme/desk'))).toMatchObject({ posted: true, how: 'updated' })
    expect(github.comments).toHaveLength(1)
  })
})
