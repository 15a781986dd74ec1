import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sha256 } from '../lib/hash.ts'
import { prettyJson } from '../lib/pretty-json.ts'
import { EvalkitError } from '../schema/errors.ts'
import { type Fixture, fixture } from '../schema/fixture.ts'
import type { Json } from '../schema/json.ts'
import { jsonFrom, recordFrom, textFrom } from '../schema/read.ts'
import { externalize, internalize } from './blobs.ts'
import { fileError } from './file-error.ts'

const largest = 64 * 1024 * 1024

/** A fixture and the hash of the file it came from. */
export interface LoadedFixture {
  readonly fixture: Fixture
  readonly hash: string
}

/** `fixtures/<dataset>/<case>.json`, from names that are slugs and so lead nowhere else. */
export function fixturePath(folder: string, dataset: string, caseId: string): string {
  return join(folder, dataset, `${caseId}.json`)
}

/** Whether a case has a fixture at all. */
export function hasFixture(folder: string, dataset: string, caseId: string): boolean {
  return statSync(fixturePath(folder, dataset, caseId), { throwIfNoEntry: false })?.isFile() === true
}

/** Hash of a fixture's file, without reading it as a fixture. Throws `EVK_FIXTURE_MISSING`. */
export function fixtureHash(folder: string, dataset: string, caseId: string): string {
  return sha256(bytesOf(fixturePath(folder, dataset, caseId), caseId)).slice(0, 16)
}

/**
 * Reads and checks a fixture. Throws `EVK_FIXTURE_MISSING`; `EVK_FIXTURE_CORRUPT` for a file that is no fixture, or
 * is another case's; `EVK_VERSION_NEWER`; and the readers' codes. A blob whose content is not its name is corrupt.
 */
export function readFixture(folder: string, dataset: string, caseId: string): LoadedFixture {
  const path = fixturePath(folder, dataset, caseId)
  const bytes = bytesOf(path, caseId)
  const at = { file: path, case: caseId }
  const value = internalize(jsonFrom(textFrom(bytes, at), at) as Json, (hash) => readBlob(folder, hash, path))
  const read = recordFrom(fixture, value, at, 'fixture', 'EVK_FIXTURE_CORRUPT')
  if (read.case !== caseId || read.dataset !== dataset) {
    const theirs = `"${read.dataset}/${read.case}"`
    throw new EvalkitError('EVK_FIXTURE_CORRUPT', `The file holds the fixture of ${theirs}.`, { at })
  }
  return { fixture: read, hash: sha256(bytes).slice(0, 16) }
}

/** Writes a fixture, pretty and sorted, long texts beside it. The same fixture gives the same bytes. */
export function writeFixture(folder: string, given: Fixture): void {
  const blobs = new Map<string, string>()
  const packed = externalize(given as unknown as Json, (hash, text) => blobs.set(hash, text))
  for (const [hash, text] of blobs) writeWhole(join(folder, 'blobs', hash), text)
  writeWhole(fixturePath(folder, given.dataset, given.case), `${prettyJson(packed)}\n`)
}

/** Writes a file so that it is either the old one or the new one, never half of either. */
export function writeWhole(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(`${path}.tmp`, text)
    renameSync(`${path}.tmp`, path)
  } catch (error) {
    throw fileError(error, path)
  }
}

function bytesOf(path: string, caseId: string): Uint8Array {
  try {
    const { size } = statSync(path)
    if (size > largest) {
      throw new EvalkitError(
        'EVK_FILE_TOO_LARGE',
        `The fixture has ${size} bytes; ${largest} are the most.`,
        {
          at: { file: path, case: caseId },
        },
      )
    }
    return readFileSync(path)
  } catch (error) {
    const ours = fileError(error, path, 'EVK_FIXTURE_MISSING')
    throw EvalkitError.is(ours) && ours.code === 'EVK_FIXTURE_MISSING'
      ? new EvalkitError('EVK_FIXTURE_MISSING', `Case "${caseId}" has no fixture.`, {
          at: { file: path },
          cause: error,
        })
      : ours
  }
}

function readBlob(folder: string, hash: string, file: string): string {
  if (!/^[0-9a-f]{64}$/.test(hash)) {
    throw new EvalkitError('EVK_PATH_OUTSIDE', `"${hash.slice(0, 80)}" is not the name of a blob.`, {
      at: { file },
    })
  }
  const path = join(folder, 'blobs', hash)
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw new EvalkitError('EVK_FIXTURE_CORRUPT', `The blob ${hash} is missing.`, { at: { file }, cause })
  }
  if (sha256(bytes) !== hash) {
    throw new EvalkitError('EVK_FIXTURE_CORRUPT', `The blob ${hash} does not hold what its name says.`, {
      at: { file: path },
    })
  }
  return textFrom(bytes, { file: path })
}
