import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rules, treeOf } from './house/rules.ts'
import { readTree } from './house/tree.ts'

const house = treeOf(readTree(dirname(import.meta.dirname)))

describe('the house', () => {
  it('is read at all', () => {
    expect(house.sources.length).toBeGreaterThan(20)
    expect(house.sources.flatMap(({ imports }) => imports).length).toBeGreaterThan(40)
  })

  it.each(rules)('$name', ({ find, mend }) => {
    expect(complaint(find(house), mend)).toBe('')
  })
})

describe('each rule can fail', () => {
  it.each(rules)('$name', ({ find, broken }) => {
    expect(find(treeOf(new Map(Object.entries(broken.files))))).toEqual(broken.found)
  })
})

/** What is wrong and how to mend it, or nothing. */
function complaint(found: readonly string[], mend: string): string {
  return found.length === 0 ? '' : [...found, `hint  ${mend}`].join('\n')
}
