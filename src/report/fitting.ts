/** A text that must not grow beyond a limit: what is kept is kept whole. */
export interface Fitting {
  /** What always stands first. */
  readonly head: readonly string[]
  /** By importance: when room runs out, the last of these go first. Empty ones are left out. */
  readonly sections: readonly string[]
  /** What always stands last: a marker. */
  readonly tail?: readonly string[]
  /** Stands behind the sections where some did not fit. */
  readonly note: string
  /** The most the whole may take, in the unit of `size`. */
  readonly budget: number
  /** What a text takes: UTF-16 units by default. Of two texts together no more than of each. */
  readonly size?: (text: string) => number
}

/**
 * Head, sections and tail as paragraphs that end with a newline, within the budget by leaving out whole sections: a
 * smaller one that still fits is kept where a larger one before it was not. Head, note and tail are the caller's to keep
 * small.
 */
export function fitted({
  head,
  sections,
  tail = [],
  note,
  budget,
  size = (text) => text.length,
}: Fitting): string {
  const kept = [...head]
  const some = sections.filter((section) => section !== '')
  let left = budget - size([...head, note, ...tail].join('\n\n')) - 3
  let dropped = false
  for (const section of some) {
    const needs = size(section) + 2
    if (needs > left) {
      dropped = true
      continue
    }
    kept.push(section)
    left -= needs
  }
  return `${[...kept, ...(dropped ? [note] : []), ...tail].join('\n\n')}\n`
}
