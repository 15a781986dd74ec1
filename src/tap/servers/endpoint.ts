import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Sent } from '../sent.ts'
import { readBody, refuse } from './answer-json.ts'
import { askingOf } from './asking.ts'
import { type Connections, forward, headersOf, openConnections } from './forward.ts'
import { listen, type ListenOptions, type Stray } from './loopback.ts'
import { answerMcp } from './mcp-answers.ts'
import { isPlainPath } from './plain-path.ts'
import type { Asking, Runs } from './runs.ts'
import { serveResponse } from './serve-response.ts'
import { toolEndpoint } from './tools.ts'
import { answerTrace } from './trace-endpoint.ts'

export interface EndpointOptions extends ListenOptions {
  /** The model providers (and whatever else) that can be reached, by the first segment of the path. */
  readonly upstreams: Readonly<Record<string, URL>>
  readonly runs: Runs
  /** Variables that name a proxy on the way out (`HTTPS_PROXY` and its like). */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>
  /** Is told when somebody takes this server for a proxy, and asks it for another place. */
  readonly stray?: Stray
}

/** A tap for programs in any language. */
export interface Endpoint {
  readonly origin: string
  close(): Promise<void>
}

/** Bytes of one request: beyond, 413. */
export const mostRequestBytes = 64 * 1024 * 1024

/** Names the paths of our own have. */
const own = ['tools', 'trace']

/**
 * Starts the tap as an HTTP server on this machine. `/<name>/…` is the upstream of that name: requests for it meet
 * their run's tap, which lets them go on or answers them. `/tools`, `/trace` and, where runs are played again, `/mcp` are
 * for what a program does beside asking a model. Nothing but the upstreams can be reached through it.
 */
export async function openEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const { upstreams, runs, stray } = options
  const connections = openConnections(options.proxyEnv)
  const tools = toolEndpoint(runs)
  const server = await listen(answer, options, stray)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asking = askingOf(request.headers)
    if (typeof asking === 'string') {
      refuse(response, 400, asking)
      return
    }
    const [, name = '', rest = ''] = /^\/([^/?]*)(.*)$/s.exec(request.url ?? '') ?? []
    const [path = ''] = rest.split('?')
    if (name === 'tools') return tools.answer(request, response, path, asking)
    if (name === 'trace') return answerTrace(request, response, path, asking, runs)
    if (name === 'mcp' && runs.tools !== undefined) return answerMcp(request, response, asking, runs)
    const base = Object.hasOwn(upstreams, name) ? upstreams[name] : undefined
    if (base === undefined) {
      const known = [...Object.keys(upstreams), ...own, ...(runs.tools === undefined ? [] : ['mcp'])]
        .map((one) => `/${one}`)
        .join(', ')
      // Where nothing goes out, who asks for what is not there was recorded otherwise.
      stray?.(`/${name.slice(0, 40)} was asked for, and there is no such upstream`)
      refuse(response, 404, `Nothing is at /${name.slice(0, 40)}. What there is: ${known}.`)
      return
    }
    if (!isPlainPath(rest)) {
      refuse(response, 400, 'The path leads out of its upstream, or has characters a path cannot have.')
      return
    }
    await pass({ request, response, name, base, rest, asking, runs, connections })
  }

  return {
    origin: server.origin,
    async close() {
      tools.close()
      await server.close()
      connections.close()
    },
  }
}

interface Passing {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly name: string
  readonly base: URL
  readonly rest: string
  readonly asking: Asking
  readonly runs: Runs
  readonly connections: Connections
}

async function pass(passing: Passing): Promise<void> {
  const { request, response, name, base, rest, asking, runs, connections } = passing
  const body = await readBody(request, response, mostRequestBytes)
  if (body === undefined) return
  const path = `${base.pathname.replace(/\/$/, '')}${rest.startsWith('/') ? '' : '/'}${rest}`
  const gone = new AbortController()
  const { tap, leave } = runs.enter(asking)
  response.on('close', () => {
    if (!response.writableFinished) gone.abort()
    leave()
  })
  const met = tap.meet({
    method: request.method ?? 'GET',
    url: new URL(`${base.origin}${path}`),
    headers: headersOf(request),
    signal: gone.signal,
    ...said(request, body),
  })
  if ('answer' in met) await serveResponse(met.answer, request, response, name)
  else forward(request, response, { to: base, path, body, connections, name, watch: met.watch })
}

/** What a body says, as far as it is text. */
function said({ headers }: IncomingMessage, body: Buffer): Pick<Sent, 'body' | 'unread'> {
  if (body.length === 0) return {}
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return { unread: 'is compressed' }
  if (headers['content-type']?.startsWith('multipart/') === true) return { unread: 'is a form or a file' }
  try {
    return { body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body) }
  } catch {
    return { unread: 'is no text' }
  }
}
