/** A list whose items say the same wherever they stand in it: two texts may be a name and its value. */
export function isList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && typeof value[0] !== 'string'
}

/** Text that begins and ends as JSON does: worth parsing. */
export function isJsonLike(text: string): boolean {
  const first = text.trimStart().charAt(0)
  if (first !== '{' && first !== '[' && first !== '"') return false
  const last = text.trimEnd().at(-1)
  return text.length > 5 && (last === '}' || last === ']' || (first === '"' && last === '"'))
}

/** Words of a sentence, as in a schema's description of a parameter called `token`. */
export function isProse(text: string): boolean {
  const words = text.trim().split(/\s+/, 40)
  return words.length >= 3 && words.every((word) => word.length < 24 && !/[0-9]/.test(word))
}
