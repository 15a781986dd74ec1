import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  canonicalJson,
  canonicalJsonByCopy,
  copyJson,
  type JsonProblem,
  jsonCopy,
  maxDepth,
  readJson,
  sameJson,
} from './json.ts'

const seed = { seed: 42, numRuns: 500 }

describe('canonicalJson', () => {
  it('prints the example of RFC 8785, section 3.2.2', () => {
    const text = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`
    expect(canonicalJson(JSON.parse(text))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    )
  })

  it('sorts keys by UTF-16 code unit, as in RFC 8785, section 3.2.3', () => {
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6']
    const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33']
    const text = canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])))
    expect(text).toBe(`{${sorted.map((key) => `${JSON.stringify(key)}:0`).join(',')}}`)
  })

  it.each([
    [0, '0'],
    [-0, '0'],
    [5e-324, '5e-324'],
    [-1.7976931348623157e308, '-1.7976931348623157e+308'],
    [9007199254740992, '9007199254740992'],
    [295147905179352830000, '295147905179352830000'],
    [1e21, '1e+21'],
    [0.000001, '0.000001'],
    [1e-7, '1e-7'],
    [333333333.33333325, '333333333.33333325'],
  ])('prints %d as RFC 8785, appendix B, does', (number, text) => {
    expect(canonicalJson(number)).toBe(text)
  })

  it('leaves text as it came: no normal form, and nothing escaped that need not be', () => {
    expect(canonicalJson('Å A\u030a \u2028 /')).toBe('"Å A\u030a \u2028 /"')
    expect(canonicalJson('\ud800')).toBe('"\\ud800"')
  })

  it.each([
    ['NaN', Number.NaN],
    ['an infinity', Number.POSITIVE_INFINITY],
    ['a function', () => 1],
    ['nothing', undefined],
    ['a BigInt', 1n],
    ['a date, which would be like every other date', new Date(0)],
    ['a map', new Map([['a', 1]])],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError)
  })

  it('refuses it however deep it stands', () => {
    expect(() => canonicalJson({ a: [{ b: Number.NaN }] })).toThrow(TypeError)
  })

  it('takes objects without a prototype, and of another realm', () => {
    expect(canonicalJson(Object.assign(Object.create(null) as object, { b: 1, a: 2 }))).toBe('{"a":2,"b":1}')
  })

  it('says the value again', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(sameJson(JSON.parse(canonicalJson(value)), value)).toBe(true)
      }),
      seed,
    )
  })
})

describe('how deep JSON text nests', () => {
  it('is told by brackets outside strings, whatever is escaped in them', () => {
    const piece = fc.constantFrom('"', '\\', '\\\\', '[', ']', '{', '}', 'a', ',', '"["', '"\\"[["')
    const deep = '['.repeat(maxDepth)
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('')
        // One character at a time.
        let [depth, deepest, inString] = [0, 0, false]
        for (let at = 0; at < text.length; at++) {
          const one = text[at] ?? ''
          if (inString && one === '\\') at++
          else if (one === '"') inString = !inString
          else if (!inString && '[{'.includes(one)) deepest = Math.max(deepest, ++depth)
          else if (!inString && ']}'.includes(one)) depth--
        }
        const read = readJson(deep + text)
        const told = !read.ok && read.problem.kind === 'too-deep' ? read.problem.depth : maxDepth
        expect(told).toBe(maxDepth + Math.max(0, deepest))
      }),
      { ...seed, numRuns: 2000 },
    )
  })
})

describe('canonicalJsonByCopy', () => {
  it('is canonicalJson, whatever the keys', () => {
    const key = fc.oneof(
      fc.string(),
      fc.constantFrom('0', '10', '9', '__proto__', 'toJSON', 'b', 'a', '\ud800'),
    )
    const { value: any } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.oneof(fc.string({ unit: 'binary' }), fc.double({ noNaN: true, noDefaultInfinity: true })),
        fc.constantFrom<unknown>(null, undefined, true, -0, '\udc00'),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map(Object.fromEntries),
      ),
    }))
    fc.assert(
      fc.property(any, (value) => {
        const whole = { value, b: { c: 1, a: [value] } }
        expect(canonicalJsonByCopy(whole)).toBe(canonicalJson(whole))
      }),
      { ...seed, numRuns: 1000 },
    )
  })

  it.each([
    Number.NaN,
    [Number.POSITIVE_INFINITY],
    { a: () => 1 },
    { a: new Date(0) },
    [Symbol('a')],
    { a: 1n },
  ])('throws where canonicalJson does: %o', (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError)
    expect(() => canonicalJsonByCopy(value)).toThrow(TypeError)
  })
})

describe('sameJson', () => {
  const members = fc.constantFrom('a', 'b', '__proto__', 'constructor', 'toString', '')
  const small: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, undefined, 0, -0, 1, '', 'a', true, false),
      fc.array(tie('value'), { maxLength: 2 }),
      fc.dictionary(members, tie('value'), { maxKeys: 2 }),
    ),
  })).value

  it('agrees with canonicalJson, both ways round, on values that are often alike', () => {
    fc.assert(
      fc.property(small, small, (a, b) => {
        const [left, right] = [{ it: a }, { it: b }]
        const same = canonicalJson(left) === canonicalJson(right)
        expect(sameJson(left, right)).toBe(same)
        expect(sameJson(right, left)).toBe(same)
        expect(sameJson(left, left)).toBe(true)
      }),
      { seed: 42, numRuns: 3000 },
    )
  })

  it('does not see the order of keys, and sees the order of a list', () => {
    expect(sameJson({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toBe(true)
    expect(sameJson([1, 2], [2, 1])).toBe(false)
  })

  it.each([
    [{}, []],
    [[], {}],
    [{}, { constructor: 1 }],
    [{}, JSON.parse('{"__proto__":{}}')],
    [[], [null]],
    ['1', 1],
    [null, {}],
    [null, undefined],
  ])('tells %j from %j', (a, b) => {
    expect(sameJson(a, b)).toBe(false)
    expect(sameJson(b, a)).toBe(false)
  })
})

describe('readJson', () => {
  const problem = (text: string): JsonProblem | undefined => {
    const result = readJson(text)
    return result.ok ? undefined : result.problem
  }
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.nat({ max: 4 }), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent)
        fc.pre(!spaced.includes('__proto__'))
        expect(readJson(spaced)).toEqual({ ok: true, value: JSON.parse(spaced) })
      }),
      seed,
    )
  })

  it('reads as deep as it says, and no deeper', () => {
    expect(problem(nested(maxDepth))).toBeUndefined()
    expect(problem(nested(maxDepth + 1))).toEqual({ kind: 'too-deep', depth: maxDepth + 1 })
  })

  it('does not count brackets in strings', () => {
    expect(problem(JSON.stringify('['.repeat(1000)))).toBeUndefined()
    expect(problem(JSON.stringify({ '"[': ['\\"[[', '\\'] }))).toBeUndefined()
  })

  it.each([
    ['lists', '['.repeat(5_000_000)],
    ['objects', '{"a":'.repeat(1_000_000)],
    ['a whole document', nested(2_000_000)],
  ])('never overflows on depth: %s', (_, text) => {
    expect(problem(text)).toMatchObject({ kind: 'too-deep' })
  })

  it.each([
    '{"__proto__":{"admin":true}}',
    '{"\\u005f_proto__":1}',
    '{"\\u005F\\u005f\\u0070roto__":1}',
    '[[{"a":[{"b":{"__proto__":null}}]}]]',
    '{"a":1,"__proto__":2,"__proto__":3}',
  ])('refuses the key that reaches the prototype: %s', (text) => {
    expect(problem(text)).toEqual({ kind: 'forbidden-key', key: '__proto__' })
  })

  it('takes it as a text, and other names of objects as keys', () => {
    const text = '{"a":"__proto__","constructor":{"prototype":1},"\\u005f_proto_":2}'
    expect(readJson(text)).toEqual({ ok: true, value: JSON.parse(text) })
  })

  it('says where text stops being JSON', () => {
    expect(problem('{"a": 1,\n "b": oops}')).toMatchObject({ kind: 'syntax', line: 2, column: 7 })
  })
})

describe('copyJson', () => {
  it('is the same and shares nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const copy = copyJson({ it: [value] })
        expect(copy).toEqual({ it: [value] })
        expect(sameJson(copy, { it: [value] })).toBe(true)
      }),
      seed,
    )
    const list = { items: [{ n: 1 }] }
    const copy = copyJson(list)
    copy.items[0] = { n: 2 }
    copy.items.push({ n: 3 })
    expect(list).toEqual({ items: [{ n: 1 }] })
  })
})

describe('jsonCopy', () => {
  it('copies what JSON carries, as it carries it', () => {
    const value = { when: new Date(0), left: undefined, list: [undefined, 1], deep: { a: 'x' } }
    const copy = jsonCopy(value)
    expect(copy).toEqual({ when: '1970-01-01T00:00:00.000Z', list: [null, 1], deep: { a: 'x' } })
  })

  const circle: Record<string, unknown> = {}
  circle.self = circle
  const deep = JSON.parse('['.repeat(5000) + ']'.repeat(5000)) as unknown
  it.each([
    ['NaN', { a: Number.NaN }],
    ['a BigInt', [1n]],
    ['a cycle', circle],
    ['a function', () => 1],
    ['nothing', undefined],
    ['what is nested too deep', deep],
    ['a key that is refused', JSON.parse('{"__proto__":1}')],
  ])('refuses %s', (_, value) => {
    expect(() => jsonCopy(value)).toThrow(TypeError)
  })
})
