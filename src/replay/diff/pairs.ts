import { align } from '../../lib/align.ts'
import { cheapestAssignment, type Pairing } from '../../lib/assign.ts'
import type { Act, Block } from './acts.ts'
import { aloneCost, type Costs, createCosts } from './costs.ts'

/** A step of each side, or of one. */
export interface Pair {
  readonly left?: Act
  readonly right?: Act
}

/**
 * Sets two runs side by side, block by block: a model turn with the calls it asked for, the user's turn, a call of the
 * code's own. Blocks keep their order; the calls of a batch have none, and are paired in the cheapest way.
 */
export function pairsOf(left: readonly Block[], right: readonly Block[]): readonly Pair[] {
  const costs = createCosts()
  const lines = align(
    left.length,
    right.length,
    {
      pair: (a, b) => exact(blockCost(left[a], right[b], costs)),
      leftAlone: (a) => exact(aloneAll(left[a])),
      rightAlone: (b) => exact(aloneAll(right[b])),
      open: exact(0.1),
    },
    mostCells,
  )
  return lines.flatMap((line): readonly Pair[] => {
    const one = line.left === undefined ? undefined : left[line.left]
    const other = line.right === undefined ? undefined : right[line.right]
    if (one !== undefined && other !== undefined) return pairsIn(one, other, costs)
    return [...actsIn(one).map((act) => ({ left: act })), ...actsIn(other).map((act) => ({ right: act }))]
  })
}

/** A thousand turns against a thousand are compared whole, in a second or two; of longer runs what is near each other. */
const mostCells = 1_000_000

/** In steps of 2⁻¹⁰, whose sums are exact: equally cheap ways have equal sums, and the same one is always taken. */
function exact(cost: number): number {
  return Math.round(cost * 1024) / 1024
}

/** `Infinity` for turns that have nothing in common: they stand one after the other. */
function blockCost(left: Block | undefined, right: Block | undefined, costs: Costs): number {
  if (left === undefined || right === undefined) return Number.POSITIVE_INFINITY
  const rightOf = pairCalls(left.calls, right.calls, costs)
  let cost = 0
  let isAny = false
  left.calls.forEach((act, at) => {
    const partner = right.calls[rightOf[at] ?? -1]
    if (partner === undefined) return
    isAny = true
    cost += costs.calls(act, partner) - aloneCost(act) - aloneCost(partner)
  })
  const said = wordsCost(left, right, costs)
  if (said !== undefined) {
    isAny = true
    cost += said
  }
  return isAny ? cost + aloneAll(left) + aloneAll(right) : Number.POSITIVE_INFINITY
}

/** What two turns cost less, or more, for being said together; `undefined` where they are not of the same kind. */
function wordsCost({ words: left }: Block, { words: right }: Block, costs: Costs): number | undefined {
  if (left === undefined || right === undefined) return undefined
  const cost = costs.words(left, right)
  return cost === Number.POSITIVE_INFINITY ? undefined : cost - aloneCost(left) - aloneCost(right)
}

function pairsIn(left: Block, right: Block, costs: Costs): readonly Pair[] {
  const rightOf = pairCalls(left.calls, right.calls, costs)
  const taken = new Set(rightOf)
  const said: readonly Pair[] =
    left.words !== undefined && right.words !== undefined && wordsCost(left, right, costs) !== undefined
      ? [{ left: left.words, right: right.words }]
      : [
          ...(left.words === undefined ? [] : [{ left: left.words }]),
          ...(right.words === undefined ? [] : [{ right: right.words }]),
        ]
  return [
    ...said,
    ...left.calls.map((act, at): Pair => {
      const partner = right.calls[rightOf[at] ?? -1]
      return partner === undefined ? { left: act } : { left: act, right: partner }
    }),
    ...right.calls.flatMap((act, at): readonly Pair[] => (taken.has(at) ? [] : [{ right: act }])),
  ]
}

/** Calls in a batch, of which the best pairing of all is looked for: it takes the cube of their number, for each two batches. */
const largestBatch = 12

function pairCalls(left: readonly Act[], right: readonly Act[], costs: Costs): Pairing {
  const [one] = left
  const [other] = right
  if (one === undefined || other === undefined) return []
  if (left.length === 1 && right.length === 1) return [isWorth(one, other, costs) ? 0 : undefined]
  if (Math.max(left.length, right.length) > largestBatch) return pairLarge(left, right)
  // To stand alone is one more column for each left. What a paired right saves by not standing alone counts.
  const table = left.map((act, row) => [
    ...right.map((partner) => Math.min(costs.calls(act, partner), impossible) - aloneCost(partner)),
    ...left.map((_, column) => (row === column ? aloneCost(act) : impossible)),
  ])
  return cheapestAssignment(table).map((column) =>
    column === undefined || column >= right.length ? undefined : column,
  )
}

const impossible = 1e6

function isWorth(left: Act, right: Act, costs: Costs): boolean {
  return costs.calls(left, right) < aloneCost(left) + aloneCost(right)
}

/** The same calls, then calls of the same tool in their order. */
function pairLarge(left: readonly Act[], right: readonly Act[]): Pairing {
  const taken = new Set<number>()
  const rightOf: (number | undefined)[] = left.map(() => undefined)
  for (const nameOf of [({ key }: Act) => key, ({ shown }: Act) => `${shown.kind} ${shown.name}`]) {
    const free = new Map<string, number[]>()
    for (const [at, act] of [...right.entries()].toReversed()) {
      if (taken.has(at)) continue
      const same = free.get(nameOf(act))
      if (same === undefined) free.set(nameOf(act), [at])
      else same.push(at)
    }
    for (const [at, act] of left.entries()) {
      const partner = rightOf[at] === undefined ? free.get(nameOf(act))?.pop() : undefined
      if (partner === undefined) continue
      rightOf[at] = partner
      taken.add(partner)
    }
  }
  return rightOf
}

function aloneAll(block: Block | undefined): number {
  if (block === undefined) return 0
  let cost = block.words === undefined ? 0 : aloneCost(block.words)
  for (const act of block.calls) cost += aloneCost(act)
  return cost
}

function actsIn(block: Block | undefined): readonly Act[] {
  if (block === undefined) return []
  return block.words === undefined ? block.calls : [block.words, ...block.calls]
}
