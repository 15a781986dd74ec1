import { type Act, type Block, isWrite } from './acts.ts'
import type { Pair } from './pairs.ts'

/** A call, or a turn of the user, that stands alone on both sides, at two places. */
export interface Move {
  /** Where its pair stands on the other side. */
  readonly mate: number
  /** The first step it does not commute with among those it passed; `undefined` where it commutes with all. */
  readonly blockedBy: Act | undefined
}

/** Finds what one run has earlier than the other. Each is in two pairs, which name each other. */
export function movesIn(
  pairs: readonly Pair[],
  left: readonly Block[],
  right: readonly Block[],
): ReadonlyMap<number, Move> {
  const batchOf = batches([...left, ...right])
  const free = new Map<string, number[]>()
  for (const [at, { left: one, right: other }] of pairs.entries()) {
    if (one === undefined && other !== undefined && canMove(other))
      free.set(other.key, [...(free.get(other.key) ?? []), at])
  }
  const moves = new Map<number, Move>()
  for (const [at, { left: one, right: other }] of pairs.entries()) {
    if (one === undefined || other !== undefined || !canMove(one)) continue
    const candidates = free.get(one.key) ?? []
    const nearest = candidates.toSorted((a, b) => Math.abs(a - at) - Math.abs(b - at))[0]
    if (nearest === undefined) continue
    candidates.splice(candidates.indexOf(nearest), 1)
    const moved = pairs[nearest]?.right
    if (moved === undefined) continue
    const between = pairs.slice(Math.min(at, nearest) + 1, Math.max(at, nearest))
    const blockedBy = between
      .filter((passed) => !isBatch(batchOf, one, passed.left) && !isBatch(batchOf, moved, passed.right))
      .flatMap(({ left: onLeft, right: onRight }) => [onLeft, onRight])
      .find((passed) => passed !== undefined && !commutes(one, passed))
    moves.set(at, { mate: nearest, blockedBy })
    moves.set(nearest, { mate: at, blockedBy })
  }
  return moves
}

/** What a model says is another thing each time, and changes nothing by itself. */
function canMove({ shown }: Act): boolean {
  return shown.kind !== 'llm'
}

/** Whether two steps can change places without either bringing anything else. */
function commutes(one: Act, other: Act): boolean {
  if (!canMove(other)) return true
  // What the user says may be what allows a write.
  if (one.effect === undefined || other.effect === undefined) return !isWrite(one) && !isWrite(other)
  if (one.effect === 'pure' || other.effect === 'pure') return true
  if (!isWrite(one) && !isWrite(other)) return true
  if (one.touched === undefined || other.touched === undefined) return false
  return one.touched.every((resource) => !other.touched?.includes(resource))
}

/** Whether two calls were asked for at once. */
function isBatch(batchOf: ReadonlyMap<Act, Block>, moved: Act, passed: Act | undefined): boolean {
  const batch = passed === undefined ? undefined : batchOf.get(passed)
  return batch !== undefined && batchOf.get(moved) === batch
}

function batches(blocks: readonly Block[]): ReadonlyMap<Act, Block> {
  return new Map(blocks.flatMap((block) => block.calls.map((act): [Act, Block] => [act, block])))
}
