import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cohenKappa, confusion, crossTable, krippendorffAlpha, tableOf } from './agreement.ts'

const word = fc.constantFrom('pass', 'fail', 'tie')
const pairs = fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 60 })

describe('confusion', () => {
  it('counts pass and fail of people against the judge', () => {
    const counted = confusion([
      { people: true, judge: true },
      { people: true, judge: false },
      { people: false, judge: true },
      { people: false, judge: true },
      { people: false, judge: false },
    ])
    expect(counted).toEqual({ tp: 1, fn: 1, fp: 2, tn: 1 })
    expect(tableOf(counted)).toEqual([
      [1, 1],
      [2, 1],
    ])
  })
})

describe('cohenKappa', () => {
  it('is 1 of raters who say the same, unless they only ever say one word', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), (said) => {
        const { kappa, observed } = cohenKappa(crossTable(said.map((one) => [one, one])))
        expect(observed).toBeCloseTo(1, 12)
        const rounded = kappa === null ? null : Number(kappa.toFixed(9))
        expect(rounded).toBe(new Set(said).size === 1 ? null : 1)
      }),
      { seed: 42 },
    )
  })

  it('is the same whoever is asked first, in whatever order, and whatever the words are called', () => {
    const renamed = { pass: 'b', fail: 'c', tie: 'a' }
    fc.assert(
      fc.property(pairs, (said) => {
        const { kappa, standardError } = cohenKappa(crossTable(said))
        const others = [
          said.map(([first, second]) => [second, first] as const),
          said.toReversed(),
          said.map(([first, second]) => [renamed[first], renamed[second]] as const),
        ]
        for (const other of others) {
          const again = cohenKappa(crossTable<string>(other))
          expect(again.kappa ?? 2).toBeCloseTo(kappa ?? 2, 9)
          expect(again.standardError ?? 2).toBeCloseTo(standardError ?? 2, 6)
        }
      }),
      { seed: 42 },
    )
  })

  it('is 0 where a rater knows nothing of the other, and negative where they differ more than that', () => {
    expect(
      cohenKappa([
        [12, 8],
        [18, 12],
      ]).kappa,
    ).toBeCloseTo(0, 12)
    expect(
      cohenKappa([
        [0, 10],
        [10, 0],
      ]).kappa,
    ).toBeCloseTo(-1, 12)
  })

  it('is never over 1, and no more than the share agreed on', () => {
    fc.assert(
      fc.property(pairs, (said) => {
        const { kappa, observed } = cohenKappa(crossTable(said))
        expect(kappa ?? 0).toBeLessThanOrEqual(observed + 1e-12)
      }),
      { seed: 42 },
    )
  })

  it.each([
    [[]],
    [
      [
        [0, 0],
        [0, 0],
      ],
    ],
    [[[1, 2]]],
  ])('refuses %j', (table) => {
    expect(() => cohenKappa(table)).toThrow(RangeError)
  })
})

describe('krippendorffAlpha', () => {
  const units = fc.array(fc.array(fc.option(word, { nil: undefined }), { maxLength: 5 }), { maxLength: 20 })

  it('is the same in whatever order things and raters stand', () => {
    fc.assert(
      fc.property(units, (said) => {
        const alpha = krippendorffAlpha(said)
        expect(krippendorffAlpha(said.toReversed()) ?? 2).toBeCloseTo(alpha ?? 2, 9)
        expect(krippendorffAlpha(said.map((unit) => unit.toReversed())) ?? 2).toBeCloseTo(alpha ?? 2, 9)
      }),
      { seed: 42 },
    )
  })

  it('is not moved by who said nothing, nor by what only one rater said', () => {
    fc.assert(
      fc.property(units, word, (said, alone) => {
        const more = [...said.map((unit) => [...unit, undefined]), [alone], [undefined, alone], []]
        expect(krippendorffAlpha(more)).toBe(krippendorffAlpha(said))
      }),
      { seed: 42 },
    )
  })

  it('is 1 where all agree, and null where there is nothing to agree on', () => {
    expect(
      krippendorffAlpha([
        ['pass', 'pass', 'pass'],
        ['fail', undefined, 'fail'],
      ]),
    ).toBe(1)
    expect(
      krippendorffAlpha([
        ['pass', 'pass'],
        ['pass', 'pass'],
      ]),
    ).toBeNull()
    expect(krippendorffAlpha([['pass'], ['fail']])).toBeNull()
    expect(krippendorffAlpha([])).toBeNull()
  })

  it('knows null as a value, not as a gap', () => {
    expect(
      krippendorffAlpha([
        [null, null],
        ['pass', 'pass'],
      ]),
    ).toBe(1)
  })

  it('of two raters who both said all comes near κ, as it must for many things', () => {
    const said = Array.from({ length: 4000 }, (_, at): [string, string] => [
      at % 10 < 6 ? 'pass' : 'fail',
      at % 7 < 4 ? 'pass' : 'fail',
    ])
    const { kappa } = cohenKappa(crossTable(said))
    expect(krippendorffAlpha(said)).toBeCloseTo(kappa ?? 2, 2)
  })
})
