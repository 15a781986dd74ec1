import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { fileError } from '../dataset/file-error.ts'
import { linesIn } from '../dataset/lines.ts'
import { type ErrorPlace, EvalkitError } from '../schema/errors.ts'
import { jsonFrom, recordFrom } from '../schema/read.ts'
import {
  type ShardEnd,
  shardEnd,
  type ShardHeader,
  shardHeader,
  type ShardLine,
  type ShardTrial,
  shardTrial,
} from '../schema/shard-file.ts'

/** Bytes of a line: a trial with all that was said in it. A fixture has no more. */
const longestLine = 64 * 1024 * 1024

/** How files of shards are called, whatever stands before it. */
export const shardFileEnding = '.blob.jsonl.gz'

/** The name of a shard's file. */
export function shardFileName({ eval: of, shard }: Pick<ShardHeader, 'eval' | 'shard'>): string {
  return `${of}-${shard.at}-of-${shard.of}${shardFileEnding}`
}

/**
 * Writes a shard's file, one trial in memory at a time: whole or not at all. The same trials give the same bytes. Throws
 * `EVK_DISK_FULL`, `EVK_FILE_UNUSABLE`, and `EVK_FILE_TOO_LARGE` for a trial nobody would read back.
 */
export async function writeShardFile(
  path: string,
  header: Omit<ShardHeader, 'kind' | 'v'>,
  trials: AsyncIterable<Omit<ShardTrial, 'kind'>>,
  /** Asked when the last trial is written. */
  contracts: () => ShardEnd['contracts'],
): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`
  try {
    mkdirSync(dirname(path), { recursive: true })
    await pipeline(Readable.from(texts(header, trials, contracts)), createGzip(), createWriteStream(beside))
    renameSync(beside, path)
  } catch (error) {
    if (existsSync(beside)) rmSync(beside)
    throw fileError(error, path)
  }
}

async function* texts(
  header: Omit<ShardHeader, 'kind' | 'v'>,
  trials: AsyncIterable<Omit<ShardTrial, 'kind'>>,
  contracts: () => ShardEnd['contracts'],
): AsyncGenerator<string> {
  const digest = createHash('sha256')
  const lineOf = (line: ShardLine): string => {
    const text = `${JSON.stringify(line)}\n`
    digest.update(text)
    return text
  }
  yield lineOf({ kind: 'shard', v: 1, ...header })
  let count = 0
  for await (const { trial, trace } of trials) {
    count++
    const text = lineOf({ kind: 'trial', trial, ...(trace === undefined ? {} : { trace }) })
    if (Buffer.byteLength(text) > longestLine) {
      throw new EvalkitError('EVK_FILE_TOO_LARGE', `A trial takes more than ${longestLine} bytes.`, {
        at: { case: trial.case },
        hint: 'Nothing reads that back: what did the agent say?',
      })
    }
    yield text
  }
  yield `${JSON.stringify({ kind: 'end', trials: count, contracts: contracts(), digest: digest.digest('hex') } satisfies ShardEnd)}\n`
}

/** The first line of a shard's file. Throws what `readShardFile` throws. */
export async function readShardHeader(path: string, shownAs: string): Promise<ShardHeader> {
  for await (const { line } of readShardFile(path, shownAs)) if (line.kind === 'shard') return line
  throw corrupt('It holds nothing.', { file: shownAs })
}

/** A line that was read, and how long its text is, in UTF-16 units. */
export interface ReadLine {
  readonly line: ShardLine
  readonly length: number
}

/**
 * The lines of a shard's file, each checked, one in memory at a time: header, trials, end. A file from a stranger. Throws
 * `EVK_SHARD_CORRUPT` for one that was cut off, changed, or is no such file, `EVK_VERSION_NEWER`, `EVK_FILE_*`,
 * `EVK_LINE_TOO_LONG` and `EVK_JSON_*`, with file and line.
 */
export async function* readShardFile(path: string, shownAs: string): AsyncGenerator<ReadLine> {
  const digest = createHash('sha256')
  let header: ShardHeader | undefined
  let trials = 0
  let isOver = false
  for await (const { number, text } of linesIn(unpacked(path, shownAs), shownAs, longestLine)) {
    const at = { file: shownAs, line: number }
    if (isOver) throw corrupt('Something stands behind its last line.', at)
    const value = jsonFrom(text, at)
    if (header === undefined) {
      header = recordFrom(shardHeader, value, at, 'file of a shard', 'EVK_SHARD_CORRUPT')
      digest.update(text).update('\n')
      yield { line: header, length: text.length }
    } else if (kindOf(value) === 'end') {
      const end = recordFrom(shardEnd, value, at, 'end of a shard', 'EVK_SHARD_CORRUPT')
      if (end.trials !== trials || end.digest !== digest.digest('hex')) {
        throw corrupt('It is not what was written: its digest is another.', { file: shownAs })
      }
      isOver = true
      yield { line: end, length: text.length }
    } else {
      if (++trials > header.share * header.trials) throw corrupt('It holds more trials than it says.', at)
      digest.update(text).update('\n')
      const line = recordFrom(shardTrial, value, at, 'trial', 'EVK_SHARD_CORRUPT')
      yield { line, length: text.length }
    }
  }
  if (!isOver) throw corrupt('It was cut off: its last line is missing.', { file: shownAs })
}

function kindOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { kind?: unknown }).kind : undefined
}

async function* unpacked(path: string, shownAs: string): AsyncGenerator<Uint8Array> {
  const packed = createReadStream(path)
  const pieces = createGunzip()
  packed.on('error', (error) => pieces.destroy(error))
  try {
    yield* packed.pipe(pieces) as AsyncIterable<Uint8Array>
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    // https://nodejs.org/api/zlib.html: the input ended before the stream did.
    if (code === 'Z_BUF_ERROR') throw corrupt('It was cut off.', { file: shownAs }, error)
    if (code.startsWith('Z_')) throw corrupt('It cannot be unpacked.', { file: shownAs }, error)
    throw fileError(error, shownAs)
  } finally {
    packed.destroy()
  }
}

function corrupt(what: string, at: ErrorPlace, cause?: unknown): EvalkitError {
  return new EvalkitError('EVK_SHARD_CORRUPT', `This is no whole file of a shard. ${what}`, { at, cause })
}
