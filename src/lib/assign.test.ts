import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cheapestAssignment, maximumMatching, orderedMatching, type Pairing } from './assign.ts'

const seed = { seed: 42 }

/** Rows of a small grid of truth values, as wide as each other. */
function grids<T>(cell: fc.Arbitrary<T>): fc.Arbitrary<{ rows: T[][]; width: number }> {
  return fc
    .integer({ min: 0, max: 5 })
    .chain((width) =>
      fc
        .array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 5 })
        .map((rows) => ({ rows, width })),
    )
}

/** Every pairing of lefts and rights, the empty ones included. */
function* allPairings(
  lefts: number,
  rights: number,
  used: readonly number[] = [],
): Iterable<(number | undefined)[]> {
  if (lefts === 0) {
    yield []
    return
  }
  for (const choice of [undefined, ...Array.from({ length: rights }, (_, right) => right)]) {
    if (choice !== undefined && used.includes(choice)) continue
    const rest = allPairings(lefts - 1, rights, choice === undefined ? used : [...used, choice])
    for (const tail of rest) yield [choice, ...tail]
  }
}

function sizeOf(pairing: Pairing): number {
  return pairing.filter((right) => right !== undefined).length
}

function isSound(pairing: Pairing, fits: (left: number, right: number) => boolean): boolean {
  const rights = pairing.filter((right) => right !== undefined)
  return (
    new Set(rights).size === rights.length &&
    pairing.every((right, left) => right === undefined || fits(left, right))
  )
}

function isOrdered(pairing: Pairing): boolean {
  const rights = pairing.filter((right) => right !== undefined)
  return rights.every((right, index) => index === 0 || (rights[index - 1] ?? -1) < right)
}

describe('maximumMatching', () => {
  it('gives a left another right when a later one needs the first', () => {
    expect(maximumMatching([[0, 1], [0]], 2)).toEqual([1, 0])
  })

  it('keeps to the first fit where nobody else needs it', () => {
    expect(maximumMatching([[0, 1], [0, 1], []], 2)).toEqual([0, 1, undefined])
  })

  it('is as large as any matching there is', () => {
    fc.assert(
      fc.property(grids(fc.boolean()), ({ rows, width }) => {
        const fits = (left: number, right: number) => rows[left]?.[right] === true
        const edges = rows.map((row) => row.flatMap((fit, right) => (fit ? [right] : [])))
        const pairing = maximumMatching(edges, width)
        const sizes = [...allPairings(rows.length, width)].filter((it) => isSound(it, fits)).map(sizeOf)
        expect(isSound(pairing, fits)).toBe(true)
        expect(sizeOf(pairing)).toBe(Math.max(...sizes))
      }),
      seed,
    )
  })

  it('does not recurse: a path through thousands of pairs', () => {
    const size = 4_000
    // Each left but the last fits its own right and the next; the last needs the first right of all.
    const edges = Array.from({ length: size }, (_, left) => (left === size - 1 ? [0] : [left, left + 1]))
    expect(sizeOf(maximumMatching(edges, size))).toBe(size)
  })
})

describe('cheapestAssignment', () => {
  it('prefers the smallest sum over the smallest cost', () => {
    expect(
      cheapestAssignment([
        [1, 2],
        [2, 9],
      ]),
    ).toEqual([1, 0])
  })

  it('leaves rows alone where columns are fewer', () => {
    expect(cheapestAssignment([[5], [1], [3]])).toEqual([undefined, 0, undefined])
    expect(cheapestAssignment([])).toEqual([])
    expect(cheapestAssignment([[], []])).toEqual([undefined, undefined])
  })

  it('costs as little as any full assignment', () => {
    fc.assert(
      fc.property(grids(fc.integer({ min: -20, max: 20 })), ({ rows, width }) => {
        const costOf = (pairing: Pairing) =>
          pairing.reduce<number>(
            (sum, column, row) => sum + (column === undefined ? 0 : (rows[row]?.[column] ?? 0)),
            0,
          )
        const full = Math.min(rows.length, width)
        const pairing = cheapestAssignment(rows)
        const costs = [...allPairings(rows.length, width)].filter((it) => sizeOf(it) === full).map(costOf)
        expect(isSound(pairing, () => true)).toBe(true)
        expect(sizeOf(pairing)).toBe(full)
        expect(costOf(pairing)).toBe(Math.min(...costs))
      }),
      seed,
    )
  })
})

describe('orderedMatching', () => {
  it('finds the longest common subsequence', () => {
    const left = 'search book pay'.split(' ')
    const right = 'book search look book pay'.split(' ')
    const fits = (one: number, other: number) => left[one] === right[other]
    expect(orderedMatching(left.length, right.length, fits)).toEqual([1, 3, 4])
  })

  it('is as large as any pairing in order', () => {
    fc.assert(
      fc.property(grids(fc.boolean()), ({ rows, width }) => {
        const fits = (left: number, right: number) => rows[left]?.[right] === true
        const pairing = orderedMatching(rows.length, width, fits)
        const sizes = [...allPairings(rows.length, width)]
          .filter((it) => isSound(it, fits) && isOrdered(it))
          .map(sizeOf)
        expect(isSound(pairing, fits) && isOrdered(pairing)).toBe(true)
        expect(sizeOf(pairing)).toBe(Math.max(...sizes))
      }),
      seed,
    )
  })
})
