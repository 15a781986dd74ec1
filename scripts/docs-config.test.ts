import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { configKeys } from '../src/config/config.ts'
import { configFile, configPage } from './docs-config.ts'

describe('docs/config.md', () => {
  it('says what the keys say (UPDATE=1 renews it)', () => {
    const page = configPage()
    if (process.env.UPDATE === '1') writeFileSync(configFile, page)
    expect(readFileSync(configFile, 'utf8')).toBe(page)
  })

  it('has a row for each key', () => {
    const rows = [...configPage().matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1])
    expect(rows).toEqual(configKeys().map(({ name }) => name))
  })
})
