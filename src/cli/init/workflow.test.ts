import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { packageManagerOf } from './package-manager.ts'
import { workflowText } from './workflow.ts'

interface Workflow {
  readonly name: string
  readonly on: { readonly push: { readonly branches: readonly string[] }; readonly pull_request: null }
  readonly permissions: unknown
  readonly concurrency: { readonly group: string }
  readonly jobs: { readonly evals: { readonly steps: readonly Readonly<Record<string, unknown>>[] } }
}

const npm = packageManagerOf({ lockFiles: ['package-lock.json'] })
const alone = { packageManager: npm, branch: 'main', within: '', installIn: '' }

function workflow(facts: Partial<Parameters<typeof workflowText>[0]>): Workflow {
  return parse(workflowText({ ...alone, ...facts })) as Workflow
}

describe('workflowText', () => {
  it('installs and runs, and may only read', () => {
    const { name, on, permissions, jobs } = workflow({})
    expect(name).toBe('evalkit')
    expect(on).toEqual({ push: { branches: ['main'] }, pull_request: null })
    expect(permissions).toEqual({ contents: 'read' })
    expect(jobs.evals.steps.map((step) => step.uses ?? step.run)).toEqual([
      'actions/checkout@v5',
      'actions/setup-node@v5',
      'npm ci',
      'npx evalkit run',
    ])
    expect(jobs.evals.steps[1]).toMatchObject({ with: { 'node-version': '24' } })
  })

  it.each([
    [
      { lockFiles: ['pnpm-lock.yaml'] },
      ['pnpm/action-setup@v4', 'pnpm install --frozen-lockfile', 'pnpm exec evalkit run'],
    ],
    [
      { lockFiles: ['bun.lock'] },
      ['oven-sh/setup-bun@v2', 'bun install --frozen-lockfile', 'bunx evalkit run'],
    ],
    [
      { lockFiles: [], field: 'yarn@4.6.0' },
      ['corepack enable', 'yarn install --immutable', 'yarn evalkit run'],
    ],
  ])('speaks to the package manager that is there: %j', (signs, expected) => {
    const { jobs } = workflow({ packageManager: packageManagerOf(signs) })
    expect(jobs.evals.steps.slice(2).map((step) => step.uses ?? step.run)).toEqual(expected)
  })

  it('in a package of a repository: installs where the lock file is, runs where the evals are', () => {
    const { name, jobs } = workflow({ within: 'packages/shop', installIn: '' })
    expect(name).toBe('evalkit packages/shop')
    expect(jobs.evals.steps.slice(-2)).toEqual([
      { run: 'npm ci' },
      { run: 'npx evalkit run', 'working-directory': 'packages/shop' },
    ])
    const own = workflow({ within: 'packages/shop', installIn: 'packages/shop' })
    expect(own.jobs.evals.steps.at(-2)).toEqual({ run: 'npm ci', 'working-directory': 'packages/shop' })
  })

  it.each(['a: b', '# x', '"quoted"', 'ünï', "it's", '- x', 'a\tb'])(
    'stays one value, whatever the folder is called: %j',
    (within) => {
      const { jobs } = workflow({ within })
      expect(jobs.evals.steps.at(-1)).toEqual({ run: 'npx evalkit run', 'working-directory': within })
    },
  )
})
