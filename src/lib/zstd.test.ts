import { zstdCompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { startsAsZstd, unzstd } from './zstd.ts'

describe('unzstd', () => {
  it('undoes any number of frames of any size, one behind the other', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.nat({ max: 60_000 })), { maxLength: 4 }), (pieces) => {
        const texts = pieces.map(([text, times]) => text.repeat(Math.min(times, 200_000 / (text.length + 1))))
        const bytes = Buffer.concat(texts.map((text) => zstdCompressSync(text)))
        expect(Buffer.from(unzstd(bytes, 2_000_000)).toString()).toBe(Buffer.from(texts.join('')).toString())
        expect(startsAsZstd(bytes)).toBe(texts.length > 0)
      }),
      { seed: 42, numRuns: 60 },
    )
  })

  it('steps over frames that hold no data', () => {
    const skipped = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
    const bytes = Buffer.concat([skipped, zstdCompressSync('hello '), skipped, zstdCompressSync('you')])
    expect(Buffer.from(unzstd(bytes, 100)).toString()).toBe('hello you')
  })

  it('makes no more than it may, of one frame or of many', () => {
    const bomb = zstdCompressSync(Buffer.alloc(10_000_000))
    expect(() => unzstd(bomb, 1000)).toThrow(RangeError)
    const many = Buffer.concat(Array.from({ length: 20 }, () => zstdCompressSync(Buffer.alloc(100))))
    expect(unzstd(many, 2000)).toHaveLength(2000)
    expect(() => unzstd(many, 1999)).toThrow(RangeError)
  })

  it('refuses a file of nothing but tiny frames, of which each takes its time', () => {
    const tiny = zstdCompressSync('')
    const many = (count: number) => Buffer.concat(Array.from({ length: count }, () => tiny))
    expect(unzstd(many(1000), 100)).toHaveLength(0)
    expect(() => unzstd(many(2000), 100)).toThrow('too many frames')
  })

  it('refuses what is cut off, or goes on as something else', () => {
    const whole = zstdCompressSync('hello')
    expect(() => unzstd(whole.subarray(0, -1), 100)).toThrow('cut off')
    expect(() => unzstd(Buffer.concat([whole, Buffer.from('more')]), 100)).toThrow('begins with other bytes')
  })
})
