import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** One request to a service. */
export interface HttpAsking {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  /** The content type, in lower case and without its parameters. */
  readonly type: string
  readonly text: string
}

/** Thrown where no connection came about: the request reached nobody. */
export class NotReached extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'NotReached'
  }
}

/** Bytes of an answer, at most. */
const mostBytes = 16 * 1024 * 1024

/**
 * Asks a service, on a connection of its own: `fetch` may be a recorder's, and a pool's connection may be one of a service
 * that is no more. Redirects are not followed. Throws `NotReached`, else what broke the connection off, in a word.
 */
export function askOverHttp(url: URL, { method, headers, body, signal }: HttpAsking): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    let isConnected = false
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const outgoing = send(url, { method, headers: { ...headers, ...length }, agent: false, signal })
    const fail = (error: NodeJS.ErrnoException): void => {
      const why = error.code ?? error.message
      reject(
        isConnected || signal.aborted ? new Error(`the connection broke off (${why})`) : new NotReached(why),
      )
    }
    outgoing.on('socket', (socket) => {
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => (isConnected = true))
    })
    outgoing.on('error', fail)
    outgoing.on('response', (incoming) => {
      const pieces: Buffer[] = []
      let size = 0
      incoming.on('data', (piece: Buffer) => {
        size += piece.length
        pieces.push(piece)
        if (size <= mostBytes) return
        reject(new Error(`it answered with more than ${mostBytes} bytes`))
        outgoing.destroy()
      })
      incoming.on('error', fail)
      incoming.on('end', () => {
        const [type = ''] = (incoming.headers['content-type'] ?? '').split(';')
        const text = Buffer.concat(pieces).toString('utf8')
        resolve({ status: incoming.statusCode ?? 0, type: type.trim().toLowerCase(), text })
      })
    })
    outgoing.end(body)
  })
}
