import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DateOrder, datesIn } from './dates-in-text.ts'

function readings(text: string, order?: DateOrder): readonly string[] {
  return [...new Set(datesIn(text, order).flatMap((date) => date.readings))]
}

describe('datesIn', () => {
  it.each([
    '2026-03-12',
    '2026-03-12T10:00:00Z',
    '2026/03/12',
    '2026.3.12',
    'am 12 März 2026',
    '12 March 2026',
    'March 12, 2026',
    'March 12th, 2026',
    'Thursday, 12th of March 2026',
    '12. März 2026',
    '12 de marzo de 2026',
    'le 12 mars 2026',
    '12 марта 2026 г.',
    '12 marca 2026',
    '2026. március 12.',
    '12-Mar-2026',
    '2026年3月12日',
    '2026년 3월 12일',
    '١٢ مارس ٢٠٢٦',
    'MARCH 12 2026',
  ])('reads %j', (text) => {
    expect(readings(text)).toEqual(['2026-03-12'])
  })

  it('gives a date that can be read in two ways both, unless it is told which', () => {
    expect(readings('03/04/2026')).toEqual(['2026-04-03', '2026-03-04'])
    expect(readings('03.04.2026', 'dmy')).toEqual(['2026-04-03'])
    expect(readings('3-4-2026', 'mdy')).toEqual(['2026-03-04'])
    expect(readings('12. 3. 2026', 'dmy')).toEqual(['2026-03-12'])
    expect(readings('25/12/2026')).toEqual(['2026-12-25'])
    expect(readings('25/12/2026', 'mdy')).toEqual([])
    expect(readings('25/12/26')).toEqual(['2026-12-25', '1926-12-25'])
  })

  it.each([
    '2026-02-30',
    '2025-02-29',
    '31/04/2026',
    'March 12',
    '32 March 2026',
    'You may, 2026',
    '1.2.3',
    '192.168.10.20',
    '12/34',
    'tomorrow',
    '20260312',
    'March 12 and then 14 people, 2026',
    '',
  ])('finds no date in %j', (text) => {
    expect(readings(text)).toEqual([])
  })

  it('knows leap years', () => {
    expect(readings('2024-02-29, 29 Feb 2000')).toEqual(['2024-02-29', '2000-02-29'])
    expect(readings('29 Feb 1900')).toEqual([])
  })

  it('tells how a date is written', () => {
    expect(datesIn('It arrives on March 12th, 2026, or 13/03/2026.').map(({ text }) => text)).toEqual([
      '13/03/2026',
      'March 12th, 2026',
    ])
  })

  it('reads back what is written in each language', () => {
    const locales = [
      'en-US',
      'en-GB',
      'de',
      'fr',
      'es',
      'it',
      'pt',
      'nl',
      'pl',
      'ru',
      'sv',
      'cs',
      'tr',
      'ja',
      'ar',
      'hi',
    ]
    const styles = ['medium', 'long', 'full'] as const
    const day = fc.integer({ min: 0, max: 20_000 }).map((at) => new Date(at * 86_400_000))
    fc.assert(
      fc.property(fc.constantFrom(...locales), fc.constantFrom(...styles), day, (locale, dateStyle, date) => {
        const written = date
          .toLocaleDateString(locale, { dateStyle, timeZone: 'UTC', calendar: 'gregory' })
          .replaceAll(/[\u200e\u200f\u061c]/g, '')
        expect({ written, readings: readings(written) }).toEqual({
          written,
          readings: expect.arrayContaining([date.toISOString().slice(0, 10)]),
        })
      }),
      { seed: 42, numRuns: 500 },
    )
  })

  it('takes time with the length of a text, whatever is in it', () => {
    for (const piece of ['1/', '12.03.', 'may ', 'may 1 ', '1 de ', '2026-', '2026 '])
      expect(datesIn(piece.repeat(20_000)).length).toBeGreaterThanOrEqual(0)
  })
})
