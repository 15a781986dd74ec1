import { createReadStream } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileError } from '../dataset/file-error.ts'
import { byCodeUnit } from '../lib/json.ts'
import type { Redactor } from '../lib/redact.ts'
import { thrownAs } from '../lib/thrown.ts'

/** A secret in a file: where it is and of what kind, never what it is. */
export interface FileFinding {
  readonly file: string
  readonly line: number
  /** In JSON: the path of the value. */
  readonly path?: string
  readonly kind: string
}

/** What a scan saw. `unread` files may hold anything; `binary` ones and links are not looked into. */
export interface Scan {
  readonly files: number
  readonly bytes: number
  readonly findings: FileFinding[]
  readonly unread: { readonly file: string; readonly reason: string }[]
  readonly binary: readonly string[]
  readonly links: readonly string[]
}

/** A file larger than this is not scanned (bytes): a whole JSON document has to fit into memory, parsed. */
export const maxScanBytes = 64 * 1024 * 1024

/** Folders that hold other people's files. */
const skipped = new Set(['node_modules', '.git', '.evalkit'])

/**
 * Looks for secrets in files and in the files of folders. Links inside a folder are not followed, so a scan never
 * leaves it. A JSON document is read as one, JSON lines line by line, all else as text. Throws `EVK_FILE_NOT_FOUND`
 * for a path that was asked for and is not there.
 */
export async function scanFiles(
  paths: readonly { readonly name: string; readonly path: string }[],
  redactor: Redactor,
  maxBytes = maxScanBytes,
): Promise<Scan> {
  const findings: FileFinding[] = []
  const unread: { file: string; reason: string }[] = []
  const binary: string[] = []
  const links: string[] = []
  let [files, bytes] = [0, 0]

  const scanFile = async (name: string, path: string, size: number): Promise<void> => {
    if (size > maxBytes) {
      unread.push({ file: name, reason: `it has ${size} bytes; ${maxBytes} are read` })
      return
    }
    const content = await readUpTo(path, maxBytes)
    if (content === undefined) {
      unread.push({ file: name, reason: `it grew over ${maxBytes} bytes while it was read` })
      return
    }
    files++
    bytes += content.length
    if (content.subarray(0, 8000).includes(0)) binary.push(name)
    else
      for (const finding of findingsIn(content.toString('utf8'), redactor))
        findings.push({ file: name, ...finding })
  }

  const walk = async (name: string, path: string): Promise<void> => {
    const about = await lstat(path)
    if (about.isSymbolicLink()) links.push(name)
    else if (about.isFile()) await scanFile(name, path, about.size)
    else if (about.isDirectory()) await walkFolder(name, path)
    else unread.push({ file: name, reason: 'it is no file' })
  }

  const walkFolder = async (name: string, path: string): Promise<void> => {
    const names = (await readdir(path)).filter((entry) => !skipped.has(entry)).sort(byCodeUnit)
    for (const entry of names) {
      const inner = join(name, entry)
      try {
        await walk(inner, join(path, entry))
      } catch (error) {
        unread.push({ file: inner, reason: thrownAs(fileError(error, inner)).message })
      }
    }
  }

  for (const { name, path } of paths) {
    try {
      // What was asked for by name is looked at, also behind a link.
      const about = await stat(path)
      if (about.isDirectory()) await walkFolder(name, path)
      else await scanFile(name, path, about.size)
    } catch (error) {
      throw fileError(error, name)
    }
  }
  return { files, bytes, findings, unread, binary, links }
}

/** The bytes of a file, or nothing where there are more than its size told. */
async function readUpTo(path: string, maxBytes: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > maxBytes) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function findingsIn(text: string, redactor: Redactor): Omit<FileFinding, 'file'>[] {
  if (isDocument(text)) return placed(text, redactor.find(text), 1)
  const lines = text.split('\n')
  if (!lines.some((line) => /^[[{]/.test(line) && isDocument(line)))
    return placed(text, redactor.find(text), 1)
  return lines.flatMap((line, at) => placed(line, redactor.find(line), at + 1))
}

function isDocument(text: string): boolean {
  const first = text.trimStart().charAt(0)
  if (first !== '{' && first !== '[') return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Findings with their lines; they come in the order of the text. */
function placed(
  text: string,
  findings: ReturnType<Redactor['find']>,
  firstLine: number,
): Omit<FileFinding, 'file'>[] {
  let line = firstLine
  let seen = 0
  return [...findings]
    .sort((a, b) => a.at - b.at)
    .map(({ kind, at, path }) => {
      for (let next = text.indexOf('\n', seen); next !== -1 && next < at; next = text.indexOf('\n', seen)) {
        line++
        seen = next + 1
      }
      return { line, kind, ...(path === undefined ? {} : { path }) }
    })
}
