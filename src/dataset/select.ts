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

/** `*` is any run of characters, `?` any one; all else is itself. */
function matchesGlob(glob: string, text: string): boolean {
  const pattern = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${pattern}$`).test(text)
}
