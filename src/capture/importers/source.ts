import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { readJson } from '../../lib/json.ts'
import { unlessTypeError } from '../../lib/thrown.ts'
import { type ErrorPlace, EvalkitError } from '../../schema/errors.ts'
import { jsonFrom, jsonProblemText, textFrom } from '../../schema/read.ts'
import { type CutLine, cutLines } from './cut-lines.ts'
import { type Content, contentIn, contentOf } from './file-chunks.ts'
import type { LineRecord, Source } from './importer.ts'
import { unpacked } from './unpacked.ts'

/** A file larger than this is not read (bytes): as one document, its text and its parsed form have to fit into memory. */
export const maxFileBytes = 256 * 1024 * 1024
/** A line of JSONL longer than this is not parsed (bytes). */
export const maxLineBytes = 32 * 1024 * 1024

/** Smaller bounds for tests; larger ones for nobody. */
export interface SourceLimits {
  readonly fileBytes?: number
  readonly lineBytes?: number
}

/**
 * A file to import, as long as it is now. Of a file of JSON lines no more than a piece and a line are in memory, and it is read
 * again for each walk; as one document, as text or as bytes it is read whole when that is asked for. What does not tell its
 * size (a pipe) is read here, and its size held while reading; so is what was compressed by gzip or zstd. Throws
 * `EVK_FILE_NOT_FOUND` where there is no readable file, `EVK_FILE_TOO_LARGE`, and `EVK_FILE_BINARY` where it cannot be unpacked;
 * what is wrong inside is thrown when it is asked for.
 */
export async function openSource(path: string, limits: SourceLimits = {}): Promise<Source> {
  const limit = limits.fileBytes ?? maxFileBytes
  try {
    await using file = await open(path, 'r')
    const facts = await file.stat()
    if (facts.isDirectory()) {
      throw new EvalkitError('EVK_FILE_NOT_FOUND', 'This is a folder, not a file.', { at: { file: path } })
    }
    refuseLarge(path, facts.size, limit)
    const content = facts.isFile()
      ? contentIn(path, facts.size)
      : contentOf(await readBounded(path, file, limit))
    return sourceOf(path, unpacked(path, content, limit), limits)
  } catch (cause) {
    if (EvalkitError.is(cause)) throw cause
    if (!(cause instanceof Error && 'code' in cause)) throw cause
    const what =
      cause.code === 'ENOENT' ? 'There is no such file.' : `The file cannot be read (${String(cause.code)}).`
    throw new EvalkitError('EVK_FILE_NOT_FOUND', what, { at: { file: path }, cause })
  }
}

/**
 * A `Source` of bytes that are there already. `path` is the file as the user named it: it stands in errors, and
 * its base name in the traces. What was compressed by gzip or zstd is what is in it. Throws `EVK_FILE_TOO_LARGE`, and `EVK_FILE_BINARY`
 * where it cannot be unpacked; `document()` and `lines()` throw `EVK_FILE_EMPTY`, `EVK_FILE_BINARY`, `EVK_JSON_*` and
 * `EVK_LINE_TOO_LONG`.
 */
export function sourceFrom(path: string, bytes: Uint8Array, limits: SourceLimits = {}): Source {
  const limit = limits.fileBytes ?? maxFileBytes
  refuseLarge(path, bytes.length, limit)
  return sourceOf(path, unpacked(path, contentOf(bytes), limit), limits)
}

/** A `Source` of what is in a file, whose size was looked at. */
export function sourceOf(path: string, content: Content, limits: SourceLimits = {}): Source {
  const lineBytes = limits.lineBytes ?? maxLineBytes
  const whole = (): string => nonBlank(textFrom(content.whole(), { file: path }), path)
  const lines = (): Iterable<CutLine> => cutLines(content.chunks(), lineBytes)
  /** Where the document is all on one line. */
  let only: OnlyLine | undefined
  const source: Source = {
    file: basename(path),
    document: once(() => {
      const found = documentOf(path, lines(), whole)
      if ('line' in found) only = found
      return found.value
    }),
    lines: () => (only === undefined ? linesOf(path, lines(), lineBytes) : [only]),
    text: once(whole),
    bytes: () => content.whole(),
    chunks: () => content.chunks(),
    head: () => headOf(content),
    files: () => [source],
    records: () =>
      only === undefined
        ? recordsOf(lines(), lineBytes, nameOf)
        : [{ at: nameOf(only.line), value: only.value }],
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
    chunks: refuse,
    head: refuse,
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

/** Bytes that a format is told by, where it is not told by its lines. */
const headBytes = 64 * 1024

function headOf(content: Content): Uint8Array {
  for (const chunk of content.chunks()) return Uint8Array.from(chunk.subarray(0, headBytes))
  return new Uint8Array()
}

/**
 * The file as one document. Lines of which the first is a document are many: that is found out at the second of them, and the
 * rest of a large file is not read for it.
 */
function documentOf(
  path: string,
  lines: Iterable<CutLine>,
  whole: () => string,
): OnlyLine | { readonly value: unknown } {
  const wholly = (): { readonly value: unknown } => ({ value: jsonFrom(whole(), { file: path }) })
  let first: { readonly line: number; readonly text: string; readonly value: unknown } | undefined
  for (const { line, content } of lines) {
    const text = content === undefined ? undefined : textIn(content)
    if (text === undefined) return wholly()
    if (text.trim() === '') continue
    if (first !== undefined) {
      const between = '\n'.repeat(line - first.line)
      const both = `${'\n'.repeat(first.line - 1)}${first.text}${between}${text.slice(0, shownOfSecond)}`
      return { value: jsonFrom(both, { file: path }) }
    }
    const read = readJson(text)
    if (!read.ok) return wholly()
    first = { line, text, value: read.value }
  }
  return first === undefined ? { value: nonBlank('', path) } : { line: first.line, value: first.value }
}

interface OnlyLine {
  readonly line: number
  readonly value: unknown
}

function nameOf(line: number): string {
  return `line ${line}`
}

/** Characters of a second document, of which the first is one too many. */
const shownOfSecond = 100

function* linesOf(
  path: string,
  lines: Iterable<CutLine>,
  limit: number,
): Iterable<{ readonly line: number; readonly value: unknown }> {
  let found = false
  for (const { line, length, content } of lines) {
    const at: ErrorPlace = { file: path, line }
    if (content === undefined) {
      throw new EvalkitError('EVK_LINE_TOO_LONG', `The line has ${length} bytes; ${limit} are read.`, { at })
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
  lines: Iterable<CutLine>,
  limit: number,
  name: (line: number) => string,
): Iterable<LineRecord> {
  for (const { line, length, content } of lines) {
    const at = name(line)
    if (content === undefined) {
      yield { at, problem: `the line has ${length} bytes; ${limit} are read` }
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

function textIn(content: Uint8Array): string | undefined {
  if (content.includes(0)) return undefined
  return unlessTypeError(() => new TextDecoder('utf-8', { fatal: true }).decode(content))
}

function nonBlank(text: string, path: string): string {
  if (text.trim() !== '') return text
  throw new EvalkitError('EVK_FILE_EMPTY', 'The file is empty.', { at: { file: path } })
}

async function readBounded(path: string, file: FileHandle, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: 1024 * 1024 })) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a stream without encoding yields bytes')
    size += chunk.length
    refuseLarge(path, size, limit)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

function refuseLarge(path: string, size: number, limit: number): void {
  if (size <= limit) return
  throw new EvalkitError('EVK_FILE_TOO_LARGE', `The file has ${size} bytes; ${limit} are read at most.`, {
    at: { file: path },
  })
}
