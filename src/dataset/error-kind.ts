import { canonicalJson } from '../lib/json.ts'
import type { Json } from '../schema/json.ts'

/** UTF-16 units of an error's text that are looked at, and those that are kept of it. */
const looked = 2000
const kept = 100

/**
 * What kind of error a text tells of: the same text for errors that differ only in numbers, ids, quoted values, addresses
 * and case. Heuristic: what it takes for a value is a value in the errors of the tools we know; two kinds that differ in
 * nothing but such a thing become one.
 */
export function errorKind(response: Json): string {
  const text = messageIn(response).slice(0, looked).toLowerCase()
  const plain = text
    .replace(/https?:\/\/[^\s"'<>]{1,500}/g, '<url>')
    .replace(/[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}/g, '<email>')
    .replace(/"[^"\n]{0,200}"|`[^`\n]{0,200}`|(?<![\w])'[^'\n]{0,200}'(?![\w])/g, '<text>')
    // A word with a digit in it is an id, a time or a number.
    .replace(/[\w#$.:/-]{0,64}\d[\w.:/-]{0,64}/g, '<n>')
    .replace(/(?:<n>[\s,;]{0,3}){2,}/g, '<n> ')
    .replace(/\s+/g, ' ')
    .trim()
  return plain.length <= kept ? plain : `${plain.slice(0, kept - 1).toWellFormed()}…`
}

/** The words in an error: its message where it is an object with one, else all of it. */
function messageIn(response: Json): string {
  if (typeof response === 'string') return response
  if (typeof response === 'object' && response !== null && !Array.isArray(response)) {
    const members = response as { readonly [key: string]: Json | undefined }
    for (const key of ['error', 'message', 'detail', 'details']) {
      const said = Object.hasOwn(members, key) ? members[key] : undefined
      if (typeof said === 'string') return said
      if (typeof said === 'object' && said !== null) return messageIn(said)
    }
  }
  return canonicalJson(response)
}
