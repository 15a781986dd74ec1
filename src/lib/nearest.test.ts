import { describe, expect, it } from 'vitest'
import { nearestWord } from './nearest.ts'

describe('nearestWord', () => {
  it.each([
    ['txt', 'text'],
    ['ignorecase', 'ignoreCase'],
    ['tolernace', 'tolerance'],
    ['usd_', 'usd'],
    ['ignore', 'ignoreCase'],
  ])('reads %s as %s', (word, meant) => {
    expect(nearestWord(word, ['usd', 'text', 'ignoreCase', 'tolerance'])).toBe(meant)
  })

  it('does not guess where nothing is near', () => {
    expect(nearestWord('threshold', ['usd', 'text'])).toBeUndefined()
    expect(nearestWord('ab', ['xy'])).toBeUndefined()
    expect(nearestWord('anything', [])).toBeUndefined()
  })
})
