import { readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { EvalkitError } from '../../schema/errors.ts'
import { cutLines } from './cut-lines.ts'
import { contentIn, readable } from './file-chunks.ts'
import type { LineRecord, Source } from './importer.ts'
import { maxFileBytes, maxLineBytes, recordsOf, sourceOf, type SourceLimits } from './source.ts'

/**
 * A folder of JSONL files that belong together, as what stands in it when this is called: a file that grows later is
 * read as far as it reached now. With them come the files of agents that Claude Code keeps one floor down, in
 * `<session>/subagents/`, and the `.meta.json` beside each, as one record. A line is in memory at a time. Throws `EVK_FILE_NOT_FOUND` where the folder holds
 * none, and `EVK_FILE_TOO_LARGE` where one of them is.
 */
export function openFolder(path: string, limits: SourceLimits = {}): Source {
  const files = filesIn(path, limits.fileBytes ?? maxFileBytes)
  const refuse = (): never => {
    throw new EvalkitError(
      'EVK_FILE_UNUSABLE',
      'Of a folder only JSON lines are read, and its files are in no format of those.',
      {
        at: { file: path },
        hint: 'Name the files.',
      },
    )
  }
  return {
    file: basename(path),
    document: refuse,
    text: refuse,
    lines: refuse,
    bytes: refuse,
    chunks: refuse,
    head: refuse,
    *files() {
      for (const { name, size } of files.filter(({ name: of }) => !of.endsWith(facts))) {
        const file = join(path, name)
        yield sourceOf(file, contentIn(file, size), limits)
      }
    },
    records: () =>
      recordsIn(
        path,
        files.filter(({ name }) => isLines(name)),
        limits.lineBytes ?? maxLineBytes,
      ),
  }
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

interface File {
  readonly name: string
  readonly size: number
}

function* recordsIn(path: string, files: readonly File[], lineBytes: number): Iterable<LineRecord> {
  for (const { name, size } of files) {
    const file = join(path, name)
    const content = contentIn(file, size)
    if (name.endsWith(facts)) yield* documentOf(content.whole(), lineBytes, name)
    else yield* recordsOf(cutLines(content.chunks(), lineBytes), lineBytes, (line) => `${name}:${line}`)
  }
}

function isLines(name: string): boolean {
  return name.endsWith('.jsonl') || name.endsWith(facts)
}

/** What a folder is read for, where it holds no JSON lines: requests of OTLP, each a file. */
const requestFiles = /\.(?:json|pb|binpb|bin)$/

/** What stands beside the file of an agent. */
const facts = '.meta.json'

/** A small JSON document is one record, however many lines it has: line breaks mean nothing between its parts. */
function documentOf(bytes: Uint8Array, lineBytes: number, name: string): Iterable<LineRecord> {
  const joined = bytes.map((byte) => (byte === 0x0a || byte === 0x0d ? 0x20 : byte))
  return recordsOf(cutLines([joined], lineBytes), lineBytes, () => name)
}

/** In the order they were written: a rotated spool goes on in `<name>.1.jsonl`, `<name>.2.jsonl`, …, `.10.jsonl`. */
function filesIn(path: string, limit: number): readonly File[] {
  const names = readable(path, () => readdirSync(path))
  const own = sizesOf(
    path,
    names.filter((name) => name.endsWith('.jsonl')),
  )
  const requests = names.filter((name) => requestFiles.test(name) && !name.endsWith(facts))
  const files =
    own.length === 0 ? sizesOf(path, requests) : [...own, ...names.flatMap((name) => agentsIn(path, name))]
  if (files.length === 0) {
    throw new EvalkitError('EVK_FILE_NOT_FOUND', 'The folder holds no *.jsonl, *.json or *.pb file.', {
      at: { file: path },
      hint: 'Of a folder, JSON lines and requests of OTLP are read; name files of other formats.',
    })
  }
  for (const { name, size } of files) {
    if (size > limit) {
      throw new EvalkitError('EVK_FILE_TOO_LARGE', `The file has ${size} bytes; ${limit} are read at most.`, {
        at: { file: join(path, name) },
      })
    }
  }
  return files
}

function sizesOf(path: string, names: readonly string[]): readonly File[] {
  return names
    .flatMap((name) => {
      const found = readable(join(path, name), () => statSync(join(path, name)))
      return found.isFile() ? [{ name, size: found.size }] : []
    })
    .sort((a, b) => inOrder(a.name, b.name))
}

/** The files of the agents that a session started. */
function agentsIn(path: string, session: string): readonly File[] {
  const folder = `${session}/subagents`
  if (!isFolder(join(path, folder))) return []
  const names = readable(join(path, folder), () => readdirSync(join(path, folder)))
  const known = names.filter(
    (name) => name.startsWith('agent-') && (name.endsWith('.jsonl') || name.endsWith(facts)),
  )
  return sizesOf(
    path,
    known.map((name) => `${folder}/${name}`),
  )
}

function inOrder(a: string, b: string): number {
  const [one, two] = [partsOf(a), partsOf(b)]
  return one.base < two.base ? -1 : one.base > two.base ? 1 : one.part - two.part
}

function partsOf(name: string): { readonly base: string; readonly part: number } {
  const [, base = name, part = '0'] = /^(.*?)(?:\.(\d+))?\.jsonl$/.exec(name) ?? []
  return { base, part: Number(part) }
}
