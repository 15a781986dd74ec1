import { describe, expect, it } from 'vitest'
import { EvalkitError } from '../schema/errors.ts'
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
    expect(parseWhere(text).map(({ field, op, value }) => [field, op, value])).toEqual(expected)
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
    ['tool=x or tool=y', 'there is no "or"'],
    ['tool=x and', 'missing after "and"'],
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

  it('names every field where one is wrong', () => {
    const error = errorOf(() => parseWhere('colour=red'))
    expect(error?.details.join()).toContain('tool, tag, started, duration')
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
