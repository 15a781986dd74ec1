import { describe, expect, it } from 'vitest'
import type { Github } from './client.ts'
import { filesOf } from './file-at.ts'

const repository = { owner: 'acme', name: 'desk' }
const commit = 'a'.repeat(40)

/** A GitHub that has one file, and refuses with a status what it is told to. */
function githubWith(refused: { readonly commit?: number; readonly content?: number } = {}): {
  github: Github
  asked: string[]
} {
  const asked: string[] = []
  const refuse = (status: number): never => {
    throw Object.assign(new Error('Not Found'), { status, response: { headers: {} } })
  }
  const rest = {
    git: {
      getCommit: async ({ commit_sha: sha }: { commit_sha: string }) => {
        asked.push(`commit ${sha.slice(0, 4)}`)
        return refused.commit === undefined ? { data: {} } : refuse(refused.commit)
      },
    },
    repos: {
      getContent: async ({ path, ref, mediaType }: { path: string; ref: string; mediaType: object }) => {
        asked.push(`${path} at ${ref.slice(0, 4)} ${JSON.stringify(mediaType)}`)
        if (path === 'folder') return { data: [] }
        if (path === 'bytes') return { data: new Uint8Array([1, 2]).buffer }
        return path === 'here' && refused.content === undefined
          ? { data: 'ä\n' }
          : refuse(refused.content ?? 404)
      },
    },
  }
  return { github: { rest } as unknown as Github, asked }
}

describe('files of a commit', () => {
  it('are their bytes, or nothing where the commit has none, and the commit is asked for once', async () => {
    const { github, asked } = githubWith()
    const fileAt = filesOf(github, repository, commit)
    expect(await fileAt('here')).toEqual({ ok: true, value: new TextEncoder().encode('ä\n') })
    expect(await fileAt('bytes')).toEqual({ ok: true, value: new Uint8Array([1, 2]) })
    expect(await fileAt('gone')).toEqual({ ok: true, value: undefined })
    expect(asked.map((one) => one.split(' ')[0])).toEqual(['commit', 'here', 'bytes', 'gone'])
    expect(asked[1]).toBe('here at aaaa {"format":"raw"}')
  })

  it('are not nothing where the token may not see the commit', async () => {
    const { github, asked } = githubWith({ commit: 404 })
    expect(await filesOf(github, repository, commit)('here')).toMatchObject({ ok: false, status: 404 })
    expect(asked).toHaveLength(1)
  })

  it('are refused as GitHub refuses, and a folder is no file', async () => {
    const refused = await filesOf(githubWith({ content: 403 }).github, repository, commit)('here')
    expect(refused).toMatchObject({ ok: false, status: 403 })
    const folder = await filesOf(githubWith().github, repository, commit)('folder')
    expect(folder).toMatchObject({ ok: false, why: 'GitHub did not send a file' })
  })
})
