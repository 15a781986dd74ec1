/**
 * Pairing things of two sides, at most once each, in the best way there is. Taking the first fit instead gives
 * wrong answers where one left fits several rights: the first may take what a later one needs.
 */

/** For each left, the right it is paired with, or `undefined` where it stays alone. */
export type Pairing = readonly (number | undefined)[]

/**
 * A matching of the largest possible size in a bipartite graph, by augmenting paths (Berge 1957; Kuhn 1955).
 * `edges[left]` holds the rights that left fits, the most wanted first. O(lefts · edges), no recursion.
 */
export function maximumMatching(edges: readonly (readonly number[])[], rights: number): Pairing {
  const rightOf = unpaired(edges.length)
  const leftOf = unpaired(rights)
  for (let start = 0; start < edges.length; start++) {
    const cameFrom = new Map<number, number>()
    let right = freeRight(start, edges, leftOf, cameFrom)
    // Walking back along the path, each left on it gives up its right to the one before and takes the next.
    while (right !== undefined) {
      const left = cameFrom.get(right) ?? start
      const given = rightOf[left]
      rightOf[left] = right
      leftOf[right] = left
      right = given
    }
  }
  return rightOf
}

/**
 * The pairing of all rows (or of all columns, where there are fewer) with the smallest sum of costs: the
 * Hungarian method with potentials (Kuhn 1955; Munkres 1957; the shortest-path form of Jonker and Volgenant 1987).
 * Costs are finite numbers, one row as long as the other. O(n² · m).
 */
export function cheapestAssignment(costs: readonly (readonly number[])[]): Pairing {
  const rows = costs.length
  const columns = costs[0]?.length ?? 0
  if (rows > columns) {
    const turned = Array.from({ length: columns }, (_, column) => costs.map((row) => row[column] ?? 0))
    const rowOf = cheapestAssignment(turned)
    const pairing = unpaired(rows)
    for (const [column, row] of rowOf.entries()) if (row !== undefined) pairing[row] = column
    return pairing
  }
  // Index 0 of each list is a column (or row) that does not exist: where every search starts.
  const rowPotential = Array.from({ length: rows + 1 }, () => 0)
  const columnPotential = Array.from({ length: columns + 1 }, () => 0)
  const rowAt = Array.from({ length: columns + 1 }, () => 0)
  for (let row = 1; row <= rows; row++) {
    rowAt[0] = row
    const slack = Array.from({ length: columns + 1 }, () => Number.POSITIVE_INFINITY)
    const before = Array.from({ length: columns + 1 }, () => 0)
    const visited = new Set<number>()
    let column = 0
    do {
      visited.add(column)
      const here = at(rowAt, column)
      let step = Number.POSITIVE_INFINITY
      let next = 0
      for (let candidate = 1; candidate <= columns; candidate++) {
        if (visited.has(candidate)) continue
        const cost = costs[here - 1]?.[candidate - 1] ?? 0
        const reduced = cost - at(rowPotential, here) - at(columnPotential, candidate)
        if (reduced < at(slack, candidate)) {
          slack[candidate] = reduced
          before[candidate] = column
        }
        if (at(slack, candidate) < step) {
          step = at(slack, candidate)
          next = candidate
        }
      }
      for (let each = 0; each <= columns; each++) {
        if (visited.has(each)) {
          rowPotential[at(rowAt, each)] = at(rowPotential, at(rowAt, each)) + step
          columnPotential[each] = at(columnPotential, each) - step
        } else slack[each] = at(slack, each) - step
      }
      column = next
    } while (at(rowAt, column) !== 0)
    while (column !== 0) {
      const previous = at(before, column)
      rowAt[column] = at(rowAt, previous)
      column = previous
    }
  }
  const pairing = unpaired(rows)
  for (let column = 1; column <= columns; column++) {
    const row = at(rowAt, column)
    if (row !== 0) pairing[row - 1] = column - 1
  }
  return pairing
}

/**
 * The largest pairing that keeps the order of both sides: a later left never has an earlier right. The longest
 * common subsequence, for any relation `fits` (Wagner and Fischer 1974). O(lefts · rights) time and memory.
 */
export function orderedMatching(
  lefts: number,
  rights: number,
  fits: (left: number, right: number) => boolean,
): Pairing {
  const width = rights + 1
  // best[left, right]: the size of the largest pairing of what comes from there on.
  const best = new Uint32Array((lefts + 1) * width)
  const fitting = new Uint8Array(lefts * rights)
  for (let left = lefts - 1; left >= 0; left--) {
    for (let right = rights - 1; right >= 0; right--) {
      const fit = fits(left, right) ? 1 : 0
      fitting[left * rights + right] = fit
      best[left * width + right] = Math.max(
        best[(left + 1) * width + right] ?? 0,
        best[left * width + right + 1] ?? 0,
        fit === 0 ? 0 : 1 + (best[(left + 1) * width + right + 1] ?? 0),
      )
    }
  }
  const pairing = unpaired(lefts)
  let left = 0
  let right = 0
  while (left < lefts && right < rights) {
    const here = best[left * width + right] ?? 0
    const both = best[(left + 1) * width + right + 1] ?? 0
    if (fitting[left * rights + right] === 1 && here === 1 + both) pairing[left++] = right++
    else if (here === (best[(left + 1) * width + right] ?? 0)) left++
    else right++
  }
  return pairing
}

/** Breadth first from one left over alternating edges: the first right nobody has, and how each was reached. */
function freeRight(
  start: number,
  edges: readonly (readonly number[])[],
  leftOf: Pairing,
  cameFrom: Map<number, number>,
): number | undefined {
  const queue = [start]
  for (const left of queue) {
    for (const right of edges[left] ?? []) {
      if (cameFrom.has(right)) continue
      cameFrom.set(right, left)
      const taken = leftOf[right]
      if (taken === undefined) return right
      queue.push(taken)
    }
  }
  return undefined
}

function unpaired(length: number): (number | undefined)[] {
  return Array.from({ length }, () => undefined)
}

function at(list: readonly number[], index: number): number {
  return list[index] ?? 0
}
