import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../lib/hash.ts'
import { prettyJson } from '../lib/pretty-json.ts'
import { inertJson } from '../lib/text.ts'
import { type ErrorCode, type ErrorPlace, EvalkitError } from '../schema/errors.ts'
import { type Fixture, fixture } from '../schema/fixture.ts'
import type { Json } from '../schema/json.ts'
import { jsonFrom, recordFrom, textFrom } from '../schema/read.ts'
import { externalize, internalize } from './blobs.ts'
import { fileError } from './file-error.ts'
import { writeWhole } from './write-whole.ts'

/** Bytes, of a fixture or a blob. */
const largest = 64 * 1024 * 1024

/** A fixture and the hash of the file it came from. */
export interface LoadedFixture {
  readonly fixture: Fixture
  readonly hash: string
  /**
   * Hash of the world it holds: of the file without what live models said in it since. Runs of another prompt or model
   * in the same world are compared.
   */
  readonly worldHash: string
}

/** `fixtures/<dataset>/<case>.json`, from names that are slugs and so lead nowhere else. */
export function fixturePath(folder: string, dataset: string, caseId: string): string {
  return join(folder, dataset, `${caseId}.json`)
}

/** Whether a case has a fixture at all. */
export function hasFixture(folder: string, dataset: string, caseId: string): boolean {
  const path = fixturePath(folder, dataset, caseId)
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true
  } catch (error) {
    throw fileError(error, path)
  }
}

/**
 * Reads and checks a fixture. Throws `EVK_FIXTURE_MISSING`; `EVK_FIXTURE_CORRUPT` for a file that is no fixture, or
 * is another case's; `EVK_VERSION_NEWER`; `EVK_PATH_OUTSIDE` for a blob that is no blob's name; and the readers'
 * codes. A blob whose content is not its name is corrupt.
 */
export function readFixture(folder: string, dataset: string, caseId: string): LoadedFixture {
  const path = fixturePath(folder, dataset, caseId)
  const at = { file: path, case: caseId }
  const bytes = bytesOf(path, at, 'EVK_FIXTURE_MISSING', `Case "${caseId}" has no fixture.`)
  // Every recording of an agent names the same prompt: read once, held once.
  const blobs = new Map<string, string>()
  const value = internalize(jsonFrom(textFrom(bytes, at), at) as Json, (hash) => {
    const text = blobs.get(hash) ?? readBlob(folder, hash, at)
    blobs.set(hash, text)
    return text
  })
  const read = recordFrom(fixture, value, at, 'fixture', 'EVK_FIXTURE_CORRUPT')
  if (read.case !== caseId || read.dataset !== dataset) {
    const theirs = `"${read.dataset}/${read.case}"`
    throw new EvalkitError('EVK_FIXTURE_CORRUPT', `The file holds the fixture of ${theirs}.`, { at })
  }
  refuseMixedUp(read, at)
  const hash = hashOf(bytes)
  const { rerecordings, ...world } = read
  return { fixture: read, hash, worldHash: rerecordings === undefined ? hash : hashOf(textOf(world).text) }
}

/**
 * What a model or a tool said keeps the order of its keys: an agent that shows a result to its model as JSON text
 * would else ask for something that was never recorded.
 */
const asSaid: ReadonlySet<string> = new Set(['arguments', 'response', 'value'])

/**
 * Writes a fixture, pretty and sorted, long texts beside it. The same fixture gives the same bytes, and they are
 * text that a terminal shows as it is: the diff is what a person reviews. A fixture that could not be read again is
 * not written (`EVK_JSON_TOO_DEEP`, `EVK_JSON_FORBIDDEN_KEY`).
 */
export function writeFixture(folder: string, given: Fixture): void {
  const path = fixturePath(folder, given.dataset, given.case)
  const { text, blobs } = textOf(given)
  jsonFrom(text, { file: path, case: given.case })
  for (const [hash, content] of blobs) writeWhole(join(folder, 'blobs', hash), content)
  writeWhole(path, text)
}

/** The text of a fixture's file, and the texts that stand beside it. */
function textOf(given: Fixture): { readonly text: string; readonly blobs: ReadonlyMap<string, string> } {
  const blobs = new Map<string, string>()
  const packed = externalize(given, (hash, text) => blobs.set(hash, text))
  return { text: `${inertJson(prettyJson(packed, asSaid))}\n`, blobs }
}

function hashOf(content: string | Uint8Array): string {
  return sha256(content).slice(0, 16)
}

/** Trial i replays recording i; a recording that is there twice would be one observation counted as two. */
function refuseMixedUp({ recordings, rerecordings = [] }: Fixture, at: ErrorPlace): void {
  const seen = new Set<string>()
  for (const [index, { trace, trial }] of recordings.entries()) {
    const path = `recordings[${index}]`
    if (trial !== index) {
      const what = `Recording ${index} says it is trial ${trial}: was something merged?`
      throw new EvalkitError('EVK_FIXTURE_CORRUPT', what, { at: { ...at, path: `${path}.trial` } })
    }
    if (seen.has(trace)) {
      const what = `The recording of trace ${trace.slice(0, 80)} is there twice.`
      throw new EvalkitError('EVK_FIXTURE_CORRUPT', what, { at: { ...at, path: `${path}.trace` } })
    }
    seen.add(trace)
  }
  for (const [index, { trial }] of rerecordings.entries()) {
    const path = `rerecordings[${index}].trial`
    if (trial < recordings.length && (rerecordings[index - 1]?.trial ?? -1) < trial) continue
    const what = `Trial ${trial} stands where none, or another, belongs: they ascend, and each has a recording.`
    throw new EvalkitError('EVK_FIXTURE_CORRUPT', what, { at: { ...at, path } })
  }
}

function bytesOf(path: string, at: ErrorPlace, missing: ErrorCode, what: string): Uint8Array {
  try {
    const { size } = statSync(path)
    if (size > largest) {
      const tooLarge = `The file has ${size} bytes; ${largest} are the most.`
      throw new EvalkitError('EVK_FILE_TOO_LARGE', tooLarge, { at })
    }
    return readFileSync(path)
  } catch (error) {
    const ours = fileError(error, path, missing)
    if (!EvalkitError.is(ours) || ours.code !== missing) throw ours
    throw new EvalkitError(missing, what, { at, cause: error })
  }
}

function readBlob(folder: string, hash: string, at: ErrorPlace): string {
  if (!/^[0-9a-f]{64}$/.test(hash)) {
    throw new EvalkitError('EVK_PATH_OUTSIDE', `"${hash.slice(0, 80)}" is not the name of a blob.`, { at })
  }
  const path = join(folder, 'blobs', hash)
  const bytes = bytesOf(path, at, 'EVK_FIXTURE_CORRUPT', `The blob ${hash} is missing.`)
  if (sha256(bytes) !== hash) {
    const what = `The blob ${hash} does not hold what its name says.`
    throw new EvalkitError('EVK_FIXTURE_CORRUPT', what, { at: { ...at, file: path } })
  }
  try {
    // Whatever an agent was shown comes back as it was: a zero character or a byte order mark belongs to it.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    const what = `The blob ${hash} is not UTF-8 text.`
    throw new EvalkitError('EVK_FIXTURE_CORRUPT', what, { at: { ...at, file: path }, cause })
  }
}
