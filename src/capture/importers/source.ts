import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { readJson } from '../../lib/json.ts'
import { type ErrorPlace, EvalkitError } from '../../schema/errors.ts'
import { jsonFrom, jsonProblemText, textFrom } from '../../schema/read.ts'
import type { LineRecord, Source } from './importer.ts'

/** A file larger than this is not read (bytes): its text and its parsed form have to fit into memory. */
export const maxFileBytes = 256 * 1024 * 1024
/** A line of JSONL longer than this is not parsed (bytes). */
export const maxLineBytes = 32 * 1024 * 1024

/** Smaller bounds for tests; larger ones for nobody. */
export interface SourceLimits {
  readonly fileBytes?: number
  readonly lineBytes?: number
}

/**
 * Reads a file to import. The size is asked before anything is read, and held while reading, so that a file that
 * grows or does not tell its size (a pipe) cannot fill the memory either. Throws `EVK_FILE_NOT_FOUND` where there
 * is no readable file and `EVK_FILE_TOO_LARGE`; what is wrong inside is thrown when it is asked for.
 */
export async function openSource(path: string, limits: SourceLimits = {}): Promise<Source> {
  return sourceFrom(path, await readBounded(path, limits.fileBytes ?? maxFileBytes), limits)
}

/**
 * A `Source` of bytes that are there already. `path` is the file as the user named it: it stands in errors, and
 * its base name in the traces. Throws `EVK_FILE_TOO_LARGE`; `document()` and `lines()` throw `EVK_FILE_EMPTY`,
 * `EVK_FILE_BINARY`, `EVK_JSON_*` and `EVK_LINE_TOO_LONG`.
 */
export function sourceFrom(path: string, bytes: Uint8Array, limits: SourceLimits = {}): Source {
  refuseLarge(path, bytes.length, limits.fileBytes ?? maxFileBytes)
  const lineBytes = limits.lineBytes ?? maxLineBytes
  const text = once(() => nonBlank(textFrom(bytes, { file: path }), path))
  const source: Source = {
    file: basename(path),
    document: once(() => jsonFrom(text(), { file: path })),
    lines: () => linesOf(path, bytes, lineBytes),
    text,
    bytes: () => bytes,
    files: () => [source],
    records: () => recordsOf(bytes, lineBytes, (line) => `line ${line}`),
  }
  return source
}

/** Several files as one, for a format whose runs may be spread over them. What is asked of one file is refused. */
export function joinedSource(sources: readonly Source[]): Source {
  const [first] = sources
  const names = sources.map((source) => source.file)
  const more = names.length > 3 ? ` and ${names.length - 3} more` : ''
  const file = `${names.slice(0, 3).join(', ')}${more}`
  const refuse = (): never => {
    throw new EvalkitError('EVK_FILE_UNUSABLE', 'These are several files.', { at: { file } })
  }
  if (first !== undefined && sources.length === 1) return first
  return {
    file,
    document: refuse,
    lines: refuse,
    text: refuse,
    bytes: refuse,
    files: () => sources.flatMap((source) => [...source.files()]),
    *records() {
      for (const source of sources) {
        for (const line of source.records()) yield { ...line, at: `${source.file}:${line.at}` }
      }
    },
  }
}

/** The same answer each time, or the same error: every importer asks a file what it is. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | { readonly error: unknown } | undefined
  return () => {
    if (made === undefined) {
      try {
        made = { value: make() }
      } catch (error) {
        made = { error }
      }
    }
    if ('error' in made) throw made.error
    return made.value
  }
}

function* linesOf(
  path: string,
  bytes: Uint8Array,
  limit: number,
): Iterable<{ readonly line: number; readonly value: unknown }> {
  let found = false
  for (const { line, content } of cutLines(bytes)) {
    const at: ErrorPlace = { file: path, line }
    if (content.length > limit) {
      throw new EvalkitError(
        'EVK_LINE_TOO_LONG',
        `The line has ${content.length} bytes; ${limit} are read.`,
        {
          at,
        },
      )
    }
    const text = content.length > 0 ? textFrom(content, at) : ''
    if (text.trim() === '') continue
    found = true
    yield { line, value: jsonFrom(text, at) }
  }
  if (!found) nonBlank('', path)
}

/** The lines of a file that may be damaged. `name` says how a line is called. */
export function* recordsOf(
  bytes: Uint8Array,
  limit: number,
  name: (line: number) => string,
): Iterable<LineRecord> {
  for (const { line, content } of cutLines(bytes)) {
    const at = name(line)
    if (content.length > limit) {
      yield { at, problem: `the line has ${content.length} bytes; ${limit} are read` }
      continue
    }
    const text = textIn(content)
    if (text === undefined) yield { at, problem: 'the line is not text' }
    else if (text.trim() !== '') {
      const read = readJson(text)
      yield read.ok ? { at, value: read.value } : { at, problem: jsonProblemText(read.problem) }
    }
  }
}

/** Lines are cut out of the bytes one at a time, so that a large file never stands in memory twice. */
function* cutLines(bytes: Uint8Array): Iterable<{ readonly line: number; readonly content: Uint8Array }> {
  let line = 0
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, start)
    const end = newline === -1 ? bytes.length : newline
    yield { line: ++line, content: bytes.subarray(start, end) }
    start = end + 1
  }
}

function textIn(content: Uint8Array): string | undefined {
  if (content.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

function nonBlank(text: string, path: string): string {
  if (text.trim() !== '') return text
  throw new EvalkitError('EVK_FILE_EMPTY', 'The file is empty.', { at: { file: path } })
}

async function readBounded(path: string, limit: number): Promise<Uint8Array> {
  try {
    await using file = await open(path, 'r')
    const facts = await file.stat()
    if (facts.isDirectory()) {
      throw new EvalkitError('EVK_FILE_NOT_FOUND', 'This is a folder, not a file.', { at: { file: path } })
    }
    refuseLarge(path, facts.size, limit)
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: 1024 * 1024 })) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError('a stream without encoding yields bytes')
      size += chunk.length
      refuseLarge(path, size, limit)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks, size)
  } catch (cause) {
    if (EvalkitError.is(cause)) throw cause
    if (!(cause instanceof Error && 'code' in cause)) throw cause
    const what =
      cause.code === 'ENOENT' ? 'There is no such file.' : `The file cannot be read (${String(cause.code)}).`
    throw new EvalkitError('EVK_FILE_NOT_FOUND', what, { at: { file: path }, cause })
  }
}

function refuseLarge(path: string, size: number, limit: number): void {
  if (size <= limit) return
  throw new EvalkitError('EVK_FILE_TOO_LARGE', `The file has ${size} bytes; ${limit} are read at most.`, {
    at: { file: path },
  })
}
