import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contextFrom, contextOf } from './context.ts'

const sha = 'a'.repeat(40)
const repository = { full_name: 'acme/desk', private: false }
const own = { full_name: 'acme/desk' }
const env = { GITHUB_ACTIONS: 'true', GITHUB_TOKEN: 'ghs_x', GITHUB_SHA: 'f'.repeat(40) }

function pull(head: object): object {
  return {
    repository,
    pull_request: { number: 7, head: { sha, ref: 'fix', ...head }, base: { ref: 'main' } },
  }
}

describe('what a job runs for', () => {
  it('is a pull request and its own head, not the merge commit of GITHUB_SHA', () => {
    expect(contextOf({ ...env, GITHUB_EVENT_NAME: 'pull_request' }, pull({ repo: own }))).toEqual({
      kind: 'pull_request',
      repository: { owner: 'acme', name: 'desk' },
      pullRequest: 7,
      headSha: sha,
      baseRef: 'main',
      isFork: false,
      mayWrite: true,
    })
  })

  it.each([
    ['of a fork', { repo: { full_name: 'stranger/desk' } }, {}, true],
    ['of a fork that is gone', { repo: null }, {}, true],
    ['of Dependabot', { repo: own }, { GITHUB_ACTOR: 'dependabot[bot]' }, false],
    ['without a token', { repo: own }, { GITHUB_TOKEN: '' }, false],
  ])('may not write for a pull request %s', (_, head, more, isFork) => {
    const context = contextOf({ ...env, ...more, GITHUB_EVENT_NAME: 'pull_request' }, pull(head))
    expect(context).toMatchObject({ kind: 'pull_request', isFork, mayWrite: false })
  })

  it('is a push: no pull request', () => {
    const context = contextOf(
      { ...env, GITHUB_EVENT_NAME: 'push' },
      { repository, after: sha, ref: 'refs/heads/main' },
    )
    expect(context).toMatchObject({ kind: 'push', headSha: sha, mayWrite: true })
    expect(context).not.toHaveProperty('pullRequest')
  })

  it('is a merge group, with the branch it goes into', () => {
    const group = {
      head_sha: sha,
      head_ref: 'refs/heads/gh-readonly-queue/main/pr-7-abc',
      base_ref: 'refs/heads/main',
    }
    const context = contextOf(
      { ...env, GITHUB_EVENT_NAME: 'merge_group' },
      { repository, merge_group: group },
    )
    expect(context).toMatchObject({ kind: 'merge_group', headSha: sha, baseRef: 'main' })
    expect(context).not.toHaveProperty('pullRequest')
  })

  it('is a workflow_run of a fork, whose pull request is not believed but asked for', () => {
    const run = {
      head_sha: sha,
      head_branch: 'fix',
      event: 'pull_request',
      head_repository: { full_name: 'stranger/desk' },
      pull_requests: [{ number: 66 }],
    }
    const context = contextOf(
      { ...env, GITHUB_EVENT_NAME: 'workflow_run' },
      { repository, workflow_run: run },
    )
    expect(context).toMatchObject({
      kind: 'workflow_run',
      headSha: sha,
      head: { owner: 'stranger', branch: 'fix' },
      isFork: true,
      mayWrite: true,
    })
    expect(context).not.toHaveProperty('pullRequest')
  })

  it.each(['pull_request_target', 'schedule', 'issue_comment', ''])('is nothing of ours for "%s"', (name) => {
    const context = contextOf({ ...env, GITHUB_EVENT_NAME: name }, pull({ repo: own }))
    expect(context).toMatchObject({ kind: 'none', mayWrite: false })
  })

  it.each([
    [
      'a number that is a text',
      { repository, pull_request: { number: '7', head: { sha }, base: { ref: 'main' } } },
    ],
    ['a commit that is none', pull({ sha: 'HEAD; rm -rf /', repo: own })],
    ['a repository with a path', { ...pull({ repo: own }), repository: { full_name: 'acme/../../x' } }],
    ['nothing', undefined],
  ])('is an error for %s', (_, event) => {
    expect(() => contextOf({ ...env, GITHUB_EVENT_NAME: 'pull_request' }, event)).toThrow(
      expect.objectContaining({ code: 'EVK_GITHUB_EVENT', exit: 4 }) as Error,
    )
  })
})

describe('the event file', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'github-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function eventFile(text: string): string {
    const path = join(folder, 'event.json')
    writeFileSync(path, text)
    return path
  }

  it('is read where GitHub runs us, and only there', () => {
    const GITHUB_EVENT_PATH = eventFile(JSON.stringify(pull({ repo: own })))
    const here = { ...env, GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH }
    expect(contextFrom(here)).toMatchObject({ kind: 'pull_request', pullRequest: 7 })
    expect(contextFrom({ ...here, GITHUB_ACTIONS: undefined })).toMatchObject({ kind: 'none' })
    expect(contextFrom({})).toEqual({
      kind: 'none',
      why: 'this is not a job of GitHub Actions',
      isFork: false,
      mayWrite: false,
    })
  })

  it('is not needed for an event that is of no pull request', () => {
    expect(contextFrom({ ...env, GITHUB_EVENT_NAME: 'schedule' })).toMatchObject({ kind: 'none' })
  })

  it.each([
    ['missing', '/does/not/exist.json', /cannot be read/],
    ['not named', undefined, /not set/],
    ['cut off', '{"repository": {', /no JSON/],
    ['hostile', '{"__proto__": {"x": 1}}', /no JSON/],
    ['another event', '{"zen": "Keep it logically awesome."}', /is not the event/],
  ])('is an error where it is %s', (what, given, message) => {
    const isText = given?.startsWith('{') === true
    const GITHUB_EVENT_PATH = isText ? eventFile(given) : given
    expect(() => contextFrom({ ...env, GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH })).toThrow(
      expect.objectContaining({
        code: 'EVK_GITHUB_EVENT',
        message: expect.stringMatching(message) as string,
      }) as Error,
    )
    expect(what).not.toBe('')
  })
})
