import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codePoints, commonLength, editDistance, textSimilarity } from './text-similarity.ts'
import { workOf } from './work.ts'

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 })

function distance(left: string, right: string): number | undefined {
  return editDistance(codePoints(left), codePoints(right), workOf())
}

/** As the definition says it, without a table. */
function plainDistance(left: string, right: string): number {
  if (left === '' || right === '') return left.length + right.length
  const replaced = plainDistance(left.slice(1), right.slice(1)) + (left[0] === right[0] ? 0 : 1)
  return Math.min(replaced, plainDistance(left.slice(1), right) + 1, plainDistance(left, right.slice(1)) + 1)
}

function plainCommon(left: string, right: string): number {
  if (left === '' || right === '') return 0
  if (left[0] === right[0]) return 1 + plainCommon(left.slice(1), right.slice(1))
  return Math.max(plainCommon(left.slice(1), right), plainCommon(left, right.slice(1)))
}

describe('editDistance', () => {
  it.each([
    ['kitten', 'sitting', 3],
    ['', 'tea', 3],
    ['flaw', 'lawn', 2],
    ['xabxcdxxefxgx', '1ab2cd34ef5g6', 6],
  ])('from %j to %j is %d', (left, right, edits) => {
    expect(distance(left, right)).toBe(edits)
    expect(distance(right, left)).toBe(edits)
  })

  it('is what its definition says', () => {
    fc.assert(
      fc.property(word, word, (left, right) => {
        expect(distance(left, right)).toBe(plainDistance(left, right))
      }),
      { seed: 42, numRuns: 300 },
    )
  })

  it('is a metric', () => {
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(distance(a, c)).toBeLessThanOrEqual((distance(a, b) ?? 0) + (distance(b, c) ?? 0))
        expect(distance(a, b) === 0).toBe(a === b)
      }),
      { seed: 42 },
    )
  })
})

describe('textSimilarity', () => {
  it('is 1 for the same, empty or not, and 0 for nothing in common', () => {
    expect(textSimilarity('', '', workOf())).toBe(1)
    expect(textSimilarity('tea', 'tea', workOf())).toBe(1)
    expect(textSimilarity('tea', '', workOf())).toBe(0)
    expect(textSimilarity('tea', 'sea', workOf())).toBeCloseTo(2 / 3)
  })

  it('takes an emoji for one character', () => {
    expect(textSimilarity('🍵', '🍞', workOf())).toBe(0)
    expect(textSimilarity('ok 🍵', 'ok 🍞', workOf())).toBe(0.75)
  })

  it('gives up where it would take too long, and not where both begin and end alike', () => {
    const long = 'ab'.repeat(10_000)
    expect(textSimilarity(long, 'ba'.repeat(20_000), workOf())).toBeUndefined()
    expect(textSimilarity(`${long}x${long}`, `${long}y${long}`, workOf())).toBeCloseTo(1 - 1 / 40_001)
    expect(textSimilarity(long, `${long}!`, workOf(100))).toBeUndefined()
  })
})

describe('commonLength', () => {
  it('is the longest common subsequence', () => {
    fc.assert(
      fc.property(word, word, (left, right) => {
        expect(commonLength(codePoints(left), codePoints(right), workOf())).toBe(plainCommon(left, right))
      }),
      { seed: 42, numRuns: 300 },
    )
    expect(commonLength([1, 2, 3], [3, 2, 1], workOf(5))).toBeUndefined()
  })
})
