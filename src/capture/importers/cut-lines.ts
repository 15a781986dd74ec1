/** A line of a file, without its end. One that is too long is counted and not kept: it has no content. */
export interface CutLine {
  readonly line: number
  /** Bytes. */
  readonly length: number
  /** Holds until the next line is asked for. */
  readonly content?: Uint8Array
}

/** Cuts bytes that come in pieces into lines, of at most `limit` bytes each. In memory are a piece and a line. */
export function* cutLines(chunks: Iterable<Uint8Array>, limit: number): Iterable<CutLine> {
  let line = 0
  let open: Uint8Array[] = []
  let length = 0
  const cut = (rest: Uint8Array): CutLine => {
    const all = { line: ++line, length: length + rest.length }
    const content = open.length === 0 ? rest : Buffer.concat([...open, rest])
    open = []
    length = 0
    return all.length > limit ? all : { ...all, content }
  }
  for (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      yield cut(chunk.subarray(start, end))
      start = end + 1
    }
    if (start === chunk.length) continue
    length += chunk.length - start
    if (length > limit) open = []
    // Copied, since the next piece may come in the same place.
    else open.push(Uint8Array.from(chunk.subarray(start)))
  }
  if (length > 0) yield cut(new Uint8Array())
}
