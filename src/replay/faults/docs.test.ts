import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { faultWord } from '../../schema/fault.ts'
import { faults } from './kinds/index.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/faults.md'), 'utf8')

it('the page tells each fault, in its own words and in the order of a matrix', () => {
  const rows = [...page.matchAll(/^\| `([a-z-]+)`[^|]*\| ([^|]*) \|$/gm)].map(([, name, told]) => ({
    name,
    told,
  }))
  const known = faults.map(({ name, description }) => ({ name, told: description }))
  expect(rows).toEqual(expect.arrayContaining(known))
  const names = new Set(known.map(({ name }) => name))
  expect(rows.filter(({ name }) => name !== undefined && names.has(name))).toEqual(known)
})

it('the page tells each word of a verdict', () => {
  for (const word of faultWord.options) expect(page).toMatch(new RegExp(`^\\| \`${word}\` \\| `, 'm'))
})
