import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutLines } from './cut-lines.ts'

function* inPieces(bytes: Uint8Array, size: number): Iterable<Uint8Array> {
  // One buffer for all pieces, as of a file that is read.
  const piece = new Uint8Array(size)
  for (let at = 0; at < bytes.length; at += size) {
    const next = bytes.subarray(at, at + size)
    piece.set(next)
    yield piece.subarray(0, next.length)
  }
}

function cut(text: string, size: number, limit = 1000): readonly (readonly [number, number, string?])[] {
  const found: (readonly [number, number, string?])[] = []
  for (const { line, length, content } of cutLines(inPieces(new TextEncoder().encode(text), size), limit))
    found.push(content === undefined ? [line, length] : [line, length, new TextDecoder().decode(content)])
  return found
}

describe('bytes cut into lines', () => {
  it('are the lines of the text, whatever pieces they come in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('tea', '\n', 'é', '\r')),
        fc.integer({ min: 1, max: 9 }),
        (words, size) => {
          const text = words.join('')
          const lines = text.split('\n')
          if (lines.at(-1) === '') lines.pop()
          expect(cut(text, size)).toEqual(lines.map((line, at) => [at + 1, Buffer.byteLength(line), line]))
        },
      ),
      { seed: 42 },
    )
  })

  it.each([1, 3, 100])('count what is too long and go on (pieces of %i bytes)', (size) => {
    expect(cut('12345\n123456\n1\n1234567', size, 5)).toEqual([
      [1, 5, '12345'],
      [2, 6],
      [3, 1, '1'],
      [4, 7],
    ])
  })
})
