import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ZipFile, zipOf } from './testing/zip-of.ts'
import { startsAsZip, zipContent, zipEntries, ZipError } from './zip.ts'

const long = 'All the same, all the same. '.repeat(2000)
const files: readonly ZipFile[] = [
  { name: 'header.json', content: '{"a":1}', how: 'stored' },
  { name: 'samples/1_epoch_1.json', content: long, how: 'deflate' },
  { name: '../../etc/passwd', content: long, how: 'zstd' },
  { name: 'empty', content: '', how: 'deflate' },
]
const archive = zipOf(files)

function contents(bytes: Uint8Array): readonly (readonly [string, string])[] {
  return zipEntries(bytes).map((entry) => [entry.name, Buffer.from(zipContent(bytes, entry)).toString()])
}

/** A copy in which the bytes at each place are others. */
function changed(bytes: Uint8Array, changes: readonly (readonly [at: number, value: number])[]): Buffer {
  const copy = Buffer.from(bytes)
  for (const [at, value] of changes) copy.writeUInt32LE(value, at)
  return copy
}

const central = archive.indexOf('PK\x01\x02', 0, 'latin1')
const end = archive.length - 22

describe('zip', () => {
  it('gives what was put in, stored, deflated or packed by zstd in several frames', () => {
    expect(contents(archive)).toEqual(files.map(({ name, content }) => [name, content]))
    expect([startsAsZip(archive), startsAsZip(Buffer.from('{}')), startsAsZip(Buffer.alloc(0))]).toEqual([
      true,
      false,
      false,
    ])
    const within = Buffer.concat([Buffer.from('x'), archive]).subarray(1)
    expect(contents(within)).toEqual(contents(archive))
  })

  it('finds its end before a comment', () => {
    const commented = Buffer.concat([archive, Buffer.from('PK\x05\x06 hm')])
    commented.writeUInt16LE(7, end + 20)
    expect(contents(commented)).toHaveLength(4)
  })

  it('refuses what says less than it holds, and what shares bytes: archives that unpack to far more', () => {
    const [, second] = zipEntries(archive)
    const packed = zipOf([{ name: 'a', content: long }])
    const at = packed.indexOf('PK\x01\x02', 0, 'latin1')
    const small = changed(packed, [[at + 24, 10]])
    const [entry] = zipEntries(small)
    expect(() => zipContent(small, entry as NonNullable<typeof entry>)).toThrow('more than the 10 bytes')
    expect(second?.size).toBe(long.length)
    // The first entry becomes as long as all that follow.
    expect(() => zipEntries(changed(archive, [[central + 20, central - 40]]))).toThrow('overlap')
  })

  it('says why it cannot read what it cannot read', () => {
    expect(() => zipEntries(archive.subarray(0, -1))).toThrow('cut off')
    expect(() => zipEntries(changed(archive, [[end + 16, 0xffffffff]]))).toThrow('ZIP64')
    expect(() => zipEntries(changed(archive, [[end + 16, 0xfffffff0]]))).toThrow('outside')
    expect(() => zipEntries(changed(archive, [[central, 0]]))).toThrow('broken')
    for (const [offset, value, why] of [
      [8, 1, 'encrypted'],
      [10, 14, 'method 14'],
      [16, 7, 'damaged'],
    ] as const) {
      const bytes = Buffer.from(archive)
      if (offset === 16) bytes.writeUInt32LE(value, central + offset)
      else bytes.writeUInt16LE(value, central + offset)
      const [first] = zipEntries(bytes)
      expect(() => zipContent(bytes, first as NonNullable<typeof first>)).toThrow(why)
    }
  })

  it('throws nothing but its own errors, whatever is changed in an archive', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: archive.length - 1 }), fc.nat({ max: 255 })), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.nat({ max: archive.length }),
        (changes, length) => {
          const bytes = Buffer.from(archive.subarray(0, length < archive.length / 8 ? length : undefined))
          for (const [at, value] of changes) bytes[at] = value
          try {
            for (const entry of zipEntries(bytes)) expect(zipContent(bytes, entry)).toHaveLength(entry.size)
          } catch (error) {
            if (!(error instanceof ZipError)) throw error
          }
        },
      ),
      { seed: 42, numRuns: 400 },
    )
  })
})
