import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { align, type Aligned, type AlignmentCosts } from './align.ts'

function costsOf(left: string, right: string, open = 0.1): AlignmentCosts {
  return {
    pair: (a, b) => (left[a] === right[b] ? 0 : Number.POSITIVE_INFINITY),
    leftAlone: () => 1,
    rightAlone: () => 1,
    open,
  }
}

function shown(left: string, right: string, lines: readonly Aligned[]): string {
  return lines
    .map(
      (line) =>
        `${line.left === undefined ? '.' : left[line.left]}${line.right === undefined ? '.' : right[line.right]}`,
    )
    .join(' ')
}

function costOf(lines: readonly Aligned[], costs: AlignmentCosts): number {
  let sum = 0
  let last = ''
  for (const { left, right } of lines) {
    const now = left === undefined ? 'right' : right === undefined ? 'left' : 'pair'
    if (left !== undefined && right !== undefined) sum += costs.pair(left, right)
    else if (left !== undefined) sum += costs.leftAlone(left)
    else if (right !== undefined) sum += costs.rightAlone(right)
    if (now !== 'pair' && now !== last) sum += costs.open
    last = now
  }
  return sum
}

/** Every way there is. */
function cheapestOfAll(lefts: number, rights: number, costs: AlignmentCosts): number {
  const from = (left: number, right: number, lines: readonly Aligned[]): number => {
    if (left === lefts && right === rights) return costOf(lines, costs)
    let best = Number.POSITIVE_INFINITY
    if (left < lefts) best = Math.min(best, from(left + 1, right, [...lines, { left }]))
    if (right < rights) best = Math.min(best, from(left, right + 1, [...lines, { right }]))
    if (left < lefts && right < rights)
      best = Math.min(best, from(left + 1, right + 1, [...lines, { left, right }]))
    return best
  }
  return from(0, 0, [])
}

describe('align', () => {
  it.each([
    ['', '', ''],
    ['abc', 'abc', 'aa bb cc'],
    ['abc', 'ac', 'aa b. cc'],
    ['ac', 'abc', 'aa .b cc'],
    ['', 'ab', '.a .b'],
    ['ab', '', 'a. b.'],
    ['xabcy', 'abc', 'x. aa bb cc y.'],
  ])('%j with %j: %s', (left, right, wanted) => {
    expect(shown(left, right, align(left.length, right.length, costsOf(left, right)))).toBe(wanted)
  })

  it('keeps what stands alone in one stretch rather than in many', () => {
    const [left, right] = ['abab', 'ab']
    expect(shown(left, right, align(4, 2, costsOf(left, right)))).toMatch(/^(aa bb a\. b\.|a\. b\. aa bb)$/)
  })

  it('never pairs what must not be paired, also where to stand alone is dear', () => {
    const lines = align(2, 2, { ...costsOf('ab', 'xy'), leftAlone: () => 1e9 })
    expect(lines).toHaveLength(4)
  })

  const sized = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }))
  const random = sized.chain(([lefts, rights]) => {
    const cost = fc.oneof(
      fc.integer({ min: 0, max: 40 }).map((n) => n / 8),
      fc.constant(Number.POSITIVE_INFINITY),
    )
    const alone = fc.integer({ min: 0, max: 20 }).map((n) => n / 8)
    return fc.record({
      lefts: fc.constant(lefts),
      rights: fc.constant(rights),
      pair: fc.array(fc.array(cost, { minLength: rights, maxLength: rights }), {
        minLength: lefts,
        maxLength: lefts,
      }),
      leftAlone: fc.array(alone, { minLength: lefts, maxLength: lefts }),
      rightAlone: fc.array(alone, { minLength: rights, maxLength: rights }),
      open: fc.constantFrom(0, 0.25, 2),
    })
  })

  it('finds the cheapest way there is, and finds it again', () => {
    fc.assert(
      fc.property(random, ({ lefts, rights, pair, leftAlone, rightAlone, open }) => {
        const costs: AlignmentCosts = {
          pair: (left, right) => pair[left]?.[right] ?? Number.NaN,
          leftAlone: (left) => leftAlone[left] ?? Number.NaN,
          rightAlone: (right) => rightAlone[right] ?? Number.NaN,
          open,
        }
        const lines = align(lefts, rights, costs)
        expect(costOf(lines, costs)).toBeCloseTo(cheapestOfAll(lefts, rights, costs), 9)
        expect(align(lefts, rights, costs)).toEqual(lines)
      }),
      { seed: 42, numRuns: 300 },
    )
  })

  it('sets every item in one line, in order, however narrow the band is', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 60 })
    fc.assert(
      fc.property(text, text, fc.integer({ min: 0, max: 400 }), (left, right, most) => {
        const lines = align(left.length, right.length, costsOf(left, right), most)
        expect(lines.flatMap((line) => (line.left === undefined ? [] : [line.left]))).toEqual(
          Array.from(left, (_, at) => at),
        )
        expect(lines.flatMap((line) => (line.right === undefined ? [] : [line.right]))).toEqual(
          Array.from(right, (_, at) => at),
        )
        for (const line of lines) {
          const isPair = line.left !== undefined && line.right !== undefined
          expect(!isPair || left[line.left] === right[line.right]).toBe(true)
        }
      }),
      { seed: 42, numRuns: 300 },
    )
  })

  it('looks at a bounded part of the table of long sequences, and still pairs what is near the diagonal', () => {
    let looked = 0
    const lines = align(
      20_000,
      20_001,
      {
        pair: (left, right) => {
          looked++
          return left + 1 === right ? 0 : Number.POSITIVE_INFINITY
        },
        leftAlone: () => 1,
        rightAlone: () => 1,
        open: 0.1,
      },
      400_000,
    )
    expect(looked).toBeLessThanOrEqual(420_000)
    expect(lines).toHaveLength(20_001)
  })

  it.each([
    [3, 5_000],
    [5_000, 3],
  ])('aligns %i with %i', (lefts, rights) => {
    const lines = align(
      lefts,
      rights,
      { pair: () => 0, leftAlone: () => 1, rightAlone: () => 1, open: 0 },
      10,
    )
    expect(lines).toHaveLength(5_000)
  })
})
