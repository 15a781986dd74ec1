import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'

/** A body that was read, or how to refuse its request. */
export type Body = { readonly bytes: Buffer } | { readonly status: number; readonly what: string }

export interface BodyLimits {
  /** Bytes, as they are sent and after they are decompressed. */
  readonly most: number
  /** Milliseconds a client may take to send them. */
  readonly patienceMs: number
}

const unpackers: Readonly<
  Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
}

/**
 * Reads the body of a request, decompressed. Never holds more than the limit, however little it takes to ask for more, and
 * does not wait for ever.
 */
export async function readBody(request: IncomingMessage, { most, patienceMs }: BodyLimits): Promise<Body> {
  const tooLarge = { status: 413, what: `A request has ${most} bytes at most, also decompressed.` }
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const unpack = Object.hasOwn(unpackers, encoding) ? unpackers[encoding] : undefined
  if (unpack === undefined && encoding !== 'identity' && encoding !== '') {
    return { status: 415, what: 'Content-Encoding is gzip, deflate, or nothing.' }
  }
  if (Number(request.headers['content-length'] ?? 0) > most) return tooLarge
  const sent = await received(request, most, patienceMs)
  if (sent === 'large') return tooLarge
  if (sent === 'gone') return { status: 400, what: 'The request broke off, or took too long.' }
  if (unpack === undefined) return { bytes: sent }
  try {
    return { bytes: await unpack(sent, { maxOutputLength: most }) }
  } catch (error) {
    if (error instanceof RangeError || codeOf(error) === 'ERR_BUFFER_TOO_LARGE') return tooLarge
    if (codeOf(error) === undefined) throw error
    return { status: 400, what: `The body is not ${encoding}.` }
  }
}

function received(
  request: IncomingMessage,
  most: number,
  patienceMs: number,
): Promise<Buffer | 'large' | 'gone'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const timer = setTimeout(() => done('gone'), patienceMs)
    const done = (result: Buffer | 'large' | 'gone'): void => {
      clearTimeout(timer)
      request.removeAllListeners('data')
      // What is still coming is read and thrown away, so that the answer arrives.
      request.resume()
      resolve(result)
    }
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > most) done('large')
      else chunks.push(chunk)
    })
    request.once('end', () => done(Buffer.concat(chunks, size)))
    request.once('error', () => done('gone'))
    request.once('close', () => done('gone'))
  })
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
