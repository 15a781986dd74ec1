import { readFileSync } from 'node:fs'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { EvalkitError } from '../../schema/errors.ts'
import { detectImporter } from './detect.ts'
import { sourceFrom } from './source.ts'

const read = (name: string): Buffer => readFileSync(new URL(name, import.meta.url))

function ids(name: string, bytes: Uint8Array): readonly string[] {
  const source = sourceFrom(name, bytes)
  return [...detectImporter(source).read(source)].flatMap((one) => ('trace' in one ? [one.trace.id] : []))
}

describe('a compressed file', () => {
  it.each([
    'langsmith-multipart.sample.txt',
    'langsmith.sample.json',
    'claude-code.sample.jsonl',
    'otlp-openinference.sample.pb',
    'tau-bench.sample.json',
  ])('is what is in it: %s', (name) => {
    const bytes = read(`./${name}`)
    const wanted = ids(name, bytes)
    expect(wanted.length).toBeGreaterThan(0)
    const halves = [bytes.subarray(0, 999), bytes.subarray(999)]
    for (const packed of [
      gzipSync(bytes),
      Buffer.concat(halves.map((half) => gzipSync(half))),
      zstdCompressSync(bytes),
      Buffer.concat(halves.map((half) => zstdCompressSync(half))),
    ]) {
      expect(ids(`${name}.packed`, packed)).toEqual(wanted)
    }
  })

  it('holds no more than is read, and says what is wrong with it', () => {
    const code = (bytes: Uint8Array, fileBytes = 1000) => {
      try {
        sourceFrom('a', bytes, { fileBytes })
      } catch (error) {
        if (EvalkitError.is(error)) return error.code
        throw error
      }
      return 'none'
    }
    const bomb = Buffer.alloc(100_000)
    expect([gzipSync(bomb), zstdCompressSync(bomb)].map((bytes) => code(bytes))).toEqual([
      'EVK_FILE_TOO_LARGE',
      'EVK_FILE_TOO_LARGE',
    ])
    expect([gzipSync('a'), zstdCompressSync('a')].map((bytes) => code(bytes.subarray(0, -2)))).toEqual([
      'EVK_FILE_BINARY',
      'EVK_FILE_BINARY',
    ])
    expect(code(gzipSync('a'))).toBe('none')
  })
})
