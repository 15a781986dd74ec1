import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numbersIn } from './numbers-in-text.ts'

function readings(text: string): readonly number[] {
  return numbersIn(text).flatMap((number) => number.readings)
}

describe('numbersIn', () => {
  it.each([
    ['1,234.56', [1234.56]],
    ['1.234,56', [1234.56]],
    ['1 234,56', [1, 234.56, 1234.56]],
    ['1\u202f234\u00a0567', [1, 234, 567, 1234567]],
    ["CHF 1'234.50", [1234.5]],
    ['1’234', [1234]],
    ['12,34,567.89', [1234567.89]],
    ['1_000_000', [1000000]],
    ['١٬٢٣٤٫٥', [1234.5]],
    ['१२', [12]],
    ['１２．５', [12.5]],
    ['.5 of it', [0.5]],
    ['1.5e3 and 2E-2', [1500, 0.02]],
    ['It costs 5.', [5]],
    ['5kg, 20ms, 100%', [5, 20, 100]],
    ['007', [7]],
    ['[10, 20, 30]', [10, 20, 30]],
    ['1,2,3', [1, 2, 3]],
    ['10-20 days', [10, 20]],
  ])('reads %j', (text, numbers) => {
    expect(readings(text)).toEqual(numbers)
  })

  it.each([
    ['1.234', [1234, 1.234]],
    ['1,234', [1234, 1.234]],
    ['0.123', [0.123]],
    ['1,23', [1.23]],
    ['1234.567', [1234.567]],
    ['1.234.567', [1234567]],
  ])('gives %j every reading it has', (text, numbers) => {
    expect(readings(text)).toEqual(numbers)
  })

  it.each([
    ['-5', -5],
    ['−5', -5],
    ['it is -5 degrees', -5],
    ['-$5', -5],
    ['$-5', -5],
    ['(-5)', -5],
    ['- 5 apples', 5],
    ['€5', 5],
    ['EUR5', 5],
    ['US$5', 5],
    ['kr. 5', 5],
    ['no.5', 5],
  ])('knows the sign in %j', (text, number) => {
    expect(readings(text)).toEqual([number])
  })

  it.each([
    'order W2378156',
    'COVID-19',
    '#W23-4',
    '2026-03-12',
    '12/03/2026',
    '12.03.2026',
    '12:30',
    '3:1',
    '3/4',
    '555-123-4567',
    'v1.2.3',
    '1.2.3',
    '1.2k',
    '5M',
    '3bn',
    '10²',
    '1½',
    '3a4b',
    'five',
    '',
  ])('finds no number in %j', (text) => {
    expect(readings(text)).toEqual([])
  })

  it('tells the words beside a number, and how it is written', () => {
    expect(numbersIn('You get EUR 1.234,50 or US$20 or 20€/month, 元 or 20元です.')).toMatchObject([
      { text: '1.234,50', before: 'EUR', after: 'or' },
      { text: '20', before: 'US$' },
      { text: '20', after: '€' },
      { text: '20', after: '元' },
    ])
    expect(numbersIn('owes -$5')).toMatchObject([{ text: '-$5', before: '$' }])
  })

  it('reads back what it is given, however it is grouped', () => {
    const locales = ['en-US', 'de-DE', 'fr-FR', 'de-CH', 'en-IN', 'ar-EG', 'hi-IN', 'sv-SE', 'pl-PL']
    const amount = fc.integer({ min: -99_999_999, max: 99_999_999 }).map((cents) => cents / 100)
    fc.assert(
      fc.property(fc.constantFrom(...locales), amount, (locale, number) => {
        // What is written from right to left has marks of direction in it.
        const written = number.toLocaleString(locale).replaceAll(/[\u200e\u200f\u061c]/g, '')
        expect({ written, readings: readings(`It is ${written}.`) }).toEqual({
          written,
          readings: expect.arrayContaining([number]),
        })
      }),
      { seed: 42, numRuns: 500 },
    )
  })

  it('takes time with the length of a text, whatever is in it', () => {
    for (const piece of ['1,', '1 234 ', '-', '1-', '1.', 'a1', '1/1:', '$', '9'])
      expect(numbersIn(piece.repeat(50_000)).length).toBeGreaterThanOrEqual(0)
  })
})
