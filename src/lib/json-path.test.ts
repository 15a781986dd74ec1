import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { joinPath } from './json-diff.ts'
import { anyItem, atPointer, omittedAt, placesAt, readPath, replacedAt } from './json-path.ts'

const given = {
  order: { id: 'W1', lines: [{ at: 1 }, { at: 2 }, 'loose'] },
  'a b': [[0], [1, 2]],
  none: null,
}
const reading = (text: string) => readPath(text) ?? expect.fail(`${text} is no path`)

describe('readPath', () => {
  it.each([
    ['', []],
    ['order', ['order']],
    ['order.id', ['order', 'id']],
    ['$ref.x-y._z', ['$ref', 'x-y', '_z']],
    ['lines[0].at', ['lines', 0, 'at']],
    ['lines[*].at', ['lines', anyItem, 'at']],
    ['["a b"][0][*]', ['a b', 0, anyItem]],
    ['a["]"]', ['a', ']']],
    ['a["\\"\\u0041"].b', ['a', '"A', 'b']],
    ['["__proto__"]', ['__proto__']],
  ])('reads %s', (text, steps) => {
    expect(readPath(text)).toEqual(steps)
  })

  it.each([
    '.a',
    'a.',
    'a..b',
    '[0]b',
    'a[',
    'a[-1]',
    'a[1',
    'a["b]',
    'a["\\x"]',
    "a['b']",
    'a[0x1]',
    'a b',
    '1a',
    'a.*',
    'a[9999999999]',
  ])('guesses nothing of %s', (text) => {
    expect(readPath(text)).toBeUndefined()
  })

  it('reads what differences write', () => {
    const step = fc.oneof(
      fc.string(),
      fc.nat({ max: 999_999_999 }),
      fc.constantFrom('constructor', 'a-b', ''),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        expect(readPath(steps.reduce<string>(joinPath, ''))).toEqual(steps)
      }),
      { seed: 42 },
    )
  })
})

describe('placesAt', () => {
  it.each([
    ['order.id', [{ path: 'order.id', value: 'W1' }]],
    ['order.lines[1].at', [{ path: 'order.lines[1].at', value: 2 }]],
    [
      'order.lines[*].at',
      [
        { path: 'order.lines[0].at', value: 1 },
        { path: 'order.lines[1].at', value: 2 },
      ],
    ],
    ['["a b"][*][1]', [{ path: '["a b"][1][1]', value: 2 }]],
    ['none', [{ path: 'none', value: null }]],
    ['none.more', []],
    ['order.lines.at', []],
    ['order[0]', []],
    ['order.lines[7]', []],
    ['order.id.length', []],
    ['toString', []],
    ['["__proto__"]', []],
  ])('finds %s', (text, places) => {
    expect(placesAt(given, reading(text))).toEqual(places)
  })
})

describe('replacedAt', () => {
  it('replaces what placesAt finds, in a copy', () => {
    const before = structuredClone(given)
    const changed = replacedAt(given, reading('order.lines[*].at'), (old) => Number(old) * 10)
    expect(changed).toEqual({
      ...given,
      order: { id: 'W1', lines: [{ at: 10 }, { at: 20 }, 'loose'] },
    })
    expect(given).toEqual(before)
  })

  it.each(['order.more', 'order.lines[3]', 'none.more', 'order.id[0]', 'constructor'])(
    'puts nothing where nothing is: %s',
    (text) => {
      expect(replacedAt(given, reading(text), () => 'new')).toEqual(given)
    },
  )

  it('replaces exactly the places there are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('a', '[*]', 'a[0]', '[*].a', '[0][*]'), (value, text) => {
        const path = reading(text)
        let replaced = 0
        replacedAt(value, path, () => replaced++)
        expect(replaced).toBe(placesAt(value, path).length)
      }),
      { seed: 42 },
    )
  })
})

describe('omittedAt', () => {
  it.each([
    ['a', { b: 1 }],
    ['list[*].at', { a: 1, list: [{ sku: 'x' }, 2] }],
    ['list[0]', { a: 1, list: [null, 2] }],
    ['no.such', { a: 1, list: [{ sku: 'x', at: 9 }, 2] }],
  ])('leaves out %s', (text, left) => {
    const given = text === 'a' ? { a: 1, b: 1 } : { a: 1, list: [{ sku: 'x', at: 9 }, 2] }
    expect(omittedAt(given, reading(text))).toEqual(left)
  })
})

describe('atPointer', () => {
  it.each([
    ['/order/id', 'W1'],
    ['/order/lines/1/at', 2],
    ['/a b/1', [1, 2]],
    ['/none', null],
    ['/none/x', undefined],
    ['/order/id/0', undefined],
    ['/constructor', undefined],
    ['/__proto__', undefined],
  ])('finds %s', (pointer, found) => {
    expect(atPointer(given, pointer)).toEqual(found)
  })

  it('reads what RFC 6901 escapes', () => {
    expect(atPointer({ 'a/b': { 'm~n': { '~1': 1 } } }, '/a~1b/m~0n/~01')).toBe(1)
  })
})
