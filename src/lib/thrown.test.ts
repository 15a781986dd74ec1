import { describe, expect, it } from 'vitest'
import { thrownAs, unlessTypeError } from './thrown.ts'

class Refused extends Error {
  override name = 'Refused'
}
const hostile = {
  get message(): string {
    throw new Error('never')
  },
}

describe('thrownAs', () => {
  it.each([
    ['an error', new TypeError('no order'), { name: 'TypeError', message: 'no order' }],
    ['an error of a class', new Refused('by ann'), { name: 'Refused', message: 'by ann' }],
    ['a text', 'no order', { name: 'Error', message: 'no order' }],
    ['nothing', undefined, { name: 'Error', message: 'undefined' }],
    ['a symbol', Symbol('x'), { name: 'Error', message: 'Symbol(x)' }],
    [
      'what cannot be printed',
      Object.create(null) as object,
      { name: 'Error', message: 'something that cannot be printed' },
    ],
    [
      'an error that refuses to be read',
      Object.defineProperties(new Error('x'), Object.getOwnPropertyDescriptors(hostile)),
      { name: 'Error', message: 'something that cannot be printed' },
    ],
  ])('says what %s was', (_, thrown, said) => {
    expect(thrownAs(thrown)).toEqual(said)
  })
})

describe('unlessTypeError', () => {
  it('takes what cannot be read for nothing, and lets what is broken be seen', () => {
    expect(unlessTypeError(() => 1)).toBe(1)
    expect(unlessTypeError(() => new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.of(255)))).toBe(
      undefined,
    )
    expect(() =>
      unlessTypeError(() => {
        throw new RangeError('deep')
      }),
    ).toThrow(RangeError)
  })
})
