import { contentHash } from '../../lib/hash.ts'
import { slugOf } from '../../lib/slug.ts'

/**
 * Ids for cases that come without: of what they are called, else of what they ask, so that they stay the same wherever
 * in the file a case stands. Two that would be called the same are told apart by their order.
 */
export function caseIds(prefix: string): (name: string | undefined, asked: unknown) => string {
  const given = new Map<string, number>()
  return (name, asked) => {
    const slug = name === undefined || name.trim() === '' ? '' : slugOf(name.slice(0, 500))
    const id = slug === '' ? `${prefix}-${contentHash(asked).slice(0, 8)}` : slug
    const before = given.get(id) ?? 0
    given.set(id, before + 1)
    if (before === 0) return id
    const numbered = `${id}-${before + 1}`
    given.set(numbered, (given.get(numbered) ?? 0) + 1)
    return numbered
  }
}
