/**
 * CSV as RFC 4180 has it (https://www.rfc-editor.org/rfc/rfc4180), read in pieces: fields between commas, quoted with `"`
 * where they hold a comma, a quote (written twice) or a line end. Lines end with LF, CRLF or CR. Nothing is guessed: a
 * quote inside a bare field, or text behind a closing quote, is a problem and not a value.
 */

/** A row and the line (from 1) on which it begins. */
export interface CsvRow {
  readonly line: number
  readonly fields: readonly string[]
}

export interface CsvProblem {
  readonly line: number
  readonly what: string
}

export interface CsvReader {
  /** The rows that end in this piece of the file, and what is wrong behind them; nothing can be read after that. */
  push(chunk: string): { readonly rows: readonly CsvRow[]; readonly problem?: CsvProblem }
  /** The last row, where no line end follows it. */
  end(): { readonly rows: readonly CsvRow[]; readonly problem?: CsvProblem }
  /** The line the reader is on. */
  line(): number
}

const quote = 0x22
const comma = 0x2c
const lf = 0x0a
const cr = 0x0d

/** `longestRow`: UTF-16 units of a row at most, so that one quote that never closes does not eat the memory. */
export function csvReader(longestRow: number): CsvReader {
  let state: 'start' | 'bare' | 'quoted' | 'quote' = 'start'
  let line = 1
  let rowLine = 1
  let quoteLine = 1
  let length = 0
  let afterCr = false
  let field = ''
  let fields: string[] = []
  let rows: CsvRow[] = []

  const endField = (): void => {
    fields.push(field)
    field = ''
    state = 'start'
  }
  const endRow = (): void => {
    const blank = fields.length === 0 && field === '' && state !== 'quote'
    endField()
    if (!blank) rows.push({ line: rowLine, fields })
    fields = []
    length = 0
  }
  const count = (code: number): void => {
    if (code === cr || (code === lf && !afterCr)) line++
    afterCr = code === cr
  }
  const taken = (problem?: CsvProblem): { rows: readonly CsvRow[]; problem?: CsvProblem } => {
    const made = rows
    rows = []
    return problem === undefined ? { rows: made } : { rows: made, problem }
  }
  const tooLong = () => taken({ line: rowLine, what: `the row has more than ${longestRow} characters` })
  /** What ends a field or a row; false where it is something else. */
  const ends = (code: number): boolean => {
    if (code === comma) endField()
    else if (code === lf || code === cr) {
      endRow()
      count(code)
      rowLine = line
    } else return false
    return true
  }

  const push: CsvReader['push'] = (chunk) => {
    let at = 0
    while (at < chunk.length) {
      const code = chunk.charCodeAt(at)
      if (state === 'start') {
        if (code === lf && afterCr) {
          // The second half of a line end.
          afterCr = false
          at++
          continue
        }
        afterCr = false
        if (code === quote) {
          state = 'quoted'
          quoteLine = line
          at++
        } else if (ends(code)) at++
        else state = 'bare'
      } else if (state === 'bare') {
        const from = at
        let end = code
        while (at < chunk.length) {
          end = chunk.charCodeAt(at)
          if (end === comma || end === lf || end === cr || end === quote) break
          at++
        }
        field += chunk.slice(from, at)
        length += at - from
        if (length + fields.length > longestRow) return tooLong()
        if (at < chunk.length) {
          if (!ends(end)) return taken({ line, what: 'a quote stands inside a field that is not quoted' })
          at++
        }
      } else if (state === 'quoted') {
        const close = chunk.indexOf('"', at)
        const until = close === -1 ? chunk.length : close
        for (let each = at; each < until; each++) count(chunk.charCodeAt(each))
        field += chunk.slice(at, until)
        length += until - at
        at = until
        if (close !== -1) {
          state = 'quote'
          at++
        }
      } else if (code === quote) {
        field += '"'
        length++
        afterCr = false
        state = 'quoted'
        at++
      } else {
        afterCr = false
        if (!ends(code)) return taken({ line, what: 'text stands behind the closing quote of a field' })
        at++
      }
      if (length + fields.length > longestRow) return tooLong()
    }
    return taken()
  }

  return {
    push,
    end: () => {
      if (state === 'quoted') return taken({ line: quoteLine, what: 'a quote opens here and never closes' })
      if (fields.length > 0 || field !== '' || state === 'quote') endRow()
      return taken()
    },
    line: () => line,
  }
}
