import { align } from './align.ts'
import { type Difference, joinPath } from './json-diff.ts'
import { byCodeUnit } from './json.ts'
import { codePoints, editSimilarity } from './text-similarity.ts'
import { spend, type Work } from './work.ts'

/**
 * How alike two JSON values are, in [0,1]: 1 exactly where they are the same (but for numbers that differ in their
 * last digit). Texts by `editSimilarity`, numbers by `numberSimilarity`; an object is the mean over the keys of both,
 * a key that only one has counts 0; a list is the sum over the pairs of its best alignment, by the longer length: an
 * item that was put in costs its own place and moves nothing. Values of different kinds have nothing in common:
 * `1` is not a third of `"1"`. The order of keys does not matter.
 *
 * `undefined` where `work` does not suffice. Each pair of parts is compared once: O(left · right) at worst, linear
 * where the values agree.
 */
export function jsonSimilarity(left: unknown, right: unknown, work: Work): number | undefined {
  const comparison = comparisonOf(work)
  return comparison.similarity(comparison.node(left), comparison.node(right))
}

/** The similarity of each left with each right; `undefined` where `work` does not suffice. */
export function pairwiseSimilarity(
  lefts: readonly unknown[],
  rights: readonly unknown[],
  work: Work,
): readonly (readonly number[])[] | undefined {
  const comparison = comparisonOf(work)
  const columns = rights.map((right) => comparison.node(right))
  const rows: number[][] = []
  for (const left of lefts) {
    const node = comparison.node(left)
    const row: number[] = []
    for (const column of columns) {
      const similarity = comparison.similarity(node, column)
      if (similarity === undefined) return undefined
      row.push(similarity)
    }
    rows.push(row)
  }
  return rows
}

/**
 * The places where two values differ, as `jsonSimilarity` sets them side by side: lists by their alignment, so that an
 * item too many is one difference. Paths are those of `got`, and of `expected` for what `got` lacks. `most` at most;
 * `undefined` where `work` does not suffice.
 */
export function alignedDifferences(
  expected: unknown,
  got: unknown,
  most: number,
  work: Work,
): readonly Difference[] | undefined {
  const comparison = comparisonOf(work)
  const found: Difference[] = []
  const complete = walk(comparison.node(expected), comparison.node(got), '', found, most, comparison)
  return complete ? found : undefined
}

/**
 * How alike two numbers are: 1 less their difference by the sum of their sizes, so 1 for the same, 0 where one is zero
 * or the signs differ (autoevals' NumericDiff).
 */
export function numberSimilarity(left: number, right: number): number {
  if (left === right) return 1
  // Scaled first: a sum or difference of two finite numbers may be infinite.
  const scale = Math.max(Math.abs(left), Math.abs(right))
  const difference = Math.abs(left / scale - right / scale)
  return 1 - difference / (Math.abs(left / scale) + Math.abs(right / scale))
}

/** A value taken apart. Two with the same `id` are the same JSON. */
type Node = { readonly id: number; readonly value: unknown } & (
  | { readonly kind: 'constant' | 'number' }
  | { readonly kind: 'text'; readonly points: readonly number[] }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, Node> }
)
type NodeOf<K extends Node['kind']> = Extract<Node, { kind: K }>

interface Comparison {
  readonly node: (value: unknown) => Node
  readonly similarity: (left: Node, right: Node) => number | undefined
}

/** Steps that a pair of parts takes, beside what their texts take. */
const stepsOfPair = 10

function comparisonOf(work: Work): Comparison {
  const ids = new Map<string, number>()
  const idOf = (key: string): number => {
    const known = ids.get(key)
    if (known !== undefined) return known
    ids.set(key, ids.size)
    return ids.size - 1
  }
  const node = (value: unknown): Node => {
    if (typeof value === 'string')
      return { kind: 'text', id: idOf(`"${value}`), value, points: codePoints(value) }
    if (Array.isArray(value)) {
      const items = value.map((item: unknown) => node(item ?? null))
      return { kind: 'list', id: idOf(`[${items.map(({ id }) => id).join()}`), value, items }
    }
    if (typeof value === 'object' && value !== null) {
      const members = new Map<string, Node>()
      const keys = Object.keys(value).sort(byCodeUnit)
      for (const key of keys) {
        const member = (value as Readonly<Record<string, unknown>>)[key]
        if (member !== undefined) members.set(key, node(member))
      }
      const key = [...members].map(([name, { id }]) => `${JSON.stringify(name)}:${id}`).join()
      return { kind: 'object', id: idOf(`{${key}`), value, members }
    }
    // -0 and 0 are the same JSON, and the same text.
    if (typeof value === 'number') return { kind: 'number', id: idOf(String(value)), value }
    return { kind: 'constant', id: idOf(String(value)), value }
  }

  // Only parts that have parts are kept: what a pair of lists asks of its items, the differences ask again.
  const known = new Map<number, Map<number, number>>()
  const similarity = (left: Node, right: Node): number | undefined => {
    if (!spend(work, stepsOfPair)) return undefined
    if (left.id === right.id) return 1
    if (left.kind === 'number' && right.kind === 'number')
      return numberSimilarity(left.value as number, right.value as number)
    if (left.kind !== right.kind || left.kind === 'constant' || left.kind === 'number') return 0
    const before = known.get(left.id)?.get(right.id)
    if (before !== undefined) return before
    const fresh = freshSimilarity(left, right)
    if (fresh === undefined) return undefined
    const row = known.get(left.id) ?? new Map<number, number>()
    known.set(left.id, row.set(right.id, fresh))
    return fresh
  }
  const freshSimilarity = (left: Node, right: Node): number | undefined => {
    // A pair that is kept takes memory as well.
    if (!spend(work, stepsOfPair * 10)) return undefined
    if (left.kind === 'text' && right.kind === 'text') return editSimilarity(left.points, right.points, work)
    if (left.kind === 'list' && right.kind === 'list') return listSimilarity(left, right, similarity)
    if (left.kind === 'object' && right.kind === 'object') return objectSimilarity(left, right, similarity)
    return 0
  }
  return { node, similarity }
}

function objectSimilarity(
  { members: left }: NodeOf<'object'>,
  { members: right }: NodeOf<'object'>,
  similarity: Comparison['similarity'],
): number | undefined {
  let sum = 0
  let shared = 0
  for (const [key, member] of left) {
    const other = right.get(key)
    if (other === undefined) continue
    const alike = similarity(member, other)
    if (alike === undefined) return undefined
    sum += alike
    shared++
  }
  return sum / (left.size + right.size - shared)
}

/** The heaviest alignment (Needleman and Wunsch 1970, gaps weigh nothing), one row of memory. */
function listSimilarity(
  left: NodeOf<'list'>,
  right: NodeOf<'list'>,
  similarity: Comparison['similarity'],
): number | undefined {
  const { start, leftEnd, rightEnd } = unequalPart(left.items, right.items)
  const same = start + left.items.length - leftEnd
  const columns = rightEnd - start
  const row = new Float64Array(columns + 1)
  for (const item of left.items.slice(start, leftEnd)) {
    let diagonal = 0
    for (let column = 1; column <= columns; column++) {
      const other = right.items[start + column - 1]
      const alike = other === undefined ? 0 : similarity(item, other)
      if (alike === undefined) return undefined
      const up = row[column] ?? 0
      row[column] = Math.max(up, row[column - 1] ?? 0, diagonal + alike)
      diagonal = up
    }
  }
  return (same + (row[columns] ?? 0)) / Math.max(left.items.length, right.items.length)
}

/**
 * What is left of two lists without the items that both begin and end with. No alignment is heavier for leaving such a
 * pair: it weighs as much as a pair can, and crosses none.
 */
function unequalPart(left: readonly Node[], right: readonly Node[]) {
  let start = 0
  let leftEnd = left.length
  let rightEnd = right.length
  while (start < leftEnd && start < rightEnd && left[start]?.id === right[start]?.id) start++
  while (leftEnd > start && rightEnd > start && left[leftEnd - 1]?.id === right[rightEnd - 1]?.id) {
    leftEnd--
    rightEnd--
  }
  return { start, leftEnd, rightEnd }
}

/** False where work did not suffice. */
function walk(
  expected: Node,
  got: Node,
  path: string,
  found: Difference[],
  most: number,
  comparison: Comparison,
): boolean {
  if (expected.id === got.id || found.length >= most) return true
  if (expected.kind === 'object' && got.kind === 'object') {
    const keys = [...new Set([...expected.members.keys(), ...got.members.keys()])].sort(byCodeUnit)
    return keys.every((key) =>
      side(expected.members.get(key), got.members.get(key), joinPath(path, key), found, most, comparison),
    )
  }
  if (expected.kind === 'list' && got.kind === 'list') {
    const { start, leftEnd, rightEnd } = unequalPart(expected.items, got.items)
    const lefts = expected.items.slice(start, leftEnd)
    const rights = got.items.slice(start, rightEnd)
    let complete = true
    const pair = (left: number, right: number): number => {
      const [one, other] = [lefts[left], rights[right]]
      const alike = one === undefined || other === undefined ? 0 : comparison.similarity(one, other)
      complete &&= alike !== undefined
      return 1 - (alike ?? 0)
    }
    // A pair saves two halves: so the cheapest way is the heaviest.
    const half = () => 0.5
    const lines = align(lefts.length, rights.length, { pair, leftAlone: half, rightAlone: half, open: 0 })
    return lines.every(({ left, right }) => {
      const here = joinPath(path, start + (right ?? left ?? 0))
      const [one, other] = [
        left === undefined ? undefined : lefts[left],
        right === undefined ? undefined : rights[right],
      ]
      return complete && side(one, other, here, found, most, comparison)
    })
  }
  found.push({ path, expected: expected.value, got: got.value })
  return true
}

function side(
  expected: Node | undefined,
  got: Node | undefined,
  path: string,
  found: Difference[],
  most: number,
  comparison: Comparison,
): boolean {
  if (expected !== undefined && got !== undefined) return walk(expected, got, path, found, most, comparison)
  if (found.length >= most) return true
  if (expected !== undefined) found.push({ path, expected: expected.value })
  if (got !== undefined) found.push({ path, got: got.value })
  return true
}
