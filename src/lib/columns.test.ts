import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { columnsOf, fit, padTo, wrap } from './columns.ts'

describe('columns', () => {
  it('counts what a terminal shows', () => {
    expect(columnsOf('refund')).toBe(6)
    expect(columnsOf('退款')).toBe(4)
    expect(columnsOf('👍')).toBe(2)
    expect(columnsOf('🇩🇪')).toBe(2)
    expect(columnsOf('e\u0301')).toBe(1)
  })

  it('fit cuts visibly and padTo fills up', () => {
    expect(fit('refund issued', 7)).toBe('refund…')
    expect(fit('退款已处理', 5)).toBe('退款…')
    expect(fit('refund', 6)).toBe('refund')
    expect(padTo('退款', 6)).toBe('退款  ')
  })

  it('wrap breaks at spaces, and inside a word only where it must', () => {
    expect(wrap('the refund was issued twice', 12)).toEqual(['the refund', 'was issued', 'twice'])
    expect(wrap('the refund was issued twice', 12, '  ')).toEqual(['the refund', '  was issued', '  twice'])
    expect(wrap('0123456789', 4)).toEqual(['0123', '4567', '89'])
    expect(wrap('', 4)).toEqual([])
  })

  it('no line is too long and nothing is lost', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 4, max: 30 }), (text, width) => {
        const lines = wrap(text, width, ' ')
        for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(width)
        expect(lines.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''))
        expect(columnsOf(fit(text, width))).toBeLessThanOrEqual(width)
      }),
      { seed: 42 },
    )
  })
})
