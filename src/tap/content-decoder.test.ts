import * as zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { contentDecoder } from './content-decoder.ts'

// Little of it repeats: compressed, it still is long.
const leaves = Array.from({ length: 5000 }, (_, at) => `leaf ${(at * 7919) % 10_007}`).join()

/** What is handed on of a body that comes in these pieces. */
async function decoded(
  encoding: string | undefined,
  pieces: readonly Uint8Array[],
  {
    limit = 1_000_000,
    how,
    skip = false,
  }: { limit?: number; how?: 'reset' | 'cancelled'; skip?: boolean } = {},
): Promise<{ readonly text: string; readonly how: string }> {
  const chunks: Uint8Array[] = []
  const ended = Promise.withResolvers<string>()
  const decoder = contentDecoder(encoding, limit, {
    chunk: (bytes) => void chunks.push(Buffer.from(bytes)),
    end: (as) => ended.resolve(as ?? 'end'),
  })
  for (const piece of pieces) decoder.chunk(piece)
  if (skip) decoder.skip()
  decoder.end(how)
  return { how: await ended.promise, text: Buffer.concat(chunks).toString() }
}

describe('a compressed body', () => {
  const coded: (readonly [string, Uint8Array])[] = [
    ['gzip', zlib.gzipSync(leaves)],
    ['X-GZIP', zlib.gzipSync(leaves)],
    ['deflate', zlib.deflateSync(leaves)],
    ['deflate', zlib.deflateRawSync(leaves)],
    ['br', zlib.brotliCompressSync(leaves)],
    ['identity', Buffer.from(leaves)],
  ]
  // Node 22.14 has none.
  if ('zstdCompressSync' in zlib) coded.push(['zstd', zlib.zstdCompressSync(leaves)])
  it.each(coded)('coded as %s, byte by byte', async (encoding, bytes) => {
    const pieces = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
    expect(await decoded(encoding, pieces)).toEqual({ text: leaves, how: 'end' })
  })

  it.each([
    ['gzip', zlib.gzipSync(leaves)],
    ['br', zlib.brotliCompressSync(leaves)],
  ])('coded as %s that breaks off: as far as it came', async (encoding, bytes) => {
    const half = bytes.subarray(0, bytes.length - 2000)
    const { text, how } = await decoded(encoding, [half], { how: 'reset' })
    expect(how).toBe('reset')
    expect(text.length).toBeGreaterThan(0)
    expect(leaves.startsWith(text)).toBe(true)
  })

  it('is handed on as it comes, not at its end', async () => {
    const gzip = zlib.createGzip()
    const sent: Buffer[] = []
    gzip.on('data', (bytes: Buffer) => sent.push(bytes))
    gzip.write('first leaf')
    await new Promise<void>((resolve) => gzip.flush(resolve))
    const seen = Promise.withResolvers<string>()
    const decoder = contentDecoder('gzip', 1000, {
      chunk: (bytes) => seen.resolve(Buffer.from(bytes).toString()),
      end: () => seen.resolve('too late'),
    })
    decoder.chunk(Buffer.concat(sent))
    expect(await seen.promise).toBe('first leaf')
  })

  it('unfolds no further than we keep', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(50_000_000))
    const { text, how } = await decoded('gzip', [bomb], { limit: 1000 })
    expect([text.length, how]).toEqual([1000, 'truncated'])
  })

  it.each([
    ['an unknown coding', 'compress', Buffer.from('tea')],
    ['two codings', 'gzip, br', Buffer.from('tea')],
    ['a body that is not what it says', 'gzip', Buffer.from('tea')],
  ])('%s is left out, and said to be', async (_, encoding, bytes) => {
    expect(await decoded(encoding, [bytes])).toEqual({ text: '', how: 'truncated' })
  })

  it('that ends in the middle of its code, though nobody says so', async () => {
    const half = zlib.gzipSync(leaves).subarray(0, -2000)
    expect(await decoded('gzip', [half])).toMatchObject({ how: 'truncated' })
  })

  it("is the agent's to change when it has it", async () => {
    const bytes = zlib.gzipSync(leaves)
    const ended = Promise.withResolvers<string | undefined>()
    const decoder = contentDecoder('gzip', 1_000_000, {
      chunk: () => undefined,
      end: (how) => ended.resolve(how),
    })
    decoder.chunk(bytes)
    bytes.fill(0)
    decoder.end()
    expect(await ended.promise).toBeUndefined()
  })

  it('that is empty has come to its end', async () => {
    expect(await decoded('gzip', [])).toEqual({ text: '', how: 'end' })
  })
})

describe('a plain body', () => {
  it.each([
    [{}, { text: 'oolong', how: 'end' }],
    [{ limit: 3 }, { text: 'ool', how: 'truncated' }],
    [{ limit: 6 }, { text: 'oolong', how: 'end' }],
    [{ skip: true }, { text: 'oolong', how: 'truncated' }],
    [{ limit: 3, how: 'cancelled' } as const, { text: 'ool', how: 'cancelled' }],
  ])('%j', async (options, expected) => {
    expect(await decoded(undefined, [Buffer.from('oo'), Buffer.from('long')], options)).toEqual(expected)
  })
})
