/**
 * What was found in texts seen lately: every call of a conversation repeats all that was said before. Two generations
 * of at most `budget` characters each; what is not asked for while one fills up is forgotten.
 */
export interface TextCache<T> {
  readonly get: (text: string) => T | undefined
  readonly set: (text: string, value: T) => void
}

/** Shorter texts are looked through as quickly as they are looked up. */
const shortest = 10

export function textCache<T>(budget: number): TextCache<T> {
  let young = new Map<string, T>()
  let old = new Map<string, T>()
  let size = 0
  const set = (text: string, value: T): void => {
    if (text.length < shortest || text.length > budget / 4) return
    if (size + text.length > budget) {
      old = young
      young = new Map()
      size = 0
    }
    young.set(text, value)
    size += text.length
  }
  return {
    set,
    get(text) {
      if (text.length < shortest) return undefined
      const known = young.get(text)
      if (known !== undefined) return known
      const before = old.get(text)
      if (before !== undefined) {
        old.delete(text)
        set(text, before)
      }
      return before
    },
  }
}
