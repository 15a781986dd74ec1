import type { IndexedCase } from './load.ts'

/** Which cases of a dataset to take: all that match one of the globs and carry all of the tags. */
export interface Selection {
  readonly cases: readonly string[]
  readonly tags: readonly string[]
}

/** Whether a case is selected; an empty selection takes everything. */
export function selects(selection: Selection, { id, tags }: Pick<IndexedCase, 'id' | 'tags'>): boolean {
  const named = selection.cases.length === 0 || selection.cases.some((glob) => matchesGlob(glob, id))
  return named && selection.tags.every((tag) => tags.includes(tag))
}

/**
 * `*` is any run of characters, `?` any one; all else is itself. By hand, going back to the last `*` only: as a
 * regular expression, a glob of many stars takes longer than anybody waits.
 */
function matchesGlob(glob: string, text: string): boolean {
  let at = 0
  let here = 0
  let star = -1
  let afterStar = 0
  while (here < text.length) {
    if (glob[at] === '*') {
      star = at++
      afterStar = here
    } else if (at < glob.length && (glob[at] === '?' || glob[at] === text[here])) {
      at++
      here++
    } else if (star !== -1) {
      at = star + 1
      here = ++afterStar
    } else return false
  }
  while (glob[at] === '*') at++
  return at === glob.length
}
