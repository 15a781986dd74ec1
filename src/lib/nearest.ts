/**
 * The candidate a person most likely meant by `word`, or `undefined` where none is near: at most a third of the
 * letters (two at least) inserted, dropped, exchanged or swapped with a neighbour (optimal string alignment,
 * Damerau 1964), case aside; or one is the beginning of the other.
 */
export function nearestWord(word: string, candidates: readonly string[]): string | undefined {
  const wanted = word.toLowerCase().slice(0, longest)
  let best: { readonly candidate: string; readonly distance: number } | undefined
  for (const candidate of candidates) {
    const known = candidate.toLowerCase().slice(0, longest)
    const begins = wanted.length >= 3 && (known.startsWith(wanted) || wanted.startsWith(known))
    const distance = begins ? 1 : editDistance(wanted, known)
    const allowed = Math.max(2, Math.floor(Math.max(wanted.length, known.length) / 3))
    if (distance > allowed || distance >= Math.max(wanted.length, known.length)) continue
    if (best === undefined || distance < best.distance) best = { candidate, distance }
  }
  return best?.candidate
}

/** Words are short; what is longer is not a slip of the finger. */
const longest = 64

function editDistance(from: string, to: string): number {
  const width = to.length + 1
  const cost = new Uint16Array((from.length + 1) * width)
  const at = (row: number, column: number) => cost[row * width + column] ?? 0
  for (let row = 0; row <= from.length; row++) {
    for (let column = 0; column <= to.length; column++) {
      if (row === 0 || column === 0) {
        cost[row * width + column] = row + column
        continue
      }
      const same = from[row - 1] === to[column - 1]
      let least = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (same ? 0 : 1),
      )
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      if (swapped) least = Math.min(least, at(row - 2, column - 2) + 1)
      cost[row * width + column] = least
    }
  }
  return at(from.length, to.length)
}
