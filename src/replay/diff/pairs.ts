import { align, type AlignmentCosts } from '../../lib/align.ts'
import { cheapestAssignment } from '../../lib/assign.ts'
import { jsonDifferences } from '../../lib/json-diff.ts'
import { type Act, type Block, isWrite } from './acts.ts'

/** A step of each side, or of one. */
export interface Pair {
  readonly left?: Act
  readonly right?: Act
}

/**
 * Sets two runs side by side, block by block: a model turn with the calls it asked for, the user's turn, a call of the
 * code's own. Costs: nothing for the same call, 0.2 to 0.6 for the same tool by how much of its arguments differs, and
 * never a pair of two tools; 0.3 more where one failed and the other did not. Alone, a write costs 1, words, reads and
 * writes that failed less: writes hold the alignment together.
 */
export function pairsOf(left: readonly Block[], right: readonly Block[]): readonly Pair[] {
  const words = wordSets()
  const pairing = (a: Block, b: Block): { readonly cost: number; readonly pairs: readonly Pair[] } =>
    pairBlocks(a, b, words)
  const alone = (blocks: readonly Block[]) => (at: number) => exact(aloneAll(blocks[at]))
  const costs: AlignmentCosts = {
    pair: (a, b) => {
      const [one, other] = [left[a], right[b]]
      return one === undefined || other === undefined
        ? Number.POSITIVE_INFINITY
        : exact(pairing(one, other).cost)
    },
    leftAlone: alone(left),
    rightAlone: alone(right),
    open: exact(0.1),
  }
  const lines = align(left.length, right.length, costs, mostCells)
  return lines.flatMap((line): readonly Pair[] => {
    const one = line.left === undefined ? undefined : left[line.left]
    const other = line.right === undefined ? undefined : right[line.right]
    if (one !== undefined && other !== undefined) return pairing(one, other).pairs
    return [...actsIn(one).map((act) => ({ left: act })), ...actsIn(other).map((act) => ({ right: act }))]
  })
}

/** A thousand turns against a thousand are compared whole, in some seconds; of longer runs what is near each other. */
const mostCells = 1_000_000

/** In steps of 2⁻¹⁰, whose sums are exact: equally cheap ways have equal sums, and the same one is always taken. */
function exact(cost: number): number {
  return Math.round(cost * 1024) / 1024
}

type WordSets = (act: Act) => ReadonlySet<string>

function pairBlocks(
  left: Block,
  right: Block,
  words: WordSets,
): { readonly cost: number; readonly pairs: readonly Pair[] } {
  const said = pairWords(left.words, right.words, words)
  const calls = pairCalls(left.calls, right.calls)
  const any = [...said.pairs, ...calls.pairs].some(
    (pair) => pair.left !== undefined && pair.right !== undefined,
  )
  // Turns that have nothing in common stand one after the other.
  return {
    cost: any ? said.cost + calls.cost : Number.POSITIVE_INFINITY,
    pairs: [...said.pairs, ...calls.pairs],
  }
}

function pairWords(
  left: Act | undefined,
  right: Act | undefined,
  words: WordSets,
): { readonly cost: number; readonly pairs: readonly Pair[] } {
  if (left !== undefined && right !== undefined && left.shown.kind === right.shown.kind) {
    const isCut = left.span.status === 'error' || right.span.status === 'error'
    const cost =
      left.key === right.key ? 0 : isCut ? 0.1 : 0.02 + 0.2 * (1 - likeness(words(left), words(right)))
    return { cost, pairs: [{ left, right }] }
  }
  return {
    cost: (left === undefined ? 0 : aloneCost(left)) + (right === undefined ? 0 : aloneCost(right)),
    pairs: [...(left === undefined ? [] : [{ left }]), ...(right === undefined ? [] : [{ right }])],
  }
}

/** Of larger batches only the same calls are paired: the cheapest pairing of all would take the cube of their size. */
const largestBatch = 64

function pairCalls(
  left: readonly Act[],
  right: readonly Act[],
): { readonly cost: number; readonly pairs: readonly Pair[] } {
  const rightOf =
    left.length * right.length > largestBatch ** 2 ? sameCalls(left, right) : cheapest(left, right)
  const taken = new Set(rightOf)
  let cost = 0
  const pairs = left.map((act, at): Pair => {
    const partner = right[rightOf[at] ?? -1]
    cost += partner === undefined ? aloneCost(act) : callCost(act, partner)
    return partner === undefined ? { left: act } : { left: act, right: partner }
  })
  const rest = right.filter((_, at) => !taken.has(at))
  for (const act of rest) cost += aloneCost(act)
  return { cost, pairs: [...pairs, ...rest.map((act) => ({ right: act }))] }
}

function cheapest(left: readonly Act[], right: readonly Act[]): readonly (number | undefined)[] {
  const [one] = left
  const [other] = right
  if (one === undefined || other === undefined) return left.map(() => undefined)
  if (left.length === 1 && right.length === 1) {
    return [callCost(one, other) < aloneCost(one) + aloneCost(other) ? 0 : undefined]
  }
  // To stand alone is one more column for each left. What a paired right saves by not standing alone counts.
  const costs = left.map((act, row) => [
    ...right.map((partner) => Math.min(callCost(act, partner), impossible) - aloneCost(partner)),
    ...left.map((_, column) => (row === column ? aloneCost(act) : impossible)),
  ])
  return cheapestAssignment(costs).map((column) =>
    column === undefined || column >= right.length ? undefined : column,
  )
}

const impossible = 1e6

function sameCalls(left: readonly Act[], right: readonly Act[]): readonly (number | undefined)[] {
  const free = new Map<string, number[]>()
  for (const [at, { key }] of right.entries()) free.set(key, [...(free.get(key) ?? []), at])
  return left.map(({ key }) => free.get(key)?.shift())
}

function callCost(left: Act, right: Act): number {
  if (left.shown.kind !== right.shown.kind || left.shown.name !== right.shown.name)
    return Number.POSITIVE_INFINITY
  // What was written is a likelier pair of what was written than of an attempt that failed.
  const otherEnd = left.failed === right.failed ? 0 : 0.3
  if (left.key === right.key) return otherEnd
  // Arguments of megabytes are not looked through once for every other call.
  if (Math.max(left.key.length, right.key.length) > longestCompared) return otherEnd + 0.6
  const leaves = Math.max(leavesOf(left.compared), leavesOf(right.compared), 1)
  return (
    otherEnd +
    0.2 +
    0.4 * Math.min(1, jsonDifferences(left.compared, right.compared, mostLeaves).length / leaves)
  )
}

const mostLeaves = 50
const longestCompared = 10_000

function leavesOf(value: unknown, sofar = 0): number {
  if (typeof value !== 'object' || value === null) return sofar + 1
  let leaves = sofar
  for (const member of Object.values(value)) {
    leaves = leavesOf(member, leaves)
    if (leaves >= mostLeaves) return mostLeaves
  }
  return leaves
}

function aloneAll(block: Block | undefined): number {
  return actsIn(block).reduce((sum, act) => sum + aloneCost(act), 0)
}

function aloneCost(act: Act): number {
  if (isWrite(act) && !act.failed) return 1
  if (act.effect !== undefined) return 0.35
  return act.shown.kind === 'human' ? 0.3 : 0.15
}

function actsIn(block: Block | undefined): readonly Act[] {
  if (block === undefined) return []
  return block.words === undefined ? block.calls : [block.words, ...block.calls]
}

/** Jaccard's index of two sets of words; 1 for two empty ones. */
function likeness(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  if (left.size === 0 && right.size === 0) return 1
  let both = 0
  for (const word of left) if (right.has(word)) both++
  return both / (left.size + right.size - both)
}

function wordSets(): WordSets {
  const known = new Map<Act, ReadonlySet<string>>()
  return (act) => {
    const found = known.get(act) ?? new Set(act.shown.says.toLowerCase().match(/[\p{L}\p{N}]+/gu))
    known.set(act, found)
    return found
  }
}
