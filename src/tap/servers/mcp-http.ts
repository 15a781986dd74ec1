import type { IncomingMessage, ServerResponse } from 'node:http'
import { contentHash } from '../../lib/hash.ts'
import type { Watch } from '../sent.ts'
import { readEvents } from '../wire/sse.ts'
import { readBody, refuse } from './answer-json.ts'
import { mostRequestBytes } from './endpoint.ts'
import { forward, openConnections } from './forward.ts'
import { listen, type ListenOptions } from './loopback.ts'
import { type McpCalls, mcpCalls } from './mcp-calls.ts'
import { isPlainPath } from './plain-path.ts'
import { recordedRuns, type RecordedRunsOptions } from './runs.ts'

export interface McpHttpOptions extends ListenOptions, RecordedRunsOptions {
  /** The server's endpoint. */
  readonly url: URL
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>
}

export interface McpHttp {
  /** What the client is to be given in place of the server's address. */
  readonly url: string
  close(ended: string): Promise<void>
}

/** Characters of one answer that are kept to be read. */
const mostRead = 32 * 1024 * 1024

/**
 * Stands between MCP clients and a server that speaks over HTTP (modelcontextprotocol.io, "Streamable HTTP": JSON or
 * an event stream in answer to a POST, a stream of the server's own on GET, DELETE to end a session). One run for each
 * session; without sessions (revision 2026-07-28, and servers that keep none) one for all, until it is quiet.
 */
export async function openMcpHttp(options: McpHttpOptions): Promise<McpHttp> {
  const { url, begin } = options
  const connections = openConnections(options.proxyEnv)
  const sessions = new Map<string, McpCalls>()
  const runs = recordedRuns({
    ...options,
    begin(asking) {
      const id = asking.key ?? ''
      const begun = begin(asking)
      const calls = mcpCalls(begun.tap)
      sessions.set(id, calls)
      return {
        tap: begun.tap,
        end(end) {
          if (sessions.get(id) === calls) sessions.delete(id)
          calls.close('The session ended.')
          begun.end({ ...end, attributes: calls.facts() })
        },
      }
    },
  })
  let count = 0

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/'
    if (!isPlainPath(path)) {
      refuse(response, 400, 'The path has characters a path cannot have.')
      return
    }
    const body = await readBody(request, response, mostRequestBytes)
    if (body === undefined) return
    const forwarded = { to: url, path, body, connections, name: 'the MCP server' }
    // What stands beside the endpoint (`/.well-known/…`) is no session.
    if (path.split('?')[0] !== url.pathname) forward(request, response, forwarded)
    else
      forward(request, response, { ...forwarded, watch: watchOf(request, response, body.toString('utf8')) })
  }

  function watchOf(request: IncomingMessage, response: ServerResponse, text: string): Watch {
    const session = sessionIn(request.headers['mcp-session-id'])
    const named = request.headers['x-evalkit-trace']
    // What a server answers to `initialize` names the session: only then is it known whose it was.
    const isFirst = session === undefined && /"method"\s*:\s*"initialize"/.test(text.slice(0, 4096))
    const enter = (key: string | undefined): McpCalls | undefined => {
      const { leave } = runs.enter({ key })
      response.on('close', leave)
      return sessions.get(key ?? '')
    }
    const exchange: Exchange = {
      scope: request.method === 'GET' ? '' : `x${++count}`,
      isAlone: session === undefined,
      calls: undefined,
      read: () => undefined,
    }
    const known = typeof named === 'string' && /^[\w.:-]{1,128}$/.test(named) ? named : session
    const meet = (key: string | undefined): void => {
      exchange.calls = enter(key)
      if (request.method === 'POST') exchange.calls?.asked(text, exchange.scope)
    }
    if (!isFirst) meet(known)
    let answered = false
    return {
      head(status, headers) {
        answered = true
        if (isFirst) meet(known ?? sessionIn(headers.get('mcp-session-id') ?? undefined))
        exchange.read = readerOf(headers.get('content-type') ?? '', status, exchange)
      },
      chunk: (bytes) => exchange.read(bytes),
      end(how) {
        exchange.read(undefined)
        const why = how === undefined ? 'The server ended its answer without a result.' : `It was ${how}.`
        if (exchange.isAlone || how === undefined) exchange.calls?.over(exchange.scope, why)
        if (request.method === 'DELETE') runs.end({ key: known }, {})
      },
      fail(error) {
        if (exchange.calls === undefined) meet(known)
        // Of a session's stream that broke off the rest may come another way.
        if (answered && !exchange.isAlone) return
        exchange.calls?.over(exchange.scope, error instanceof Error ? error.message : String(error))
      },
    }
  }

  const server = await listen(answer, options)
  return {
    url: `${server.origin}${url.pathname}${url.search}`,
    async close(ended) {
      await server.close()
      connections.close()
      runs.close({ ended })
    },
  }
}

interface Exchange {
  /** Ids are the client's own within one exchange; what comes on a session's stream answers any. */
  readonly scope: string
  /** Whether nobody could be told the rest later. */
  readonly isAlone: boolean
  calls: McpCalls | undefined
  /** Takes a piece of the answer; `undefined` where it is over. */
  read: (bytes: Uint8Array | undefined) => void
}

/** A session's id lets whoever knows it speak in it: only its hash is ours to keep. */
function sessionIn(id: string | string[] | undefined): string | undefined {
  return typeof id === 'string' ? `mcp-${contentHash(id)}` : undefined
}

/** Reads an answer for what the server says in it: event by event, or as one document. */
function readerOf(type: string, status: number, exchange: Exchange): Exchange['read'] {
  const decoder = new TextDecoder()
  const isStream = /^text\/event-stream\b/i.test(type)
  let text = ''
  let over = false
  const say = (message: string): void => exchange.calls?.answered(message, exchange.scope)
  return (bytes) => {
    if (over) return
    text += bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true })
    if (isStream) {
      const cut = bytes === undefined ? text.length : lastBreak(text)
      for (const { data } of readEvents(text.slice(0, cut))) say(data)
      text = text.slice(cut)
    } else if (bytes === undefined) {
      say(text)
      if (status >= 400) exchange.calls?.over(exchange.scope, `The server answered with status ${status}.`)
    }
    over = bytes === undefined || text.length > mostRead
    if (over) text = ''
  }
}

/** Where the last whole event ends. */
function lastBreak(text: string): number {
  const ends = ['\n\n', '\r\n\r\n', '\r\r'].map((mark) => {
    const at = text.lastIndexOf(mark)
    return at === -1 ? 0 : at + mark.length
  })
  return Math.max(...ends)
}
