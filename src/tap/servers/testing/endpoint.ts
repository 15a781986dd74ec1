import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Sent, Watch } from '../../sent.ts'
import type { Tap } from '../../tap.ts'
import { watching } from '../../testing/taps.ts'
import { type Endpoint, type EndpointOptions, openEndpoint } from '../endpoint.ts'
import type { Runs } from '../runs.ts'

/** Things to close at the end of a test. */
export class Closing {
  readonly #all: (() => unknown)[] = []

  add(close: () => unknown): void {
    this.#all.push(close)
  }

  async close(): Promise<void> {
    for (const close of this.#all.splice(0).reverse()) await close()
  }
}

/** A server on this machine, in the place of a model provider. */
export async function upstream(
  closing: Closing,
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<URL> {
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.add(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

/** Another path at the same place. */
export function under({ origin }: URL, path: string): URL {
  return new URL(`${origin}${path}`)
}

/** What a watch was told of one request. */
export interface Watched {
  readonly sent: Sent
  status?: number
  headers?: Headers
  readonly chunks: string[]
  readonly bytes: Buffer[]
  how?: string
  error?: unknown
}

/** A tap that lets every request go, and notes what its watch is told. */
export function noting(seen: Watched[] = []): Tap {
  return {
    ...watching(),
    meet(sent) {
      const one: Watched = { sent, chunks: [], bytes: [] }
      seen.push(one)
      const watch: Watch = {
        head: (status, headers) => Object.assign(one, { status, headers }),
        chunk(bytes) {
          one.bytes.push(Buffer.from(bytes))
          one.chunks.push(Buffer.from(bytes).toString())
        },
        end: (how) => Object.assign(one, { how: how ?? 'whole' }),
        fail: (error) => Object.assign(one, { how: 'failed', error }),
      }
      return { watch }
    },
  }
}

/** One run for every request. */
export function oneRun(tap: Tap): Runs {
  return {
    enter: () => ({ tap, leave: () => undefined }),
    begin: () => undefined,
    end: () => true,
    input: () => undefined,
  }
}

export async function endpoint(
  closing: Closing,
  options: Partial<EndpointOptions> & Pick<EndpointOptions, 'runs'>,
): Promise<Endpoint> {
  const opened = await openEndpoint({ upstreams: {}, ...options })
  closing.add(() => opened.close())
  return opened
}

/** What a server says to these very bytes, until it closes or has said `until`. */
export function raw(origin: string, bytes: string, until?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    let said = ''
    socket.on('data', (piece) => {
      said += piece.toString('latin1')
      if (until !== undefined && said.includes(until)) socket.destroy()
    })
    socket
      .on('close', () => resolve(said))
      .on('error', (error) => (said === '' ? reject(error) : resolve(said)))
    socket.write(bytes)
  })
}

export function readerOf({ body }: Response): ReadableStreamDefaultReader<Uint8Array> {
  if (body === null) throw new Error('no body')
  return body.getReader()
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

/** Sends pieces one by one, each in a packet of its own. */
export async function drip(response: ServerResponse, pieces: readonly (string | Buffer)[]): Promise<void> {
  for (const piece of pieces) {
    response.write(piece)
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
}

/** Waits until something holds: for what happens on the other side of a socket. */
export async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 500) throw new Error('it never came to hold')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
