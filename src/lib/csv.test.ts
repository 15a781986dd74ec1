import { parse } from 'csv-parse/sync'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CsvProblem, type CsvRow, csvReader } from './csv.ts'

/** The rows of a text that comes in pieces of `size`. */
function read(text: string, size = text.length, longest = 1000): { rows: CsvRow[]; problem?: CsvProblem } {
  const reader = csvReader(longest)
  const rows: CsvRow[] = []
  for (let at = 0; at < text.length; at += Math.max(1, size)) {
    const { rows: more, problem } = reader.push(text.slice(at, at + Math.max(1, size)))
    rows.push(...more)
    if (problem !== undefined) return { rows, problem }
  }
  const last = reader.end()
  rows.push(...last.rows)
  return { rows, ...(last.problem === undefined ? {} : { problem: last.problem }) }
}

/** What csv-parse makes of a text; nothing where it refuses it. */
function theirRows(text: string): string[][] | undefined {
  try {
    return parse(text, { relax_column_count: true, skip_empty_lines: true, record_delimiter: '\n' })
  } catch {
    return undefined
  }
}

const cell = (text: string, quoted: boolean): string =>
  quoted || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text

describe('csvReader', () => {
  it('says on which line a row begins, also behind line ends inside of quotes and blank lines', () => {
    const { rows } = read('a,b\r\n1,"x\r\n\r\ny"\r\n\r\n2,"say ""hi"""\n3,z')
    expect(rows).toEqual([
      { line: 1, fields: ['a', 'b'] },
      { line: 2, fields: ['1', 'x\r\n\r\ny'] },
      { line: 6, fields: ['2', 'say "hi"'] },
      { line: 7, fields: ['3', 'z'] },
    ])
  })

  it.each([
    [
      'an empty field at the end',
      'a,\n,b\n',
      [
        ['a', ''],
        ['', 'b'],
      ],
    ],
    ['a quoted nothing, which is a row', '""\n', [['']]],
    ['old line ends', 'a\rb\r', [['a'], ['b']]],
    ['spaces, which belong to the field', ' a , b \n', [[' a ', ' b ']]],
    ['nothing', '', []],
  ])('keeps %s', (_, text, fields) => expect(read(text).rows.map((row) => row.fields)).toEqual(fields))

  it.each([
    ['a quote inside a bare field', 'a\nb"c\n', 2, 'a quote stands inside'],
    ['text behind a quote', 'a\n"b" c\n', 2, 'text stands behind'],
    ['a quote that never closes', 'a\n"b\nc\nd\n', 2, 'never closes'],
    ['a row without end', `a\n${'b'.repeat(2000)}\n`, 2, 'more than 1000 characters'],
    ['a row of commas without end', `a\n${','.repeat(2000)}\n`, 2, 'more than 1000 characters'],
  ])('refuses %s, with the line', (_, text, line, what) => {
    const { problem } = read(text)
    expect(problem?.line).toBe(line)
    expect(problem?.what).toContain(what)
  })

  it('law: what was written comes back, in whatever pieces, with the lines it began on', () => {
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom('', '"', '\r', '\n', '\r\n', ',', 'a,b', '""', '\n\n'),
    )
    // A row of one empty field is a blank line where it is not quoted.
    const grid = fc.array(fc.array(value, { minLength: 2, maxLength: 4 }), { maxLength: 6 })
    fc.assert(
      fc.property(
        grid,
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.integer({ min: 1, max: 7 }),
        (rows, end, all, size) => {
          const texts = rows.map((row) => row.map((one) => cell(one, all)).join(',') + end)
          const back = read(texts.join(''), size)
          expect(back.problem).toBeUndefined()
          expect(back.rows.map(({ fields }) => fields)).toEqual(rows)
          const begins = texts.map(
            (_, index) =>
              (
                texts
                  .slice(0, index)
                  .join('')
                  .match(/\r\n|\r|\n/g) ?? []
              ).length + 1,
          )
          expect(back.rows.map(({ line }) => line)).toEqual(begins)
        },
      ),
      { seed: 42, numRuns: 500 },
    )
  })

  it('law: agrees with another reader on any text that both take', () => {
    const text = fc.array(fc.constantFrom('a', 'b', ',', '"', '\n', '""', '"a"', '"b,\n"'), { maxLength: 12 })
    fc.assert(
      fc.property(text, (pieces) => {
        const given = pieces.join('')
        const theirs = theirRows(given)
        const ours = read(given)
        // We may be stricter, never the other way round.
        const agreed =
          ours.problem !== undefined ||
          JSON.stringify(ours.rows.map(({ fields }) => fields)) === JSON.stringify(theirs)
        expect(agreed).toBe(true)
      }),
      { seed: 42, numRuns: 1000 },
    )
  })
})
