import { describe, expect, it } from 'vitest'
import { packageManagerOf } from './package-manager.ts'

describe('packageManagerOf', () => {
  it.each([
    ['nothing at all', { lockFiles: [] }, 'npm', 'npm ci', 'npx'],
    ['npm’s lock file', { lockFiles: ['package-lock.json'] }, 'npm', 'npm ci', 'npx'],
    ['a shrinkwrap', { lockFiles: ['npm-shrinkwrap.json'] }, 'npm', 'npm ci', 'npx'],
    ['pnpm’s', { lockFiles: ['pnpm-lock.yaml'] }, 'pnpm', 'pnpm install --frozen-lockfile', 'pnpm exec'],
    ['bun’s', { lockFiles: ['bun.lock'] }, 'bun', 'bun install --frozen-lockfile', 'bunx'],
    ['bun’s old one', { lockFiles: ['bun.lockb'] }, 'bun', 'bun install --frozen-lockfile', 'bunx'],
    [
      'yarn 1’s',
      { lockFiles: ['yarn.lock'], yarnLock: '# yarn lockfile v1\n' },
      'yarn',
      'yarn install --frozen-lockfile',
      'yarn',
    ],
    [
      'a later yarn’s',
      { lockFiles: ['yarn.lock'], yarnLock: '__metadata:\n  version: 8\n' },
      'yarn',
      'yarn install --immutable',
      'yarn',
    ],
    ['the field', { field: 'yarn@4.6.0', lockFiles: [] }, 'yarn', 'yarn install --immutable', 'yarn'],
    [
      'an old one',
      { field: 'yarn@1.22.22', lockFiles: [] },
      'yarn',
      'yarn install --frozen-lockfile',
      'yarn',
    ],
    [
      'a field and another’s lock file: the field',
      { field: 'pnpm@10.2.0', lockFiles: ['package-lock.json'] },
      'pnpm',
      'pnpm install --frozen-lockfile',
      'pnpm exec',
    ],
    ['a field nobody knows', { field: 'cargo@1', lockFiles: [] }, 'npm', 'npm ci', 'npx'],
    [
      'what runs us',
      { lockFiles: [], userAgent: 'bun/1.2.0 node/v24' },
      'bun',
      'bun install --frozen-lockfile',
      'bunx',
    ],
    [
      'what runs us and a lock file: the file',
      { lockFiles: ['package-lock.json'], userAgent: 'pnpm/10.0.0 npm/? node/v24' },
      'npm',
      'npm ci',
      'npx',
    ],
    [
      'the nearest of several',
      { lockFiles: ['bun.lock', 'yarn.lock'] },
      'bun',
      'bun install --frozen-lockfile',
      'bunx',
    ],
  ] as const)('%s', (_, signs, name, frozenInstall, run) => {
    expect(packageManagerOf(signs)).toMatchObject({ name, frozenInstall, run })
  })

  it('says what it saw', () => {
    expect(packageManagerOf({ lockFiles: [] }).seen).toBe('the default')
    expect(packageManagerOf({ lockFiles: ['yarn.lock'] }).seen).toBe('yarn.lock')
    expect(packageManagerOf({ lockFiles: [], field: 'bun@1' }).seen).toBe('packageManager in package.json')
    expect(packageManagerOf({ lockFiles: [], userAgent: 'pnpm/10' }).seen).toBe('what runs this')
  })

  it('names pnpm’s version only where the project does not: the action refuses two', () => {
    expect(packageManagerOf({ lockFiles: ['pnpm-lock.yaml'] }).setup.join('\n')).toContain('version: 10')
    expect(packageManagerOf({ lockFiles: [], field: 'pnpm@10.2.0' }).setup).toEqual([
      '- uses: pnpm/action-setup@v4',
    ])
  })
})
