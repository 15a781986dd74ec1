import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withItem, withMember, withValueAt } from './json-splice.ts'

const text = '{ "a" : 1.0, "deep":{"b":[ {"c":"]}\\"," },12345678901234567890 , true] } ,"a":"last"}'

describe('withValueAt', () => {
  it.each<[(string | number)[], string]>([
    [['deep', 'b', 0, 'c'], text.replace('"]}\\","', '"new"')],
    [['deep', 'b', 1], text.replace('12345678901234567890', '"new"')],
    [['deep', 'b', 2], text.replace('true', '"new"')],
    [['deep', 'b'], text.replace(/\[.*\]/, '"new"')],
    [['a'], text.replace('"last"', '"new"')],
    [[], '"new"'],
  ])('exchanges %j, and nothing else', (path, expected) => {
    expect(withValueAt(text, path, 'new')).toBe(expected)
  })

  it.each<[(string | number)[]]>([
    [['b']],
    [['a', 'x']],
    [['deep', 'b', 3]],
    [['deep', 0]],
    [['deep', 'b', 'c']],
  ])('finds nothing at %j', (path) => {
    expect(withValueAt(text, path, 'new')).toBeUndefined()
  })

  it('does what parsing, setting and printing does', () => {
    const key = fc.string({ minLength: 1 }).filter((name) => !/^\d+$|^__proto__$/.test(name))
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.jsonValue(), { minKeys: 1 }),
        fc.nat(),
        fc.jsonValue(),
        (object, nth, value) => {
          // As JSON has it: -0 is 0 there.
          const plain = JSON.parse(JSON.stringify(object)) as Record<string, unknown>
          const keys = Object.keys(plain)
          const chosen = keys[nth % keys.length] as string
          const expected = JSON.stringify({ ...plain, [chosen]: value })
          expect(withValueAt(JSON.stringify(plain), [chosen], value)).toBe(expected)
        },
      ),
      { seed: 42 },
    )
  })
})

describe('withMember, withItem', () => {
  it('puts it in front of what is there', () => {
    expect(withMember(' { "b": 1}', 'a', [1])).toBe(' {"a":[1], "b": 1}')
    expect(withMember('{ }', 'a', 1)).toBe('{"a":1 }')
    expect(withItem('{"m":[ 1 ]}', ['m'], 0)).toBe('{"m":[0, 1 ]}')
    expect(withItem('{"m":[]}', ['m'], 0)).toBe('{"m":[0]}')
    expect(withItem('{"m":{}}', ['m'], 0)).toBeUndefined()
    expect(withItem('{}', ['m'], 0)).toBeUndefined()
  })
})
