import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holdsPhrase, searchText, snippetOf, wordsOf } from './words.ts'

describe('wordsOf', () => {
  it.each([
    ['Gift card #42!', ['gift', 'card', '42']],
    ['user_id', ['user', 'id']],
    ['Café — CAFE\u0301', ['cafe', 'cafe']],
    ['ﬁrst ½ ⑴', ['first', '12', '1']],
    ['返金 please', ['返', '金', 'please']],
    ['İstanbul', ['istanbul']],
    ['¶ ¶¶', []],
    [`${'x'.repeat(70)} y`, ['x'.repeat(64), 'y']],
  ])('%s', (text, words) => {
    expect(wordsOf(text)).toEqual(words)
  })

  it('cuts ASCII the same way alone and beside other scripts', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        expect(wordsOf(`${text} é`)).toEqual([...wordsOf(text), 'e'])
      }),
      { seed: 42 },
    )
  })

  it('gives nothing a blank, a quote or a border could stand in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const word of wordsOf(text)) expect(word).toMatch(/^[\p{L}\p{N}]+$/u)
      }),
      { seed: 42 },
    )
  })
})

describe('phrases', () => {
  it('do not reach from one text into the next', () => {
    const line = searchText(['a gift', 'card please'])
    expect(holdsPhrase(line, ['gift', 'card'], true)).toBe(false)
    expect(holdsPhrase(line, ['a', 'gift'], false)).toBe(true)
  })

  it('begin with a word, and end with one unless left open', () => {
    const line = searchText(['unrefunded refunds'])
    expect(holdsPhrase(line, ['refund'], true)).toBe(true)
    expect(holdsPhrase(line, ['refund'], false)).toBe(false)
    expect(holdsPhrase(line, ['funded'], true)).toBe(false)
  })
})

describe('snippetOf', () => {
  it('shows the words with some text around, on one line', () => {
    const text = `${'before '.repeat(40)}the\n\n Gift\tcard\u0007 is here${' after'.repeat(40)}`
    const snippet = snippetOf([text], ['gift', 'car'], true, 60)
    expect(snippet).toMatch(/^…[^\n\t]*the Gift card is here[^\n]*…$/)
    expect(snippet?.length).toBeLessThan(75)
  })

  it('looks through all texts, and says when there is nothing', () => {
    expect(snippetOf(['nothing', 'a Café'], ['cafe'], false)).toBe('a Café')
    expect(snippetOf(['nothing'], ['cafe'], true)).toBeUndefined()
  })
})
