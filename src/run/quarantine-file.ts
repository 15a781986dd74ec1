import { existsSync, readFileSync } from 'node:fs'
import { fileError } from '../dataset/file-error.ts'
import { EvalkitError } from '../schema/errors.ts'
import { type Quarantined, quarantineFile } from '../schema/quarantine.ts'
import { jsonFrom, recordFrom, textFrom } from '../schema/read.ts'

/** Bytes. Thousands of cases are less. */
const largest = 4 * 1024 * 1024

/**
 * The entries of one eval in `evals/quarantine.json`; none where there is no file. Throws the readers' codes and
 * `EVK_SCHEMA`, also where a case stands in it twice: which day would hold is anybody's guess.
 */
export function readQuarantine(path: string, shownAs: string, evalName: string): readonly Quarantined[] {
  const at = { file: shownAs }
  if (!existsSync(path)) return []
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw fileError(error, shownAs)
  }
  if (bytes.length > largest)
    throw new EvalkitError('EVK_FILE_TOO_LARGE', 'The file has more than 4 MiB.', { at })
  const { cases } = recordFrom(
    quarantineFile,
    jsonFrom(textFrom(bytes, at), at),
    at,
    'file of quarantined cases',
  )
  const seen = new Set<string>()
  for (const [index, one] of cases.entries()) {
    const key = `${one.eval} ${one.case}`
    if (seen.has(key)) {
      throw new EvalkitError('EVK_SCHEMA', `The case "${one.case}" is in quarantine twice.`, {
        at: { ...at, path: `cases[${index}]` },
        hint: 'Keep one entry a case.',
      })
    }
    seen.add(key)
  }
  return cases.filter((one) => one.eval === evalName)
}
