import { crc32, inflateRawSync } from 'node:zlib'
import { unzstd } from './zstd.ts'

/** Why an archive, or one of its entries, cannot be read. */
export class ZipError extends Error {}

/** One file of an archive. Its name is text somebody wrote, and no path. */
export interface ZipEntry {
  readonly name: string
  /** Bytes, as the archive says: `zipContent` gives exactly that many, or throws. */
  readonly size: number
  readonly packedSize: number
  readonly method: number
  readonly crc: number
  /** Where its local header begins. */
  readonly offset: number
  readonly isEncrypted: boolean
}

/** Whether bytes begin as an archive that holds something. */
export function startsAsZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && viewOf(bytes).getUint32(0, true) === localHeader
}

/**
 * The entries of a ZIP archive by its central directory, in its order (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT).
 * Nothing is unpacked. Throws `ZipError` where there is no directory, where it does not fit the bytes, where entries share bytes (an
 * archive that unpacks to far more than it could hold), and for ZIP64, which nothing below 4 GiB needs.
 */
export function zipEntries(bytes: Uint8Array): readonly ZipEntry[] {
  const view = viewOf(bytes)
  const end = endOf(view)
  const [count, size, start] = [
    view.getUint16(end + 10, true),
    view.getUint32(end + 12, true),
    view.getUint32(end + 16, true),
  ]
  if (count === 0xffff || size === 0xffffffff || start === 0xffffffff)
    throw new ZipError('the archive is ZIP64')
  if (start + size > end) throw new ZipError('the directory of the archive lies outside of it')
  const entries: ZipEntry[] = []
  for (let at = start; entries.length < count; ) {
    const { entry, next } = entryAt(bytes, view, at, start + size)
    entries.push(entry)
    at = next
  }
  refuseOverlaps(entries, start)
  return entries
}

/** What an entry holds. Throws `ZipError` where it is encrypted, packed in a way nobody knows here, not as long as it says, or damaged. */
export function zipContent(bytes: Uint8Array, entry: ZipEntry): Uint8Array {
  if (entry.isEncrypted) throw new ZipError('the entry is encrypted')
  const packed = packedOf(bytes, entry)
  const content = unpacked(packed, entry)
  if (content.length !== entry.size)
    throw new ZipError(`the entry says ${entry.size} bytes and has ${content.length}`)
  if (crc32(content) !== entry.crc) throw new ZipError('the entry is damaged: its checksum differs')
  return content
}

const localHeader = 0x04034b50
const centralHeader = 0x02014b50
const endRecord = 0x06054b50
/** Bytes of each without its names. */
const [localLength, centralLength, endLength] = [30, 46, 22]

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The record at the end; behind it is at most a comment, whose length it knows. */
function endOf(view: DataView): number {
  const first = Math.max(0, view.byteLength - endLength - 0xffff)
  for (let at = view.byteLength - endLength; at >= first; at--) {
    if (view.getUint32(at, true) !== endRecord) continue
    if (at + endLength + view.getUint16(at + 20, true) === view.byteLength) return at
  }
  throw new ZipError('the archive has no end: it was cut off')
}

function entryAt(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
): { readonly entry: ZipEntry; readonly next: number } {
  if (at + centralLength > end || view.getUint32(at, true) !== centralHeader)
    throw new ZipError('the directory of the archive is broken')
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
    view.getUint16(at + field, true),
  ) as [number, number, number]
  const nameAt = at + centralLength
  const next = nameAt + nameLength + extraLength + commentLength
  if (next > end) throw new ZipError('the directory of the archive is broken')
  const [packedSize, size, offset] = [20, 24, 42].map((field) => view.getUint32(at + field, true)) as [
    number,
    number,
    number,
  ]
  if ([packedSize, size, offset].includes(0xffffffff)) throw new ZipError('the archive is ZIP64')
  const entry = {
    name: new TextDecoder().decode(bytes.subarray(nameAt, nameAt + nameLength)),
    size,
    packedSize,
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    offset,
    isEncrypted: (view.getUint16(at + 8, true) & 1) !== 0,
  }
  return { entry, next }
}

/** No two entries are made of the same bytes, and none of those of the directory. */
function refuseOverlaps(entries: readonly ZipEntry[], directory: number): void {
  const byOffset = entries.toSorted((a, b) => a.offset - b.offset)
  for (const [index, { offset, packedSize }] of byOffset.entries()) {
    const next = byOffset[index + 1]?.offset ?? directory
    if (offset + localLength + packedSize > next) throw new ZipError('entries of the archive overlap')
  }
}

function packedOf(bytes: Uint8Array, { offset, packedSize }: ZipEntry): Uint8Array {
  const view = viewOf(bytes)
  if (offset + localLength > bytes.length || view.getUint32(offset, true) !== localHeader)
    throw new ZipError('the entry does not begin where the directory says')
  const start = offset + localLength + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true)
  if (start + packedSize > bytes.length) throw new ZipError('the entry lies outside of the archive')
  return bytes.subarray(start, start + packedSize)
}

function unpacked(packed: Uint8Array, { method, size }: ZipEntry): Uint8Array {
  try {
    if (method === 0) return packed
    if (method === 8) return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) })
    if (method === 93) return unzstd(packed, size)
  } catch (error) {
    if (error instanceof RangeError) throw new ZipError(`the entry has more than the ${size} bytes it says`)
    const why = error instanceof Error ? error.message : String(error)
    throw new ZipError(`the entry cannot be unpacked: ${why}`, { cause: error })
  }
  throw new ZipError(`the entry is packed by method ${method}`)
}
