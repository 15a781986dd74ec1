/**
 * What was made of texts that were seen lately, for the same text and for one that goes on where an earlier list ended: each
 * model request repeats the conversation so far as JSON, with more behind it.
 */
export interface GrowingTexts<T> {
  /** What was kept for this very text, else for the latest list that it goes on from. */
  readonly find: (text: string) => { readonly text: string; readonly value: T } | undefined
  readonly keep: (text: string, value: T) => void
}

export interface GrowingTextsLimits {
  /** Characters of all texts that are remembered; what was not asked for longest is forgotten. */
  readonly budget: number
  /** Shorter texts are done sooner than they are found. */
  readonly shortest: number
}

interface Kept<T> {
  readonly text: string
  readonly value: T
}

/**
 * Texts are looked for by how they begin, so that none has to be hashed as a whole; those that begin alike are compared one by
 * one, the latest first.
 */
const start = 128
/** Conversations of one agent may all begin alike. */
const mostAlike = 32

/** Texts are compared as slices: `startsWith` goes character by character, and takes thirty times as long. */
export function growingTexts<T>({ budget, shortest }: GrowingTextsLimits): GrowingTexts<T> {
  const byStart = new Map<string, Kept<T>[]>()
  let size = 0

  function forget(): void {
    for (const [key, alike] of byStart) {
      if (size <= budget) return
      byStart.delete(key)
      for (const { text } of alike) size -= text.length
    }
  }

  return {
    find(text) {
      if (text.length < shortest) return undefined
      const alike = byStart.get(text.slice(0, start))
      if (alike === undefined) return undefined
      const at = alike.findLastIndex((kept) => kept.text === text || goesOn(kept.text, text))
      const found = alike[at]
      if (found === undefined) return undefined
      if (at < alike.length - 1) alike.push(...alike.splice(at, 1))
      return found
    },
    keep(text, value) {
      if (text.length < Math.max(shortest, start) || text.length > budget / 4) return
      const key = text.slice(0, start)
      const alike = byStart.get(key) ?? []
      // Last in order, as what was asked for last.
      byStart.delete(key)
      byStart.set(key, alike)
      const before = alike.at(-1)
      // Nobody asks for the conversation as it was before.
      const grown = before !== undefined && (before.text === text || goesOn(before.text, text))
      const gone = grown ? alike.pop() : alike.length >= mostAlike ? alike.shift() : undefined
      size -= gone?.text.length ?? 0
      alike.push({ text, value })
      size += text.length
      forget()
    },
  }
}

/** Whether a list in JSON, but for its last character, is the beginning of a longer one. Empty lists are nobody's. */
function goesOn(before: string, text: string): boolean {
  const end = before.length - 1
  return (
    text.length > before.length &&
    end > 1 &&
    text.charCodeAt(end) === 0x2c &&
    before.charCodeAt(end) === 0x5d &&
    text.slice(0, end) === before.slice(0, end)
  )
}

/**
 * What such a text says beyond the one it goes on from, as a list of its own. It is JSON exactly if the whole is, and then the whole says
 * what the earlier one said and these, of which there has to be one at least.
 */
export function restOf(before: string, text: string): string {
  return `[${text.slice(before.length)}`
}
