import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isIP } from 'node:net'
import { EvalkitError } from '../../schema/errors.ts'
import { refuse } from './answer-json.ts'

/** Where a server of ours listens. */
export interface ListenOptions {
  /** The address to listen on: only this machine, unless told otherwise. */
  readonly host?: string
  /** 0, the default: any that is free. */
  readonly port?: number
  /** Further names under which clients may ask for this server. */
  readonly names?: readonly string[]
}

/** A server that listens. */
export interface Loopback {
  /** `http://127.0.0.1:41234`, without a slash at the end. */
  readonly origin: string
  /** Stops listening, and cuts what is still open. */
  close(): Promise<void>
}

/** Answers one request whose `url` is a path. What it throws is answered with 500. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** What is asked of a server that is no proxy: `CONNECT host`, or an address instead of a path. */
export type Stray = (what: string) => void

/** With `CONNECT`: what a guarded program was about to do instead of asking. */
const escapeHeader = 'x-evalkit-escape'

/** Longer than pools of clients keep a connection they do not use, so that it is never closed under a request. */
const keepAliveMs = 120_000

/**
 * Starts an HTTP server for programs of this machine. It is no way into it for others: a page in a browser that
 * resolves its own name to 127.0.0.1 (DNS rebinding) comes with that name in `Host`, one that simply asks comes with
 * its `Origin`, and both are refused; so is everything that asks for more than a path. Throws `EVK_USAGE` where it
 * cannot listen.
 */
export async function listen(
  answer: Answer,
  { host = '127.0.0.1', port = 0, names = [] }: ListenOptions = {},
  stray: Stray = () => undefined,
): Promise<Loopback> {
  const ours = new Set(['localhost', host, ...names])
  const server = createServer({ keepAliveTimeout: keepAliveMs, requestTimeout: 0 }, (request, response) => {
    const problem = strange(request, ours)
    if (problem !== undefined) {
      if (problem.address !== undefined) stray(problem.address)
      refuse(response, problem.status, problem.what)
      return
    }
    void settle(answer, request, response)
  })
  server.on('connect', ({ url = '', headers }, socket) => {
    const { [escapeHeader]: told } = headers
    stray(
      typeof told === 'string'
        ? `${told.slice(0, 300)}, past every tap`
        : `${url.slice(0, 200)} was asked for through a proxy`,
    )
    socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
  })
  await listening(server, host, port)
  const { port: taken } = server.address() as AddressInfo
  return {
    origin: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function settle(answer: Answer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await answer(request, response)
  } catch (error) {
    // A bug of ours is no exception of theirs.
    if (response.headersSent) response.destroy()
    else refuse(response, 500, `evalkit failed: ${error instanceof Error ? error.message : String(error)}`)
  }
}

interface Problem {
  readonly status: number
  readonly what: string
  /** The address a proxy was asked for. */
  readonly address?: string
}

function strange({ headers, url = '' }: IncomingMessage, ours: ReadonlySet<string>): Problem | undefined {
  if (!url.startsWith('/')) {
    const address = `${url.slice(0, 200)} was asked for through a proxy`
    return { status: 403, what: 'This server is no proxy: it answers paths.', address }
  }
  const named = hostnameIn(`http://${headers.host ?? ''}`)
  if (named === undefined || !isOurs(named, ours)) {
    return { status: 403, what: 'The Host header does not name this machine.' }
  }
  const { origin } = headers
  if (origin !== undefined && !isOurs(hostnameIn(origin) ?? '', ours)) {
    return { status: 403, what: 'Pages of other sites are not answered.' }
  }
  return undefined
}

/** An address cannot be rebound, a name can: only those of this machine itself, and those we were told of, are ours. */
function isOurs(named: string, ours: ReadonlySet<string>): boolean {
  return ours.has(named) || named.endsWith('.localhost') || isIP(named) !== 0
}

function hostnameIn(address: string): string | undefined {
  const hostname = URL.parse(address)?.hostname
  return hostname === '' ? undefined : hostname?.replace(/^\[|\]$/g, '')
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => {
      const why = cause.code === 'EADDRINUSE' ? 'the port is taken' : (cause.code ?? cause.message)
      reject(
        new EvalkitError('EVK_USAGE', `Cannot listen on ${host}, port ${port}: ${why}.`, {
          hint: 'Name another with --port, or none: then any that is free is taken.',
          cause,
        }),
      )
    }
    server.once('error', onError)
    server.listen(port, host, () => {
      server.off('error', onError)
      resolve()
    })
  })
}
