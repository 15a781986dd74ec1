import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { codecs, compress, decompress } from './codec.ts'

describe('codec', () => {
  it.each(['', 'short', '贈り物 '.repeat(500), 'half \\ud800 a pair '.repeat(50)])(
    'gives %j back',
    (text) => {
      expect(decompress(compress(text))).toBe(text)
    },
  )

  it('leaves alone what would not become smaller', () => {
    expect(compress('short').codec).toBe(codecs.plain)
    expect(compress('x'.repeat(500)).content.length).toBeLessThan(50)
    expect(compress('x'.repeat(500), 1000).codec).toBe(codecs.plain)
  })

  it('reads what an older Node wrote', () => {
    expect(decompress({ codec: codecs.deflate, content: deflateRawSync('gift') })).toBe('gift')
  })

  it('does not guess', () => {
    expect(() => decompress({ codec: 7, content: Buffer.from('gift') })).toThrow(RangeError)
  })
})
