import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { workOf } from '../lib/work.ts'
import { type RougeKind, rouge, wordsOf } from './rouge.ts'

function f1(answer: string, reference: string, kind: RougeKind): number | undefined {
  return rouge(wordsOf(answer), wordsOf(reference), kind, workOf())?.f1
}

describe('rouge', () => {
  // Section 3 of Lin 2004: S1 is the reference, S2 and S3 share as many words with it, S4 as S3.
  const reference = 'police killed the gunman'
  it.each([
    ['police kill the gunman', 'rougeL', 3 / 4],
    ['the gunman kill police', 'rougeL', 2 / 4],
    ['the gunman police killed', 'rougeL', 2 / 4],
    ['police kill the gunman', 'rouge2', 1 / 3],
    ['the gunman kill police', 'rouge2', 1 / 3],
    ['the gunman kill police', 'rouge1', 3 / 4],
  ] as const)('gives the paper’s value for "%s" by %s', (answer, kind, value) => {
    expect(f1(answer, reference, kind)).toBeCloseTo(value, 12)
  })

  it('counts a word as often as both have it', () => {
    const shares = rouge(wordsOf('the the the'), wordsOf('the cat'), 'rouge1', workOf())
    expect(shares).toEqual({ precision: 1 / 3, recall: 1 / 2, f1: 2 / 5 })
  })

  it('is 0 where there is nothing to count, and gives up where there is too much', () => {
    expect(f1('', 'refunded', 'rougeL')).toBe(0)
    expect(f1('', '', 'rouge1')).toBe(0)
    expect(f1('refunded', 'refunded', 'rouge2')).toBe(0)
    const words = Array.from({ length: 20_000 }, (_, at) => `w${at % 977}`)
    expect(rouge(words, words.toReversed(), 'rougeL', workOf())).toBeUndefined()
    expect(rouge(words, words.toReversed(), 'rouge1', workOf())?.f1).toBe(1)
  })

  it('is within [0,1], 1 for the same words, and no greater for words in order than for words', () => {
    const words = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 })
    fc.assert(
      fc.property(words, words, (answer, reference) => {
        const by = (kind: RougeKind) => rouge(answer, reference, kind, workOf())?.f1 ?? Number.NaN
        expect(by('rougeL')).toBeLessThanOrEqual(by('rouge1'))
        expect(by('rouge2')).toBeGreaterThanOrEqual(0)
        expect(rouge(answer, answer, 'rougeL', workOf())?.f1).toBe(answer.length > 0 ? 1 : 0)
      }),
      { seed: 42 },
    )
  })
})

describe('wordsOf', () => {
  it.each([
    ["It's €5 — isn't it?", ['it', 's', '5', 'isn', 't', 'it']],
    ['Crème BRÛLÉE', ['crème', 'brûlée']],
    ['返金は3月です', ['返', '金', 'は', '3', '月', 'で', 'す']],
    ['Возврат оформлен.', ['возврат', 'оформлен']],
    ['हिन्दी शब्द', ['हिन्दी', 'शब्द']],
    ['', []],
  ])('of %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words)
  })
})
