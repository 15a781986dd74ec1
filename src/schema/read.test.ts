import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { evalCase } from './case.ts'
import { EvalkitError } from './errors.ts'
import { fixture } from './fixture.ts'
import { jsonFrom, pathText, recordFrom, textFrom } from './read.ts'
import { trace } from './trace.ts'

const at = { file: 'fixtures/shop/refund.json' }
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function errorOf(run: () => unknown): EvalkitError {
  try {
    run()
  } catch (error) {
    if (EvalkitError.is(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('textFrom', () => {
  it('reads UTF-8, without a byte order mark', () => {
    expect(textFrom(bytes('{"name":"Zoë €😀"}'), at)).toBe('{"name":"Zoë €😀"}')
    expect(textFrom(new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), at)).toBe('{}')
  })

  it.each([
    ['an empty file', new Uint8Array(), 'EVK_FILE_EMPTY', 'The file is empty.'],
    ['a zero byte', bytes('{"a":1}\0'), 'EVK_FILE_BINARY', 'The file is not text: byte 7 is zero.'],
    [
      'UTF-16',
      new Uint8Array([0xff, 0xfe, 0x7b, 0x00]),
      'EVK_FILE_BINARY',
      'The file is not text: byte 3 is zero.',
    ],
    ['gzip', new Uint8Array([0x1f, 0x8b, 0x08, 0xff]), 'EVK_FILE_BINARY', 'The file is not UTF-8 text.'],
    ['a cut character', bytes('€').slice(0, 2), 'EVK_FILE_BINARY', 'The file is not UTF-8 text.'],
  ])('refuses %s', (_, content, code, message) => {
    expect(errorOf(() => textFrom(content, at))).toMatchObject({ code, message, at, exit: 2 })
  })
})

describe('jsonFrom', () => {
  it('says line and column, and does not quote the file', () => {
    const hostile = '{"v": 1,\n "case": \u001b[31mred'
    expect(errorOf(() => jsonFrom(hostile, at))).toMatchObject({
      code: 'EVK_JSON_SYNTAX',
      message: 'This is not JSON: at line 2, column 10 a value is expected.',
      at: { ...at, line: 2 },
    })
  })

  it('says the column only where each line is a record', () => {
    const place = { file: 'datasets/shop.jsonl', line: 12 }
    expect(errorOf(() => jsonFrom('{"id":"tw', place))).toMatchObject({
      code: 'EVK_JSON_SYNTAX',
      message: 'This is not JSON: at column 10 it ends within a string.',
      at: place,
    })
  })

  it.each([
    ['too deep', '['.repeat(100_000), 'EVK_JSON_TOO_DEEP', 'The JSON nests 100000 levels deep.'],
    [
      'a key of the prototype',
      '{"a":{"\\u005f_proto__":1}}',
      'EVK_JSON_FORBIDDEN_KEY',
      'The JSON has a key "__proto__".',
    ],
    [
      'blank',
      '  \n',
      'EVK_JSON_SYNTAX',
      'This is not JSON: at line 2, column 1 it ends where a value is expected.',
    ],
  ])('refuses what is %s', (_, text, code, message) => {
    expect(errorOf(() => jsonFrom(text, at))).toMatchObject({ code, message })
  })
})

describe('recordFrom', () => {
  const order = z.strictObject({
    id: z.string(),
    lines: z.array(z.strictObject({ sku: z.string(), n: z.number() })),
  })

  it('gives the record with its defaults', () => {
    const read = recordFrom(evalCase, { id: 'a', input: 1 }, at)
    expect(read).toEqual({ v: 1, id: 'a', input: 1, tags: [] })
  })

  it('says what is wrong and where, five lines at most', () => {
    const wrong = { id: 7, lines: Array.from({ length: 9 }, () => ({ sku: 'tea', n: 'two' })) }
    const error = errorOf(() => recordFrom(order, wrong, at, 'order'))
    expect(error).toMatchObject({ code: 'EVK_SCHEMA', at })
    expect(error.message).toMatch(/^This is not a valid order: id: .*expected string/)
    expect(error.details).toHaveLength(4)
    expect(error.details[0]).toMatch(/^lines\[0\]\.n: /)
  })

  it('names the place in the shape that was meant', () => {
    const wrong = {
      v: 1,
      dataset: 'shop',
      case: 'refund',
      recordings: [
        {
          trace: 't_1',
          trial: 0,
          calls: [
            {
              step: 1,
              kind: 'llm',
              add: [{ role: 'user', parts: [{ type: 'text' }] }],
              reply: { message: { role: 'assistant', parts: [] } },
            },
          ],
        },
      ],
    }
    const error = errorOf(() => recordFrom(fixture, wrong, at, 'fixture', 'EVK_FIXTURE_CORRUPT'))
    expect(error.code).toBe('EVK_FIXTURE_CORRUPT')
    expect(error.message).toContain('recordings[0].calls[0].add[0].parts[0].content: ')
  })

  it('does not repeat a book that stands in a record', () => {
    const keys = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`key${at}`, 1]))
    expect(errorOf(() => recordFrom(order, { id: 'a', lines: [], ...keys }, at)).message.length).toBeLessThan(
      400,
    )
  })

  it.each([
    ['a fixture', fixture, { v: 2, cases: [] }],
    ['a trace', trace, { v: 7 }],
    ['a case, whose version may be left out', evalCase, { v: 3, id: 'a', input: 1 }],
  ])('does not call %s of a later version invalid', (_, schema, value) => {
    const error = errorOf(() => recordFrom(schema, value, at, 'thing'))
    expect(error).toMatchObject({
      code: 'EVK_VERSION_NEWER',
      message: `This thing has version ${value.v}; this evalkit knows 1.`,
      at,
    })
  })

  it('calls a version that never was invalid', () => {
    expect(errorOf(() => recordFrom(fixture, { v: 0 }, at)).code).toBe('EVK_SCHEMA')
    expect(errorOf(() => recordFrom(fixture, { v: '2' }, at)).code).toBe('EVK_SCHEMA')
    expect(errorOf(() => recordFrom(fixture, null, at)).code).toBe('EVK_SCHEMA')
  })
})

describe('pathText', () => {
  it('writes the one grammar for paths', () => {
    expect(pathText(['messages', 4, 'parts', 0, 'arguments', 'zip code'])).toBe(
      'messages[4].parts[0].arguments["zip code"]',
    )
    expect(pathText([])).toBe('')
  })
})
