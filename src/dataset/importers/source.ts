import { basename, extname } from 'node:path'
import { type CsvRow, csvReader } from '../../lib/csv.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { jsonFrom, textFrom } from '../../schema/read.ts'
import { readYaml } from '../../schema/yaml.ts'
import { readBounded } from '../read-bounded.ts'

/** A value of a foreign file and the line it begins on, where that is known. */
export interface PlacedValue {
  readonly line: number | undefined
  readonly value: unknown
}

/** A foreign dataset, read whole and parsed when somebody asks. Values are JSON, bounded, without `__proto__`. */
export interface ForeignSource {
  /** The file's base name. */
  readonly file: string
  /** How the file is written, by its ending. */
  readonly kind: 'yaml' | 'json' | 'jsonl' | 'csv'
  /** A YAML or JSON document; `lineOf` knows the lines of YAML. Throws the readers' codes. */
  document(): {
    readonly value: unknown
    readonly lineOf: (path: readonly (string | number)[]) => number | undefined
  }
  /** The records of JSON lines. Throws the readers' codes at the line that is broken. */
  lines(): readonly PlacedValue[]
  /** The rows of CSV, the header among them. Throws `EVK_CSV_SYNTAX`. */
  rows(): readonly CsvRow[]
}

/** Bytes. A foreign dataset is imported once, so it is read whole. */
const largest = 64 * 1024 * 1024
const longestRow = 4 * 1024 * 1024

const kinds: Readonly<Record<string, ForeignSource['kind']>> = {
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.json': 'json',
  '.jsonl': 'jsonl',
  '.csv': 'csv',
}

/** Reads a foreign dataset. Throws `EVK_FILE_*`, and `EVK_FORMAT_UNKNOWN` for an ending nobody reads. */
export async function openForeign(path: string, shownAs: string): Promise<ForeignSource> {
  if (kinds[extname(path).toLowerCase()] === undefined) {
    throw new EvalkitError('EVK_FORMAT_UNKNOWN', 'No dataset is read from a file with this ending.', {
      at: { file: shownAs },
      hint: `It reads ${Object.keys(kinds).join(', ')}.`,
    })
  }
  return foreignFrom(await readBounded(path, shownAs, largest), shownAs)
}

/** The same from bytes that were read already. */
export function foreignFrom(bytes: Uint8Array, shownAs: string): ForeignSource {
  const at = { file: shownAs }
  const text = once(() => textFrom(bytes, at))
  const kind = kinds[extname(shownAs).toLowerCase()] ?? 'jsonl'
  return {
    file: basename(shownAs),
    kind,
    document: once(() => {
      if (kind !== 'json') return readYaml(text(), shownAs)
      return { value: jsonFrom(text(), at), lineOf: () => undefined }
    }),
    lines: once(() =>
      text()
        .split('\n')
        .flatMap((line, index): PlacedValue[] =>
          line.trim() === '' ? [] : [{ line: index + 1, value: jsonFrom(line, { ...at, line: index + 1 }) }],
        ),
    ),
    rows: once(() => {
      const reader = csvReader(longestRow)
      const [first, last] = [reader.push(text()), reader.end()]
      const problem = first.problem ?? last.problem
      if (problem !== undefined) {
        throw new EvalkitError('EVK_CSV_SYNTAX', `This is not CSV: ${problem.what}.`, {
          at: { ...at, line: problem.line },
        })
      }
      return [...first.rows, ...last.rows]
    }),
  }
}

/** The values of a file, where it can be read at all: for `detect`, which never throws. */
export function valuesOf(source: ForeignSource): readonly unknown[] {
  try {
    if (source.kind === 'jsonl') return source.lines().map(({ value }) => value)
    if (source.kind === 'csv') return []
    const { value } = source.document()
    return Array.isArray(value) ? value : [value]
  } catch (error) {
    if (EvalkitError.is(error)) return []
    throw error
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}
