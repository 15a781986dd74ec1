import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checks } from '../src/score/checks/index.ts'
import { checksFile, checksPage } from './docs-checks.ts'

describe('docs/checks.md', () => {
  it('says what the definitions say (UPDATE=1 renews it)', () => {
    const page = checksPage()
    if (process.env.UPDATE === '1') writeFileSync(checksFile, page)
    expect(readFileSync(checksFile, 'utf8')).toBe(page)
  })

  it('has a section for each check', () => {
    const sections = [...checksPage().matchAll(/^### (.*)$/gm)].map((match) => match[1])
    expect(new Set(sections)).toEqual(new Set(Object.keys(checks)))
    expect(sections).toHaveLength(Object.keys(checks).length)
  })
})
