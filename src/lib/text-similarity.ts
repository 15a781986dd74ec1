import { spend, type Work } from './work.ts'

/**
 * How alike two sequences are: 1 less the share of edits in the longer one, so 1 for the same and 0 for nothing in
 * common at any place. Levenshtein's distance (1966: insert, delete, replace, one each), normalized by the longer
 * length; two empty ones are the same. `undefined` where `work` does not suffice. O(left · right) time after what
 * both begin and end with, one row of memory.
 */
export function editSimilarity(
  left: readonly number[],
  right: readonly number[],
  work: Work,
): number | undefined {
  const longest = Math.max(left.length, right.length)
  if (longest === 0) return 1
  const distance = editDistance(left, right, work)
  return distance === undefined ? undefined : 1 - distance / longest
}

/** `editSimilarity` of texts, by Unicode code points: an emoji is not two characters, and not half alike to another. */
export function textSimilarity(left: string, right: string, work: Work): number | undefined {
  if (left === right) return spend(work, left.length) ? 1 : undefined
  return editSimilarity(codePoints(left), codePoints(right), work)
}

export function codePoints(text: string): readonly number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0)
}

/** Levenshtein's distance of two sequences; `undefined` where `work` does not suffice. */
export function editDistance(
  left: readonly number[],
  right: readonly number[],
  work: Work,
): number | undefined {
  // The shorter one is the row, so that memory is its length.
  if (left.length < right.length) return editDistance(right, left, work)
  const { start, leftEnd, rightEnd } = trimmed(left, right)
  const rows = leftEnd - start
  const columns = rightEnd - start
  if (!spend(work, left.length + rows * columns)) return undefined
  // Typed, because this loop is where all the time goes.
  const items = Uint32Array.from(right.slice(start, rightEnd))
  const row = Uint32Array.from({ length: columns + 1 }, (_, column) => column)
  for (let above = 1; above <= rows; above++) {
    const item = left[start + above - 1]
    let diagonal = above - 1
    let before = above
    row[0] = above
    for (let column = 1; column <= columns; column++) {
      const up = row[column] ?? 0
      let best = item === items[column - 1] ? diagonal : diagonal + 1
      if (up < best) best = up + 1
      if (before < best) best = before + 1
      row[column] = best
      before = best
      diagonal = up
    }
  }
  return row[columns]
}

/** The longest sequence that both have in order, not necessarily side by side: its length. Same bounds. */
export function commonLength(
  left: readonly number[],
  right: readonly number[],
  work: Work,
): number | undefined {
  if (left.length < right.length) return commonLength(right, left, work)
  const { start, leftEnd, rightEnd } = trimmed(left, right)
  const columns = rightEnd - start
  if (!spend(work, left.length + (leftEnd - start) * columns)) return undefined
  const items = Uint32Array.from(right.slice(start, rightEnd))
  const row = new Uint32Array(columns + 1)
  for (let at = start; at < leftEnd; at++) {
    const item = left[at]
    let diagonal = 0
    let before = 0
    for (let column = 1; column <= columns; column++) {
      const up = row[column] ?? 0
      if (item === items[column - 1]) before = diagonal + 1
      else if (up > before) before = up
      row[column] = before
      diagonal = up
    }
  }
  return start + (left.length - leftEnd) + (row[columns] ?? 0)
}

/** What two sequences begin and end with needs no table. */
function trimmed(left: readonly number[], right: readonly number[]) {
  let start = 0
  let leftEnd = left.length
  let rightEnd = right.length
  while (start < leftEnd && start < rightEnd && left[start] === right[start]) start++
  while (leftEnd > start && rightEnd > start && left[leftEnd - 1] === right[rightEnd - 1]) {
    leftEnd--
    rightEnd--
  }
  return { start, leftEnd, rightEnd }
}
