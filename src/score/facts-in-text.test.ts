import { describe, expect, it } from 'vitest'
import { mentions } from './checks/index.ts'
import { factFrom, mentionsOf } from './facts-in-text.ts'
import { score } from './score.ts'
import { subjectOf } from './subject.ts'

function money(text: string, amount: number, currency: string, words?: readonly string[]): boolean {
  return mentionsOf(text, { money: { amount, currency, words } }, 0, undefined).mentioned
}

describe('mentionsOf', () => {
  it.each([
    ['1.234,56 €', 'EUR'],
    ['€1,234.56', 'EUR'],
    ['EUR 1234.56', 'EUR'],
    ['1 234,56 €', 'EUR'],
    ['1234.56 eur.', 'EUR'],
    ['**€1,234.56**', 'EUR'],
    ['$1,234.56', 'USD'],
    ['US$ 1,234.56', 'USD'],
    ['$1,234.56', 'CAD'],
    ["CHF 1'234.56", 'CHF'],
    ['kr. 1.234,56', 'DKK'],
    ['1 234,56 zł', 'PLN'],
    ['₹1,234.56', 'INR'],
    ['XAU 1234.56', 'XAU'],
  ])('finds in %j an amount of %s', (text, currency) => {
    expect(money(`You get ${text}, soon.`, 1234.56, currency)).toBe(true)
  })

  it.each([
    ['$20', 'EUR'],
    ['A$20', 'USD'],
    ['CA$20', 'USD'],
    ['20', 'EUR'],
    ['-€20', 'EUR'],
    ['20 euros', 'EUR'],
    ['€20.01', 'EUR'],
    ['€20k', 'EUR'],
  ])('does not take %j for 20 %s', (text, currency) => {
    expect(money(`You get ${text}.`, 20, currency)).toBe(false)
  })

  it('knows words where it is told them', () => {
    expect(money('You get 20 Euros.', 20, 'EUR', ['euros'])).toBe(true)
  })

  it('takes the numbers of a JSON output as they stand, and looks into its texts', () => {
    const said = { usd: 1.2, list: [1, 2], note: 'about 1,234 left' }
    const number = (wanted: number) => mentionsOf(said, { number: wanted }, 0, undefined).mentioned
    expect([1.2, 1, 2, 1234, 1.234, 12].map((wanted) => number(wanted))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ])
  })

  it('has patience with binary fractions, and a tolerance', () => {
    const near = (text: string, wanted: number, tolerance: number) =>
      mentionsOf(text, { number: wanted }, tolerance, undefined).mentioned
    expect(near('19.99', 20, 0.01)).toBe(true)
    expect(near('19.98', 20, 0.01)).toBe(false)
  })
})

describe('factFrom', () => {
  it.each([
    [42, { number: 42 }],
    ['2026-03-12', { date: '2026-03-12' }],
    [{ amount: 20, currency: 'EUR' }, { money: { amount: 20, currency: 'EUR' } }],
    ['12 March', undefined],
    [{ amount: 20 }, undefined],
    [{ amount: '20', currency: 'EUR' }, undefined],
    [null, undefined],
    [undefined, undefined],
  ])('of %j', (expected, fact) => {
    expect(factFrom(expected)).toEqual(fact)
  })
})

describe('mentions', () => {
  it('does not fail a text that it has not read to the end', async () => {
    const subject = subjectOf({ output: `${'Tea. '.repeat(25_000)}42` })
    expect(await score(subject, [mentions({ number: 42 })])).toMatchObject([
      { status: 'unscored', reason: expect.stringContaining('in its first 100,000 characters') },
    ])
  })

  it('is asked for one thing, and for a currency and a date that can be', () => {
    expect(() => mentions({ number: 1, date: '2026-03-12' })).toThrow('give one of')
    expect(() => mentions({ date: '2026-02-30' })).toThrow('date')
    expect(() => mentions({ money: { amount: 1, currency: '€' } })).toThrow('ISO 4217')
  })
})
