import { describe, expect, it } from 'vitest'
import { EvalkitError } from '../schema/errors.ts'
import { contains, equals, jsonSchema, matches, maxCost, noToolErrors, toolCalls } from './checks/index.ts'

describe('a check made by its factory', () => {
  it('gates under its own name unless told otherwise', () => {
    expect(contains({ text: 'refund' })).toMatchObject({ name: 'contains', gating: true })
    expect(contains({ text: 'refund', gating: false, as: 'mentions refund' })).toMatchObject({
      name: 'mentions refund',
      gating: false,
    })
  })

  it('needs no argument where all parameters have defaults', () => {
    expect(noToolErrors().identity).toEqual({ check: 'noToolErrors', params: { max: 0, ignoreTools: [] } })
  })

  it('is identified by what it asks, not by how that was written', () => {
    expect(contains({ text: 'refund', ignoreCase: true }).identity).toEqual(
      contains({ text: 'refund' }).identity,
    )
    expect(contains({ text: 'refund' }).identity).not.toEqual(contains({ text: 'Refund' }).identity)
  })

  it('does not change when the parameters it was made from do', () => {
    const value = { usd: 20 }
    const check = equals({ value })
    value.usd = 30
    expect(check.identity).toEqual({ check: 'equals', params: { value: { usd: 20 }, tolerance: 0 } })
  })
})

describe('wrong parameters', () => {
  // What a JavaScript file without types might say.
  const loose = { contains, equals, jsonSchema, matches, maxCost, toolCalls } as unknown as Readonly<
    Record<string, (options?: unknown) => unknown>
  >

  it.each([
    ['maxCost', undefined, 'usd: '],
    ['contains', { txt: 'refund' }, 'there is no "txt"; did you mean "text"?'],
    ['contains', { text: 'refund', gatting: false }, 'there is no "gatting"; did you mean "gating"?'],
    ['maxCost', { dollars: 1 }, 'there is no "dollars"; it takes "usd"'],
    [
      'toolCalls',
      { tools: { book: { arg: 'ignore' } } },
      'tools.book: there is no "arg"; did you mean "args"?',
    ],
    ['toolCalls', { expected: [{ name: 'book', argument: {} }] }, 'expected[0]: there is no "argument"'],
    ['toolCalls', { tools: { book: { args: 'some' } } }, 'tools.book.args: use "exact", "subset"'],
    ['toolCalls', { mode: 'ordered' }, 'mode: '],
    ['contains', 'refund', 'expected object'],
    ['contains', { text: '' }, 'text: '],
    ['matches', { pattern: '(' }, 'pattern: Invalid regular expression'],
    ['matches', { pattern: 'a', flags: 'g' }, 'flags: use the flags'],
    ['matches', { pattern: /refund/ }, 'pattern is a RegExp; give its source as text'],
    ['equals', { value: new Date(0) }, 'value is a Date'],
    ['equals', { value: Number.NaN }, 'JSON has no NaN'],
    ['equals', { value: 1, as: 'success' }, 'cannot be called "success"'],
    ['jsonSchema', { schema: { type: 'objekt' } }, 'schema: '],
    ['jsonSchema', { schema: { requried: ['id'] } }, 'unknown keyword'],
    [
      'jsonSchema',
      { schema: { $schema: 'http://json-schema.org/draft-03/schema#' } },
      'use draft-04, draft-06, draft-07, 2019-09 or 2020-12',
    ],
    ['jsonSchema', { schema: { $ref: 'https://example.com/refund.json' } }, "can't resolve reference"],
  ])('%s(%j) says what is wrong', (name, options, says) => {
    const error = thrown(() => loose[name]?.(options))
    expect(error).toBeInstanceOf(EvalkitError)
    expect(error).toMatchObject({ code: 'EVK_CHECK_INVALID', message: expect.stringContaining(says) })
  })

  it('names the place and the check', () => {
    const error = thrown(() => loose.toolCalls?.({ tolerance: -1 }))
    expect(error).toMatchObject({
      at: { path: 'tolerance' },
      message: expect.stringContaining('"toolCalls"'),
    })
  })

  it('does not hang on a value that contains itself', () => {
    const value: { self?: unknown } = {}
    value.self = value
    expect(thrown(() => loose.equals?.({ value }))).toMatchObject({ code: 'EVK_CHECK_INVALID' })
  })
})

function thrown(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}
