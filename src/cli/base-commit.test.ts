import { describe, expect, it } from 'vitest'
import { baseCommit, filesOfCommit, pathInRepository } from './base-commit.ts'
import type { Git } from './git.ts'

const [head, mergeBase, first, second] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(40))

/** A git that knows what it is told, by the words it is asked with. */
function gitWith(known: Readonly<Record<string, string>>): { git: Git; asked: string[] } {
  const asked: string[] = []
  const git: Git = (args) => {
    const question = args.join(' ')
    asked.push(question)
    const out = known[question]
    return out === undefined ? { ok: false, why: 'fatal: not known' } : { ok: true, out: Buffer.from(out) }
  }
  return { git, asked }
}

const repository = {
  'rev-parse --verify HEAD': `${head}\n`,
  'rev-parse --show-prefix': 'apps/desk/\n',
  'cat-file commit HEAD': `tree x\nparent ${first}\nparent ${second}\nauthor A\n\nparent ${mergeBase}\n`,
  'merge-base refs/remotes/origin/main HEAD': `${mergeBase}\n`,
  [`cat-file -e ${mergeBase}^{tree}`]: '',
}
const of = (
  job: Parameters<typeof baseCommit>[1],
  known: Readonly<Record<string, string>> = repository,
): unknown => baseCommit(gitWith(known).git, job)

describe('the base of a change', () => {
  it('is the first parent of the merge that GitHub made of a pull request, though a shallow clone has no files of it', () => {
    const base = { known: true, sha: first, prefix: 'apps/desk/', isHere: false }
    expect(of({ kind: 'pull_request', baseRef: 'main', headSha: second })).toEqual(base)
    expect(of({ kind: 'merge_group', baseRef: 'main', headSha: head })).toEqual(base)
    expect(of({ kind: 'push', headSha: head })).toEqual(base)
  })

  it('is where the branch began where its head is checked out, also one that ends in a merge of its base', () => {
    const base = { known: true, sha: mergeBase, prefix: 'apps/desk/', isHere: true }
    expect(of({ kind: 'pull_request', baseRef: 'main', headSha: head })).toEqual(base)
    expect(of({ kind: 'none' })).toEqual(base)
  })

  it('is not known without a repository, a branch, or a clone that is deep enough', () => {
    expect(of({ kind: 'none' }, {})).toMatchObject({
      known: false,
      why: expect.stringContaining('git') as string,
    })
    const { 'merge-base refs/remotes/origin/main HEAD': _base, ...alone } = repository
    expect(of({ kind: 'none' }, alone)).toEqual({ known: false, why: 'no base branch is known here' })
    const shallow = { ...alone, 'rev-parse --is-shallow-repository': 'true\n' }
    expect(of({ kind: 'pull_request', baseRef: 'main' }, shallow)).toMatchObject({
      known: false,
      why: expect.stringContaining('fetch-depth: 0') as string,
    })
    const root = { ...repository, 'cat-file commit HEAD': 'tree x\nauthor A\n\nfirst\n' }
    expect(of({ kind: 'push' }, root)).toEqual({ known: false, why: 'the commit has no parent' })
  })

  it('asks for no branch that would be an option or a range', () => {
    for (const baseRef of ['--output=x', 'main..HEAD^{/x}', 'a b', '$(id)']) {
      const { git, asked } = gitWith(repository)
      baseCommit(git, { kind: 'pull_request', baseRef })
      expect(asked.filter((question) => question.includes(baseRef))).toEqual([])
    }
  })
})

describe('a file of a commit', () => {
  const base = { sha: mergeBase ?? '', prefix: 'apps/desk/' }
  const path = 'apps/desk/evals/a.baseline.json'
  const list = `--literal-pathspecs ls-tree -z --full-tree --name-only ${base.sha} -- ${path}`

  it('is its bytes, nothing where the commit has none, and not known where git fails', async () => {
    const blob = { [list]: `${path}\0`, [`cat-file blob ${base.sha}:${path}`]: '{}' }
    const read = (known: Readonly<Record<string, string>>): unknown =>
      filesOfCommit(gitWith(known).git, base)('evals/a.baseline.json')
    expect(await read(blob)).toEqual({ known: true, bytes: Buffer.from('{}') })
    expect(await read({ [list]: '' })).toEqual({ known: true, bytes: undefined })
    expect(await read({})).toEqual({ known: false, why: 'fatal: not known' })
    expect(await read({ [list]: `${path}\0` })).toEqual({ known: false, why: 'fatal: not known' })
  })

  it('lies within the repository', () => {
    expect(pathInRepository('apps/desk/', 'evals/a.json')).toBe('apps/desk/evals/a.json')
    expect(pathInRepository('apps/desk/', '../../evals/a.json')).toBe('evals/a.json')
    expect(pathInRepository('apps/', '../../evals/a.json')).toBeUndefined()
    expect(pathInRepository('', '/etc/passwd')).toBeUndefined()
  })
})
