import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { syntaxProblem } from './json-syntax.ts'

describe('syntaxProblem', () => {
  it.each([
    ['', 1, 1, 'it ends where a value is expected'],
    [' \n ', 2, 2, 'it ends where a value is expected'],
    ['{"a":', 1, 6, 'it ends where a value is expected'],
    ['[1, 2', 1, 6, 'it ends where "," or "]" is expected'],
    ['{"a": oops}', 1, 7, 'a value is expected'],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, '"," or "}" is expected'],
    ['{"a" 1}', 1, 6, '":" is expected'],
    ['{a: 1}', 1, 2, 'a property name or "}" is expected'],
    ['{"a": 1,}', 1, 9, 'a property name is expected'],
    ['[1,]', 1, 4, 'a value is expected'],
    ['[1}', 1, 3, '"," or "]" is expected'],
    ['{} {}', 1, 4, 'the end is expected'],
    ['[01]', 1, 3, '"," or "]" is expected'],
    ["{'a': 1}", 1, 2, 'a property name or "}" is expected'],
    ['"cut', 1, 5, 'it ends within a string'],
    ['["cut\\', 1, 7, 'it ends within a string'],
    ['["cut\\u00', 1, 10, 'it ends within a string'],
    ['["a\tb"]', 1, 4, 'a string holds a bare control character'],
    ['["\\x41"]', 1, 3, 'a string holds an unknown escape'],
    ['\u0000', 1, 1, 'a value is expected'],
  ])('%j', (text, line, column, what) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError)
    expect(syntaxProblem(text)).toEqual({ line, column, what })
  })

  it('finds the end of a document that was cut', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.nat(), (text, at) => {
        const list = JSON.stringify([JSON.parse(text), 'end'], null, 1)
        const cut = list.slice(0, at % (list.length - 1))
        // Within a word or a number it is the word that is wrong.
        fc.pre(/(^|[\]\s[{},:"])$/.test(cut))
        const lines = cut.split('\n')
        expect(syntaxProblem(cut)).toMatchObject({
          line: lines.length,
          column: (lines.at(-1)?.length ?? 0) + 1,
          what: expect.stringMatching(/^it ends/) as string,
        })
      }),
      { seed: 42, numRuns: 500 },
    )
  })

  it('gets to the end of a long string', () => {
    expect(syntaxProblem(`["${'a\\n'.repeat(1_000_000)}`)).toMatchObject({ column: 3_000_003 })
  })
})
