import { isUtf8 } from 'node:buffer'
import { readJson } from '../json.ts'
import type { Edit } from './find.ts'
import { placesOf } from './json-places.ts'
import type { Chunk, Path, RecordedBody } from './walk.ts'

type TextLeaf = (text: string, name: string | undefined, path: Path) => string

/** How one body is redacted. */
export interface BodyTools {
  /** The edits of a text, in order; counts them. */
  readonly edits: (text: string) => readonly Edit[]
  /** A value with its texts as `text` says; the third argument of it is the ordinary way. `quiet` counts nothing. */
  readonly walk: (
    value: unknown,
    text: (...leaf: [...Parameters<TextLeaf>, TextLeaf]) => string,
    quiet: boolean,
  ) => unknown
  readonly renamed: (key: string) => string
}

/** Texts that come piece by piece in the events of a stream, under these names in every format we know. */
const running = new Set(
  `
  content text arguments partial_json thinking delta reasoning_content reasoning refusal input response
  transcript
`
    .trim()
    .split(/\s+/),
)

/** What tells one running text of a stream from another, in the event and in the lists inside it. */
const discriminators = ['index', 'item_id', 'content_index', 'output_index', 'summary_index']

interface Body {
  readonly text: string
  readonly encoding: 'utf8' | 'latin1'
}

interface Range {
  readonly start: number
  readonly end: number
}

interface Record extends Range {
  /** The texts of the event in the order of the walk, as they are to be. */
  readonly texts: string[]
  changed: boolean
}

interface Part {
  readonly record: Record
  readonly slot: number
  readonly text: string
}

/**
 * The pieces of a recorded body without its secrets, as many as there were: the same list if nothing was found. Event
 * streams and JSON lines are read event by event, and a text that is spread over many of them is redacted as one; its
 * placeholder then stands in the event where the secret began.
 */
export function redactedChunks(
  chunks: readonly Chunk[],
  contentType: string | undefined,
  tools: BodyTools,
): readonly Chunk[] {
  const text = chunks.every((chunk) => typeof chunk === 'string') ? chunks.join('') : undefined
  const body =
    text === undefined ? bodyOf(Buffer.concat(chunks.map(bytesOf))) : ({ text, encoding: 'utf8' } as const)
  const edits = editsOf(body.text, contentType, tools)
  if (edits.length === 0) return chunks
  let length = 0
  const { bytes, cuts } = recut(
    chunks.map((chunk) => (length += bytesOf(chunk).length)),
    body,
    edits,
  )
  let start = 0
  return cuts.map((end) => {
    const piece = bytes.subarray(start, end)
    start = end
    return isUtf8(piece) ? piece.toString('utf8') : { base64: piece.toString('base64') }
  })
}

/** The same for a body in one piece and the places of its cuts: the same one if nothing was found. */
export function redactedBody(
  recorded: RecordedBody,
  contentType: string | undefined,
  tools: BodyTools,
): RecordedBody {
  const { body: text, base64, cuts = [] } = recorded
  if (text === undefined && base64 === undefined) return recorded
  const body =
    text === undefined ? bodyOf(Buffer.from(base64 ?? '', 'base64')) : ({ text, encoding: 'utf8' } as const)
  const edits = editsOf(body.text, contentType, tools)
  if (edits.length === 0) return recorded
  const after = recut(cuts, body, edits)
  const inside = [...new Set(after.cuts)].filter((cut) => cut > 0 && cut < after.bytes.length)
  return {
    ...(isUtf8(after.bytes)
      ? { body: after.bytes.toString('utf8') }
      : { base64: after.bytes.toString('base64') }),
    ...(recorded.cuts === undefined ? {} : { cuts: inside }),
  }
}

function editsOf(text: string, contentType: string | undefined, tools: BodyTools): readonly Edit[] {
  const lines = streamLines(text, contentType)
  return lines === undefined ? tools.edits(text) : streamEdits(text, lines, tools)
}

/** What is no UTF-8 as a whole, or was cut off inside a character, is read byte by byte: keys are ASCII. */
function bodyOf(bytes: Buffer): Body {
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1'
  return { text: bytes.toString(encoding), encoding }
}

function bytesOf(chunk: Chunk): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.base64, 'base64')
}

/** The lines of a body that is a stream of events, without their `data:`; `undefined` for any other body. */
function streamLines(text: string, contentType = ''): Range[] | undefined {
  const events = /event-stream/i.test(contentType) || /^\ufeff?(?:event|data|id|retry)?:/.test(text)
  if (!events && !/ndjson|jsonl|json-seq/i.test(contentType) && !isJsonLines(text)) return undefined
  const lines: Range[] = []
  for (const match of text.matchAll(/[^\r\n]+/g)) {
    const mark = events ? (/^\ufeff?data: ?/.exec(match[0])?.[0].length ?? 0) : 0
    lines.push({ start: match.index + mark, end: match.index + match[0].length })
  }
  return lines
}

function isJsonLines(text: string): boolean {
  if (!text.startsWith('{')) return false
  const end = text.indexOf('\n')
  return end > 0 && end < text.trimEnd().length && readJson(text.slice(0, end)).ok
}

function streamEdits(text: string, lines: readonly Range[], tools: BodyTools): Edit[] {
  const edits: Edit[] = []
  const records: Record[] = []
  const groups = new Map<string, Part[]>()
  for (const { start, end } of lines) {
    const first = text.charCodeAt(start)
    const read = first === 0x7b || first === 0x5b ? readJson(text.slice(start, end)) : undefined
    if (read?.ok === true) records.push(recordOf({ start, end }, read.value, groups, tools))
    else if (end - start > 8)
      for (const edit of tools.edits(text.slice(start, end))) edits.push(moved(edit, start))
  }
  for (const parts of groups.values()) redactRunning(parts, tools)
  for (const record of records) {
    if (!record.changed) continue
    const json = text.slice(record.start, record.end)
    const read = readJson(json)
    if (!read.ok) continue
    let slot = 0
    const after = tools.walk(read.value, (leaf) => record.texts[slot++] ?? leaf, true)
    for (const edit of placesOf(json, after, tools.renamed)) edits.push(moved(edit, record.start))
  }
  return edits.sort((a, b) => a.start - b.start)
}

function recordOf(range: Range, value: unknown, groups: Map<string, Part[]>, tools: BodyTools): Record {
  const record: Record = { ...range, texts: [], changed: false }
  const after = tools.walk(
    value,
    (leaf, name, path, ordinary) => {
      const last = path.at(-1)
      const isRunning = typeof last === 'string' && running.has(last)
      const text = isRunning ? leaf : ordinary(leaf, name, path)
      if (isRunning && leaf !== '') {
        const group = runningText(value, path)
        const parts = groups.get(group)
        const part = { record, slot: record.texts.length, text: leaf }
        if (parts === undefined) groups.set(group, [part])
        else parts.push(part)
      }
      record.texts.push(text)
      return text
    },
    false,
  )
  record.changed = after !== value
  return record
}

/** Which running text a leaf belongs to: the event's type, the way to the leaf, and the discriminators on it. */
function runningText(event: unknown, path: Path): string {
  const id: unknown[] = []
  let at = event
  for (const [depth, step] of path.entries()) {
    if (typeof at === 'object' && at !== null && !Array.isArray(at)) {
      const members = at as Readonly<{ [name: string]: unknown }>
      // Further down, some formats name the type in the first piece only.
      if (depth === 0) id.push(members['type'])
      for (const name of discriminators) id.push(members[name])
      id.push(step)
    } else if (Array.isArray(at)) {
      const item: unknown = at[Number(step)]
      const numbered = typeof item === 'object' && item !== null && 'index' in item
      id.push(numbered ? '#' : step)
    }
    at = (at as Readonly<{ [name: string]: unknown }>)[step]
  }
  return JSON.stringify(id)
}

function redactRunning(parts: readonly Part[], tools: BodyTools): void {
  const edits = tools.edits(parts.map(({ text }) => text).join(''))
  if (edits.length === 0) return
  const after = spread(
    parts.map(({ text }) => text),
    edits,
  )
  for (const [at, { record, slot, text }] of parts.entries()) {
    const now = after[at] ?? ''
    if (now === text) continue
    record.texts[slot] = now
    record.changed = true
  }
}

/** The edits of a joined text made in its parts: what replaces something stands in the part where that began. */
function spread(parts: readonly string[], edits: readonly Edit[]): string[] {
  let next = 0
  let begin = 0
  return parts.map((part, at) => {
    const end = begin + part.length
    const last = at === parts.length - 1
    let from = begin
    let out = ''
    for (let edit = edits[next]; edit !== undefined; edit = edits[next]) {
      if (edit.start >= end && !(last && edit.start === end)) break
      if (edit.start >= begin) out += part.slice(from - begin, edit.start - begin) + edit.text
      from = Math.min(edit.end, end)
      if (edit.end > end) break
      next++
    }
    out += part.slice(from - begin)
    begin = end
    return out
  })
}

function moved(edit: Edit, by: number): Edit {
  return { ...edit, start: edit.start + by, end: edit.end + by }
}

/**
 * The edited body, and where its cuts (offsets in bytes) are now: a cut inside what was replaced stands as far into
 * what replaces it.
 */
function recut(
  cuts: readonly number[],
  { text, encoding }: Body,
  edits: readonly Edit[],
): { readonly bytes: Buffer; readonly cuts: readonly number[] } {
  const pieces: Buffer[] = []
  const moves: number[] = []
  let cut = 0
  let at = 0
  let [oldAt, newAt] = [0, 0]
  const keep = (until: number): void => {
    const piece = Buffer.from(text.slice(at, until), encoding)
    while (cut < cuts.length && (cuts[cut] ?? 0) <= oldAt + piece.length)
      moves.push(newAt + (cuts[cut++] ?? 0) - oldAt)
    pieces.push(piece)
    oldAt += piece.length
    newAt += piece.length
    at = until
  }
  for (const edit of edits) {
    keep(edit.start)
    const old = Buffer.byteLength(text.slice(edit.start, edit.end), encoding)
    const piece = Buffer.from(edit.text, encoding)
    while (cut < cuts.length && (cuts[cut] ?? 0) < oldAt + old) {
      const share = ((cuts[cut++] ?? 0) - oldAt) / old
      moves.push(newAt + Math.round(share * piece.length))
    }
    pieces.push(piece)
    oldAt += old
    newAt += piece.length
    at = edit.end
  }
  keep(text.length)

  return { bytes: Buffer.concat(pieces), cuts: moves }
}
