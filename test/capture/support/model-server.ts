import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

/** What a scripted model server does with one request. */
export interface Scripted {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** The body, one write each, so that they arrive as chunks of their own. */
  readonly chunks: readonly (string | Uint8Array)[]
  /** Instead of ending the body: break the connection, or leave it open. */
  readonly end?: 'reset' | 'hang'
  readonly gzip?: true
}

export interface Heard {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Resolves when the client is gone, with how many chunks had been written. */
  readonly gone: Promise<number>
}

export interface ModelServer extends AsyncDisposable {
  readonly origin: string
  readonly heard: readonly Heard[]
  close(): Promise<void>
}

/** A real HTTP server on loopback that answers the nth request as its script says. */
export async function modelServer(
  script: (heard: Omit<Heard, 'gone'>, nth: number) => Scripted,
): Promise<ModelServer> {
  const heard: Heard[] = []
  const server = createServer((request, response) => void answer(request, response))
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    let written = 0
    const gone = new Promise<number>((resolve) => response.on('close', () => resolve(written)))
    const { method = '', url: path = '', headers } = request
    const asked = { method, path, headers, body: Buffer.concat(pieces).toString() }
    heard.push({ ...asked, gone })
    const { status = 200, chunks, end, gzip, headers: own = {} } = script(asked, heard.length - 1)
    if (gzip === true) {
      const whole = gzipSync(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))))
      response.writeHead(status, { ...own, 'content-encoding': 'gzip' }).end(whole)
      return
    }
    response.writeHead(status, own)
    response.flushHeaders()
    for (const chunk of chunks) {
      if (response.destroyed) return
      response.write(chunk)
      written++
      // Far enough apart that each arrives by itself.
      await setTimeout(4)
    }
    if (end === 'reset') response.socket?.resetAndDestroy()
    else if (end !== 'hang') response.end()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Text as a stream's events, one a chunk. */
export function sse(...events: readonly (readonly [event: string | undefined, data: unknown])[]): string[] {
  return events.map(
    ([event, data]) =>
      `${event === undefined ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`,
  )
}
