import { sha256 } from './hash.ts'

const longest = 64

/**
 * A name that is safe as an identity and as a file name: lower case, `[a-z0-9._-]`, at most 64 characters. What
 * says something else than its slug gets six digits of its hash, so that two texts never share a name by accident.
 */
export function slugOf(text: string): string {
  const plain = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9._]+/g, '-')
    .replace(/^[-._]+|[-._]+$/g, '')
  // Case and spaces are told apart by nobody; anything else that was lost is.
  const faithful = plain === text.toLowerCase().trim().replace(/\s+/g, '-')
  if (plain !== '' && faithful && plain.length <= longest) return plain
  const digits = sha256(text).slice(0, 6)
  const head = plain.slice(0, longest - 7).replace(/[-._]+$/, '')
  return head === '' ? digits : `${head}-${digits}`
}
