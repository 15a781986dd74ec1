import { EvalkitError } from '../../schema/errors.ts'
import type { Importer, Source } from './importer.ts'
import { importers } from './index.ts'

/**
 * The one importer a file is for. Throws `EVK_FORMAT_UNKNOWN` where none fits, with what each looks for, or where
 * several do; and what is wrong with the file itself (`EVK_FILE_*`, `EVK_JSON_*`) where that is why none fits.
 */
export function detectImporter(
  source: Source,
  among: readonly Importer[] = Object.values(importers),
): Importer {
  const fitting = among.filter((importer) => importer.detect(source))
  const [only] = fitting
  if (only !== undefined && fitting.length === 1) return only
  const at = { file: source.file }
  if (fitting.length > 1) {
    const names = fitting.map(({ name }) => name).join(', ')
    throw new EvalkitError('EVK_FORMAT_UNKNOWN', `The file fits more than one format: ${names}.`, {
      at,
      details: fitting.map(described),
    })
  }
  refuseUnreadable(source)
  throw new EvalkitError('EVK_FORMAT_UNKNOWN', 'The file is in no format evalkit can import.', {
    at,
    details: among.map(described),
  })
}

/** A file that is neither JSON nor JSON lines has no format: its own error says more than ours. */
function refuseUnreadable(source: Source): void {
  try {
    source.document()
  } catch (error) {
    if (!EvalkitError.is(error) || error.code !== 'EVK_JSON_SYNTAX') throw error
    if (!startsAsLines(source)) throw error
  }
}

function startsAsLines(source: Source): boolean {
  try {
    const [first] = source.lines()
    return typeof first?.value === 'object' && first.value !== null
  } catch (error) {
    if (EvalkitError.is(error)) return false
    throw error
  }
}

function described({ name, looksFor }: Importer): string {
  return `${name} looks for ${looksFor}`
}
