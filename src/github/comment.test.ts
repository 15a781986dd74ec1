import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { openGithub } from './client.ts'
import { postComment, type Posted, type StickyComment } from './comment.ts'
import { contextOf, type GithubContext } from './context.ts'
import { pullRequestOf } from './pull-request.ts'
import { GithubServer, type Refusal } from './testing/github-server.ts'

const marker = '<!-- evalkit:report suite=desk -->'
const sticky: StickyComment = {
  repository: { owner: 'acme', name: 'desk' },
  pullRequest: 7,
  marker,
  body: `### ✅ PASS\n\n${marker}\n`,
  shorter: `short\n\n${marker}\n`,
}

let server: GithubServer
let waits: number[]
const noon = 1_800_000_000_000

beforeEach(async () => {
  server = await GithubServer.start()
  waits = []
})
afterEach(() => server.close())

async function post(change: Partial<StickyComment> = {}): Promise<Posted> {
  const github = await openGithub({
    token: 'ghs_x',
    apiUrl: server.url,
    fetch,
    now: () => noon,
    sleep: (ms) => {
      waits.push(ms)
      return Promise.resolve()
    },
  })
  return postComment(github, { ...sticky, ...change })
}

/** The bodies that bear the marker, by whoever wrote them. */
function marked(): readonly string[] {
  return server.comments.filter(({ body }) => body.includes(marker)).map(({ body }) => body)
}

describe('one comment', () => {
  it('is made where there is none, and written anew in place from then on', async () => {
    server.fill(3)
    const made = await post()
    expect(made).toEqual({
      posted: true,
      how: 'created',
      url: 'https://github.example/acme/desk/pull/7#issuecomment-1003',
      shortened: false,
    })
    expect(await post({ body: `### ❌ FAIL\n\n${marker}\n` })).toMatchObject({
      how: 'updated',
      shortened: false,
    })
    expect(marked()).toEqual([`### ❌ FAIL\n\n${marker}\n`])
  })

  it('is found where it is the 121st', async () => {
    server.fill(120)
    server.add('github-actions[bot]', `old\n\n${marker}`)
    server.fill(200)
    expect(await post()).toMatchObject({ posted: true, how: 'updated' })
    expect(server.comments).toHaveLength(321)
    expect(server.comments[120]?.body).toBe(sticky.body)
  })

  it('is not one that somebody else wrote, that quotes the marker, or that is of another suite', async () => {
    server.add('mallory', `hand over\n${marker}`)
    server.add('github-actions[bot]', `> ${marker}\nquoted`)
    server.add('github-actions[bot]', `other\n<!-- evalkit:report suite=desk-2 -->`)
    expect(await post()).toMatchObject({ how: 'created' })
    expect(await post()).toMatchObject({ how: 'updated' })
    expect(server.comments).toHaveLength(4)
    expect(server.comments[0]?.body).toContain('hand over')
  })

  it('is of whoever the token belongs to, where that is said', async () => {
    server.login = 'desk-app[bot]'
    await post({ author: 'desk-app[bot]' })
    expect(await post({ author: 'desk-app[bot]' })).toMatchObject({ how: 'updated' })
    expect(server.comments).toHaveLength(1)
  })

  it('is made again where it is deleted between being found and being written', async () => {
    const old = server.add('github-actions[bot]', `old\n${marker}`)
    server.refuse = ({ method }) => {
      if (method === 'PATCH') server.comments.splice(server.comments.indexOf(old), 1)
      return undefined
    }
    expect(await post()).toMatchObject({ posted: true, how: 'created' })
  })
})

describe('what GitHub does not take', () => {
  it('is said shorter where it is too long', async () => {
    expect(await post({ body: `${'x'.repeat(65_537)}\n${marker}` })).toMatchObject({
      posted: true,
      shortened: true,
    })
    expect(marked()).toEqual([sticky.shorter])
  })

  it('is not posted where even that is too long', async () => {
    const long = `${'x'.repeat(65_537)}\n${marker}`
    expect(await post({ body: long, shorter: long })).toMatchObject({
      posted: false,
      why: expect.stringContaining('body is too long') as string,
    })
  })

  it('is not posted with a token that only reads', async () => {
    server.refuse = ({ method }) =>
      method === 'POST' ? { status: 403, message: 'Resource not accessible by integration' } : undefined
    expect(await post()).toEqual({
      posted: false,
      why: 'GitHub said 403: Resource not accessible by integration (the token may not write here: forks have none that may, others need "pull-requests: write")',
    })
    expect(waits).toEqual([])
    expect(server.requests).toHaveLength(2)
  })

  it.each([401, 404, 410])('is not posted where GitHub says %i', async (status) => {
    server.refuse = () => ({ status, message: 'gone\u001b[31m' })
    expect(await post()).toMatchObject({
      posted: false,
      why: expect.stringContaining(`${status}: gone`) as string,
    })
    expect(server.requests).toHaveLength(1)
  })
})

describe('a GitHub in a mood', () => {
  it('is waited for as long as it asks for, where it limits the rate', async () => {
    const limits: Refusal[] = [
      { status: 403, message: 'You have exceeded a secondary rate limit.', headers: { 'retry-after': '7' } },
      {
        status: 429,
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(noon / 1_000 + 20) },
      },
      { status: 403, message: 'You have exceeded a secondary rate limit.' },
    ]
    server.refuse = ({ method, before }) => (method === 'POST' ? limits[before] : undefined)
    expect(await post()).toMatchObject({ posted: true, how: 'created' })
    expect(waits).toEqual([7_000, 21_000, 60_000])
  })

  it('is not waited for beyond two minutes', async () => {
    server.refuse = () => ({ status: 429, headers: { 'retry-after': '3600' } })
    expect(await post()).toMatchObject({ posted: false })
    expect(waits).toEqual([])
  })

  it('is asked again where the network falters', async () => {
    server.refuse = ({ method, before }) =>
      method === 'GET' && before < 2 ? { status: 502, ...(before === 0 ? { cut: 'before' } : {}) } : undefined
    expect(await post()).toMatchObject({ posted: true, how: 'created' })
    expect(waits).toEqual([1_000, 2_000])
  })

  it('gets no second comment where the answer to the first was lost', async () => {
    server.refuse = ({ method, before }) =>
      method === 'POST' && before === 0 ? { status: 0, cut: 'after' } : undefined
    expect(await post()).toMatchObject({ posted: true, how: 'updated' })
    expect(marked()).toHaveLength(1)
  })

  it('is given up where it is gone', async () => {
    server.refuse = () => ({ status: 0, cut: 'before' })
    expect(await post()).toMatchObject({
      posted: false,
      why: expect.stringMatching(/^GitHub could not be reached: /) as string,
    })
    expect(server.requests).toHaveLength(4)
  })
})

describe('the pull request', () => {
  const sha = 'a'.repeat(40)
  const run: GithubContext = contextOf(
    { GITHUB_EVENT_NAME: 'workflow_run', GITHUB_TOKEN: 'ghs_x' },
    {
      repository: { full_name: 'acme/desk' },
      workflow_run: {
        head_sha: sha,
        head_branch: 'fix',
        event: 'pull_request',
        head_repository: { full_name: 'stranger/desk' },
      },
    },
  )

  async function numberOf(context: GithubContext): Promise<unknown> {
    const github = await openGithub({
      token: 'ghs_x',
      apiUrl: `${server.url}/`,
      fetch,
      now: () => noon,
      sleep: () => Promise.resolve(),
    })
    return pullRequestOf(github, context)
  }

  it('of a workflow_run is the one whose head is the very commit', async () => {
    server.pulls.push(
      { number: 8, head: { sha: 'b'.repeat(40), label: 'stranger:fix' } },
      { number: 9, head: { sha, label: 'stranger:fix' } },
      { number: 10, head: { sha, label: 'mallory:fix' } },
    )
    expect(await numberOf(run)).toEqual({ ok: true, value: 9 })
  })

  it('is none where the branch went on, or where two could be meant', async () => {
    server.pulls.push({ number: 8, head: { sha: 'b'.repeat(40), label: 'stranger:fix' } })
    expect(await numberOf(run)).toEqual({ ok: true, value: undefined })
    server.pulls.push(
      { number: 9, head: { sha, label: 'stranger:fix' } },
      { number: 11, head: { sha, label: 'stranger:fix' } },
    )
    expect(await numberOf(run)).toEqual({ ok: true, value: undefined })
  })

  it('of an event that names it is not asked for', async () => {
    const { kind: _kind, ...rest } = run
    expect(await numberOf({ ...rest, kind: 'pull_request', pullRequest: 7 })).toEqual({ ok: true, value: 7 })
    expect(server.requests).toEqual([])
  })
})

describe('where it asks', () => {
  it("is GitHub's own API, as evalkit and with the token, where nothing else is said", async () => {
    const seen: Request[] = []
    const world = setupServer(
      http.all('https://api.github.com/*', ({ request }) => {
        seen.push(request)
        return HttpResponse.json({ message: 'Bad credentials' }, { status: 401 })
      }),
    )
    world.listen({ onUnhandledFrame: 'error' })
    try {
      const github = await openGithub({
        token: 'ghs_x',
        apiUrl: undefined,
        fetch: globalThis.fetch,
        now: () => noon,
        sleep: () => Promise.resolve(),
      })
      expect(await postComment(github, sticky)).toMatchObject({ posted: false })
    } finally {
      world.close()
    }
    expect(seen.map(({ url }) => url)).toEqual([
      'https://api.github.com/repos/acme/desk/issues/7/comments?per_page=100&page=1',
    ])
    expect(seen[0]?.headers.get('authorization')).toBe('token ghs_x')
    expect(seen[0]?.headers.get('user-agent')).toMatch(/^evalkit/)
  })
})

describe('without the package of its client', () => {
  it('says what to install', async () => {
    vi.resetModules()
    vi.doMock('@octokit/rest', () => {
      throw new Error("Cannot find package '@octokit/rest'")
    })
    try {
      const { openGithub: open } = await import('./client.ts')
      const access = { token: 't', apiUrl: undefined, fetch, now: () => noon, sleep: () => Promise.resolve() }
      await expect(open(access)).rejects.toMatchObject({
        code: 'EVK_GITHUB_SDK',
        hint: 'npm install --save-dev @octokit/rest',
      })
    } finally {
      vi.doUnmock('@octokit/rest')
      vi.resetModules()
    }
  })
})
