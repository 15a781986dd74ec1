/**
 * Text in terminal columns. An estimate in the terminals' own manner: East Asian wide characters and emoji take
 * two columns, combining marks none. For text that `plain` has been over.
 */

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{17000}-\u{18cff}\u{1b000}-\u{1b2ff}\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/v
const none = /[\p{Mn}\p{Me}\p{Cf}]/v
const allNarrow = /^[ -~]*$/

/** Columns a line takes. */
export function columnsOf(line: string): number {
  if (allNarrow.test(line)) return line.length
  let columns = 0
  for (const char of line) columns += columnsOfChar(char)
  return columns
}

/** A line cut to `columns`, with `…` in the last where something was cut. */
export function fit(line: string, columns: number): string {
  if (columnsOf(line) <= columns) return line
  if (columns < 1) return ''
  return `${headOf(line, columns - 1)}…`
}

/** A line filled up with spaces to `columns`; longer ones stay as they are. */
export function padTo(line: string, columns: number): string {
  return line + ' '.repeat(Math.max(0, columns - columnsOf(line)))
}

/**
 * Breaks text into lines of at most `columns`, at spaces where it can. `indent` goes before every line but the
 * first and counts.
 */
export function wrap(text: string, columns: number, indent = ''): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (word === '') continue
    const joined = line.trim() === '' ? line + word : `${line} ${word}`
    if (columnsOf(joined) <= columns) {
      line = joined
      continue
    }
    if (line.trim() !== '') {
      lines.push(line)
      line = indent
    }
    let rest = word
    while (columnsOf(line + rest) > columns) {
      // At least one character a line, or a narrow terminal would never end.
      const head = headOf(rest, columns - columnsOf(line)) || headOf(rest, 2)
      if (head === rest) break
      lines.push(line + head)
      rest = rest.slice(head.length)
      line = indent
    }
    line += rest
  }
  if (line.trim() !== '') lines.push(line)
  return lines
}

function headOf(line: string, columns: number): string {
  let used = 0
  let end = 0
  for (const char of line) {
    used += columnsOfChar(char)
    if (used > columns) break
    end += char.length
  }
  return line.slice(0, end)
}

function columnsOfChar(char: string): number {
  if (none.test(char)) return 0
  // Two of these make a flag, which takes two columns.
  if (/\p{Regional_Indicator}/u.test(char)) return 1
  return wide.test(char) ? 2 : 1
}
