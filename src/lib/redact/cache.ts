import { growingTexts, type GrowingTexts } from '../growing-texts.ts'

/**
 * What was found in texts seen lately: every call of a conversation repeats all that was said before. Two generations
 * of at most `budget` characters each; what is not asked for while one fills up is forgotten. Long texts have a budget of their
 * own, and are also found for what goes on from them.
 */
export type TextCache<T> = GrowingTexts<T>

/** Shorter texts are looked through as quickly as they are looked up. */
const shortest = 10
/** To be found in a map, a text is hashed as a whole. */
const longest = 512

export function textCache<T>(budget: number): TextCache<T> {
  const long = growingTexts<T>({ budget, shortest: longest })
  const short = shortTexts<T>(budget)
  return {
    find(text) {
      if (text.length >= longest) return long.find(text)
      const value = short.get(text)
      return value === undefined ? undefined : { text, value }
    },
    keep: (text, value) => (text.length < longest ? short.set(text, value) : long.keep(text, value)),
  }
}

function shortTexts<T>(budget: number): {
  readonly get: (text: string) => T | undefined
  readonly set: (text: string, value: T) => void
} {
  let young = new Map<string, T>()
  let old = new Map<string, T>()
  let size = 0
  const set = (text: string, value: T): void => {
    if (text.length < shortest) return
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
