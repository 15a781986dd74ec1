import * as zlib from 'node:zlib'

/** A file to put into an archive. */
export interface ZipFile {
  readonly name: string
  readonly content: Uint8Array | string
  readonly how?: 'stored' | 'deflate' | 'zstd'
}

/** A ZIP archive of these files, in their order: what the tests read. Nothing is checked. */
export function zipOf(files: readonly ZipFile[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content, how = 'deflate' } of files) {
    const bytes = Buffer.from(content)
    const packed = packers[how](bytes)
    const facts = Buffer.alloc(26)
    facts.writeUInt16LE(20, 0)
    facts.writeUInt16LE(methods[how], 4)
    facts.writeUInt32LE(zlib.crc32(bytes), 10)
    facts.writeUInt32LE(packed.length, 14)
    facts.writeUInt32LE(bytes.length, 18)
    facts.writeUInt16LE(Buffer.byteLength(name), 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), facts, Buffer.from(name), packed])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), facts, rest, Buffer.from(name)]))
    parts.push(local)
    offset += local.length
  }
  const listed = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(files.length, 8)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(listed.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, listed, end])
}

const methods = { stored: 0, deflate: 8, zstd: 93 } as const

const packers: Readonly<Record<keyof typeof methods, (bytes: Buffer) => Buffer>> = {
  stored: (bytes) => bytes,
  deflate: (bytes) => zlib.deflateRawSync(bytes),
  // In two frames, as Inspect writes what is long.
  zstd(bytes) {
    const half = bytes.length >> 1
    return Buffer.concat([
      zlib.zstdCompressSync(bytes.subarray(0, half)),
      zlib.zstdCompressSync(bytes.subarray(half)),
    ])
  },
}
