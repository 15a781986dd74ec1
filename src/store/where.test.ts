import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EvalkitError } from '../schema/errors.ts'
import { printWhere } from './print-filter.ts'
import { anyFilter } from './testing/any-filter.ts'
import { parseWhere } from './where.ts'

describe('parseWhere', () => {
  it.each([
    ['', []],
    ['  \n ', []],
    ['tool=book_reservation', [['tool', '=', 'book_reservation']]],
    [
      'tool=book_reservation status=error score.reward>=1 duration>2s text~"gift card"',
      [
        ['tool', '=', 'book_reservation'],
        ['status', '=', 'error'],
        ['score.reward', '>=', 1],
        ['duration', '>', 2000],
        ['text', '~', 'gift card'],
      ],
    ],
    [
      'status=ok and calls > 3 AND tag != vip',
      [
        ['status', '=', 'ok'],
        ['calls', '>', 3],
        ['tag', '!=', 'vip'],
      ],
    ],
    ['name==support', [['name', '=', 'support']]],
    ["name='it\\'s \"here\"'", [['name', '=', 'it\'s "here"']]],
    ['text~"a \\"b\\" \\\\ c"', [['text', '~', 'a "b" \\ c']]],
    ['name=""', [['name', '=', '']]],
    ["task=it's", [['task', '=', "it's"]]],
    ['task=5', [['task', '=', '5']]],
    ['score."tool calls"<0.5', [['score.tool calls', '<', 0.5]]],
    ['duration<250ms', [['duration', '<', 250]]],
    ['duration<=1.5m', [['duration', '<=', 90_000]]],
    ['duration=1h', [['duration', '=', 3_600_000]]],
    ['duration>7', [['duration', '>', 7]]],
    ['cost>=1e-3', [['cost', '>=', 0.001]]],
    ['started>=2025-06-01', [['started', '>=', '2025-06-01']]],
    ['started<"2025-06-01 10:30"', [['started', '<', '2025-06-01 10:30']]],
    ['name~a=b>c', [['name', '~', 'a=b>c']]],
  ])('%s', (text, expected) => {
    expect(parseWhere(text)).toEqual(expected.map(([field, op, value]) => ({ field, op, value })))
  })

  it.each([
    ['dration>2s', 'Did you mean "duration"?'],
    ['Tool=x', 'Did you mean "tool"?'],
    ['tol!=x', 'Did you mean "tool"?'],
    ['zzzzzzzz=x', 'no field "zzzzzzzz".'],
    ['__proto__=x', 'no field'],
    ['tool', 'comparison'],
    ['tool:x', 'no field "tool:x"'],
    ['=x', 'a field is missing'],
    ['tool=', 'a value is missing'],
    ['tool="book', 'never closed'],
    ['"tool"=x', 'a field is missing'],
    ['tool=x or', 'missing after "or"'],
    ['or tool=x', 'no field "or"'],
    ['tool=x and', 'missing after "and"'],
    ['not', 'at its end: a field is missing'],
    ['(tool=x', 'a ")" is missing'],
    ['tool=x )', 'a ")" too many'],
    ['()', 'missing between'],
    ['any()', 'missing between'],
    ['any(tool=x)', 'Did you mean "span.tool"?'],
    ['any(span.tol=x)', 'Did you mean "span.tool"?'],
    ['any(any(span.tool=x))', 'no other of them'],
    ['any("gift card")', 'not in single spans'],
    ['span.tool=x', 'inside any('],
    ['status=eror', 'Did you mean "error"?'],
    ['any(span.kind=lm)', 'Did you mean "llm"?'],
    ['error=maybe', 'wants true or false'],
    ['error>1', 'cannot be compared'],
    ['cost>unknown', 'wants a number'],
    ['("(" or tool)', 'wants a word'],
    [`${'('.repeat(30)}tool=x${')'.repeat(30)}`, 'at most 20 levels'],
    [`${'not '.repeat(30)}tool=x`, 'at most 20 levels'],
    ['x'.repeat(1_000_000), 'longer than'],
    ['status>ok', 'cannot be compared with ">"'],
    ['duration~2', 'cannot be compared'],
    ['duration>long', 'is not a number'],
    ['duration>2d', 'is not a number'],
    ['tokens>2s', 'only durations have a unit'],
    ['score.reward=yes', 'is not a number'],
    ['cost>1e999', 'is not a number'],
    ['started>yesterday', 'wants a date or time'],
    ['started>2025-13-01', 'wants a date or time'],
    ['text~"..."', 'wants a word'],
    ['status=ok '.repeat(101), 'at most 100'],
  ])('refuses %s', (text, says) => {
    const error = errorOf(() => parseWhere(text))
    expect(error).toMatchObject({ code: 'EVK_USAGE', exit: 2 })
    expect(error?.message).toContain(says)
  })

  const tool = (value: string) => ({ field: 'tool', op: '=', value })
  it.each([
    ['tool = a or tool=b and tool=c', [{ or: [tool('a'), { and: [tool('b'), tool('c')] }] }]],
    ['(tool=a or tool=b) tool=c', [{ or: [tool('a'), tool('b')] }, tool('c')]],
    ['not tool=a tool=b', [{ not: tool('a') }, tool('b')]],
    ['NOT (tool=a AND tool=b)', [{ not: { and: [tool('a'), tool('b')] } }]],
    ['(tool=a and tool=b)', [{ and: [tool('a'), tool('b')] }]],
    ['((tool=a))', [tool('a')]],
    ['"lost luggage"', [{ field: 'text', op: '~', value: 'lost luggage' }]],
    ['tool=a or "x y"', [{ or: [tool('a'), { field: 'text', op: '~', value: 'x y' }] }]],
    ['error', [{ field: 'error', op: '=', value: true }]],
    ['error = no', [{ field: 'error', op: '=', value: false }]],
    ['cost=unknown', [{ field: 'cost', op: '=', value: 'unknown' }]],
    [
      'any(span.tool = search and span.error)',
      [
        {
          any: {
            and: [
              { field: 'span.tool', op: '=', value: 'search' },
              { field: 'span.error', op: '=', value: true },
            ],
          },
        },
      ],
    ],
    ['none ( span.duration > 2s )', [{ none: { field: 'span.duration', op: '>', value: 2000 } }]],
    // Parentheses were a part of values before there were groups, and still are where they close nothing.
    ['tool=f(x)', [tool('f(x)')]],
    ['(tool=f(x))', [tool('f(x)')]],
    ['tool=a)', [tool('a)')]],
    ['score.f(x)>1', [{ field: 'score.f(x)', op: '>', value: 1 }]],
  ])('reads %s', (text, expected) => {
    expect(parseWhere(text)).toEqual(expected)
  })

  it('points at what it does not understand', () => {
    const error = errorOf(() => parseWhere('tool=x and colour=red'))
    expect(error?.details.slice(0, 3)).toEqual([
      'at character 12:',
      '  tool=x and colour=red',
      '             ^',
    ])
  })

  it('reads what is printed as what it was', () => {
    let nested = 0
    fc.assert(
      fc.property(fc.array(anyFilter, { maxLength: 3 }), (where) => {
        const text = printWhere(where)
        if (text.includes('(')) nested++
        expect(parseWhere(text)).toEqual(where)
      }),
      { seed: 42, numRuns: 2000 },
    )
    expect(nested).toBeGreaterThan(500)
  })

  it('never fails but by its own error, whatever the text', () => {
    const signs = `( ) and or not any( none tool = " ' \\ cost > 1 error span.error score. ~ \u0000 😀`.split(
      ' ',
    )
    const piece = fc.constantFrom(...signs, ' ')
    let read = 0
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = pieces.join(pieces.length % 2 === 0 ? ' ' : '')
        const error = errorOf(() => {
          parseWhere(text)
          read++
        })
        expect(error?.code ?? 'EVK_USAGE').toBe('EVK_USAGE')
      }),
      { seed: 42, numRuns: 5000 },
    )
    expect(read).toBeGreaterThan(100)
  })

  it('names every field where one is wrong', () => {
    const error = errorOf(() => parseWhere('colour=red'))
    expect(error?.details.join()).toContain('tool, tag, session')
    expect(error?.details.join()).toContain('score.<name>')
  })

  it('stays quick on text made to hurt', () => {
    const before = performance.now()
    for (const text of [
      '"'.repeat(50_000),
      `name="${'\\'.repeat(100_001)}`,
      'a'.repeat(100_000),
      ' '.repeat(100_000),
    ]) {
      errorOf(() => parseWhere(text))
    }
    expect(performance.now() - before).toBeLessThan(1000)
  })
})

function errorOf(work: () => unknown): EvalkitError | undefined {
  try {
    work()
  } catch (error) {
    if (EvalkitError.is(error)) return error
    throw error
  }
  return undefined
}
