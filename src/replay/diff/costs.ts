import { joinPath } from '../../lib/json-diff.ts'
import { cut } from '../../lib/text.ts'
import { type Act, isWrite } from './acts.ts'

/**
 * What it costs to pair two steps, or to leave one alone. Nothing for the same step; 0.2 to 0.6 for the same tool, by how
 * many leaves of its arguments differ, and 0.3 more where one failed and the other did not; never a pair of two tools.
 * Other words cost up to 0.22. Alone, a write costs 1, and words, reads and writes that failed less: writes hold an
 * alignment together.
 */
export interface Costs {
  /** Of two calls. `Infinity` where they are no pair. */
  readonly calls: (left: Act, right: Act) => number
  /** Of what two turns said. `Infinity` where one is the user's and the other is not. */
  readonly words: (left: Act, right: Act) => number
}

/** Remembers what it took apart: each step is compared with many. */
export function createCosts(): Costs {
  const leaves = remembered((act) => leavesOf(act.compared))
  const words = remembered(({ shown }) => new Set(shown.says.toLowerCase().match(/[\p{L}\p{N}]+/gu)))
  return {
    calls(left, right) {
      if (left.shown.name !== right.shown.name || left.shown.kind !== right.shown.kind) {
        return Number.POSITIVE_INFINITY
      }
      // What was written is a likelier pair of what was written than of an attempt that failed.
      const otherEnd = left.failed === right.failed ? 0 : 0.3
      if (left.key === right.key) return otherEnd
      const [one, other] = [leaves(left), leaves(right)]
      return otherEnd + 0.6 - (0.4 * common(one, other)) / Math.max(1, one.size, other.size)
    },
    words(left, right) {
      if (left.shown.kind !== right.shown.kind) return Number.POSITIVE_INFINITY
      if (left.key === right.key) return 0
      // A turn that was cut off has no words to go by.
      if (left.span.status === 'error' || right.span.status === 'error') return 0.1
      const [one, other] = [words(left), words(right)]
      const both = common(one, other)
      // Jaccard's index.
      return 0.22 - (0.2 * both) / Math.max(1, one.size + other.size - both)
    },
  }
}

export function aloneCost(act: Act): number {
  if (isWrite(act) && !act.failed) return 1
  if (act.effect !== undefined) return 0.35
  return act.shown.kind === 'human' ? 0.3 : 0.15
}

/** Leaves that are looked at, and characters of each: what is beyond says little about which call it is. */
const mostLeaves = 200
const longestLeaf = 500

/** `items[0].id=7`, one for each leaf. */
function leavesOf(root: unknown): ReadonlySet<string> {
  const leaves = new Set<string>()
  const left: { readonly path: string; readonly value: unknown }[] = [{ path: '', value: root }]
  for (let next = left.pop(); next !== undefined && leaves.size < mostLeaves; next = left.pop()) {
    const { path, value } = next
    if (typeof value !== 'object' || value === null) {
      leaves.add(`${path}=${typeof value === 'string' ? cut(value, longestLeaf) : String(value)}`)
      continue
    }
    const isList = Array.isArray(value)
    for (const [key, member] of Object.entries(value).slice(0, mostLeaves)) {
      left.push({ path: cut(joinPath(path, isList ? Number(key) : key), longestLeaf), value: member })
    }
  }
  return leaves
}

function common(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const [small, large] = one.size <= other.size ? [one, other] : [other, one]
  let both = 0
  for (const item of small) if (large.has(item)) both++
  return both
}

function remembered(of: (act: Act) => ReadonlySet<string>): (act: Act) => ReadonlySet<string> {
  const known = new Map<Act, ReadonlySet<string>>()
  return (act) => {
    let found = known.get(act)
    if (found === undefined) known.set(act, (found = of(act)))
    return found
  }
}
