/** One part of a body of `multipart/form-data`: its name and its bytes, as they stand in the body. */
export interface BodyPart {
  readonly name: string
  /** The media type its header says, without parameters; empty where it says none. */
  readonly type: string
  readonly content: Uint8Array
}

/** A part, or why what stands there is none. `at` says which it is. */
export type PartFound = { readonly at: string } & ({ readonly part: BodyPart } | { readonly problem: string })

/**
 * The parts of a saved body of `multipart/form-data` (RFC 7578), with the boundary in its first line; of several bodies one behind the
 * other, the parts of all. A body that was cut off ends with a problem. Cost is linear in its bytes.
 */
export function* partsIn(bytes: Uint8Array): Iterable<PartFound> {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let count = 0
  for (let at = 0; at < body.length; ) {
    const opening = openingAt(body, at)
    if (opening === undefined) {
      // Line breaks behind the end belong to nobody.
      if (!/^\s*$/.test(body.toString('latin1', at, at + 64)))
        yield { at: `byte ${at}`, problem: 'this is no part of a body' }
      return
    }
    const { delimiter, newline } = opening
    at = opening.end
    for (let isLast = false; !isLast; ) {
      const next = body.indexOf(delimiter, at)
      const place = `part ${++count}`
      if (next === -1) {
        yield { at: place, problem: 'the body was cut off' }
        return
      }
      yield { at: place, ...partFrom(body.subarray(at, next), newline) }
      at = next + delimiter.length
      isLast = body.toString('latin1', at, at + 2) === '--'
      at += isLast ? 2 : newline.length
    }
    while (body[at] === 0x0d || body[at] === 0x0a) at++
  }
}

/** Whether bytes begin as such a body, with a part of which the name begins with one of these words. */
export function startsAsMultipart(bytes: Uint8Array, ...words: readonly string[]): boolean {
  if (bytes[0] !== 0x2d || bytes[1] !== 0x2d) return false
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 2048))
  const opening = openingAt(body, 0)
  if (opening === undefined) return false
  const name = nameIn(body.toString('utf8', opening.end))
  return name !== undefined && words.some((word) => name.startsWith(word))
}

/** At most what RFC 2046 allows (70), and the two dashes before it. */
const longestOpening = 72
const longestHeader = 8192

interface Opening {
  /** What stands between two parts. */
  readonly delimiter: Buffer
  readonly newline: string
  readonly end: number
}

function openingAt(body: Buffer, at: number): Opening | undefined {
  const head = body.toString('latin1', at, at + longestOpening + 2)
  const [line = '', boundary = '', newline = ''] = /^--([\x21-\x7e]{1,70})(\r?\n)/.exec(head) ?? []
  if (line === '') return undefined
  return { delimiter: Buffer.from(`${newline}--${boundary}`, 'latin1'), newline, end: at + line.length }
}

function partFrom(
  bytes: Buffer,
  newline: string,
): { readonly part: BodyPart } | { readonly problem: string } {
  const head = bytes.subarray(0, longestHeader)
  const end = head.indexOf(`${newline}${newline}`)
  if (end === -1) return { problem: 'the part has no header' }
  const header = head.toString('utf8', 0, end)
  const name = nameIn(header)
  if (name === undefined) return { problem: 'the part has no name' }
  const type = /^content-type: *([^;\r\n ]{1,200})/im.exec(header)?.[1] ?? ''
  return { part: { name, type: type.toLowerCase(), content: bytes.subarray(end + 2 * newline.length) } }
}

function nameIn(header: string): string | undefined {
  return /^content-disposition: *form-data;[^\r\n]*?[; ]name="([^"\r\n]{1,500})"/im.exec(header)?.[1]
}
