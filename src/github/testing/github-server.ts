import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A comment as the API lists it. */
export interface StubComment {
  readonly id: number
  readonly user: { readonly login: string; readonly type: string }
  body: string
}

export interface StubPull {
  readonly number: number
  readonly head: { readonly sha: string; readonly label: string }
}

/** What a request is answered with instead of what the stub does by itself; `undefined` lets it. */
export type Refuse = (request: {
  readonly method: string
  readonly path: string
  readonly body: string
  /** How often this method and path were asked before. */
  readonly before: number
}) => Refusal | undefined

export interface Refusal {
  readonly status: number
  readonly message?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The connection is cut instead of answered: before, or after, the request was done. */
  readonly cut?: 'before' | 'after'
}

/**
 * As much of GitHub's REST API as a comment needs, on loopback once it is started: issue comments with pages and `Link` headers, pull requests
 * by their head, bodies of 65,536 characters at the most. Shapes as in https://docs.github.com/en/rest.
 */
export class GithubServer {
  readonly requests: string[] = []
  readonly comments: StubComment[] = []
  readonly pulls: StubPull[] = []
  /** Who the token belongs to. */
  login = 'github-actions[bot]'
  refuse: Refuse = () => undefined
  url = ''
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  #nextId = 1_000

  static async start(): Promise<GithubServer> {
    const stub = new GithubServer()
    await new Promise<void>((done) => stub.#server.listen(0, '127.0.0.1', done))
    stub.url = `http://127.0.0.1:${(stub.#server.address() as AddressInfo).port}`
    return stub
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((done) => this.#server.close(done))
  }

  /** Puts comments of people before whatever comes. */
  fill(count: number, login = 'octocat'): void {
    for (let at = 0; at < count; at++) this.add(login, `comment ${at}`)
  }

  add(login: string, body: string): StubComment {
    const comment = {
      id: this.#nextId++,
      user: { login, type: login.endsWith('[bot]') ? 'Bot' : 'User' },
      body,
    }
    this.comments.push(comment)
    return comment
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    const done = this.respond(request.method ?? '', new URL(request.url ?? '', this.url), body)
    if (done === 'cut') return void request.socket.destroy()
    send(response, done.status, done.data, done.headers)
  }

  /** What is answered to a request, wherever it was met; `cut` where nothing comes back. */
  respond(method: string, url: URL, body: string): Done | 'cut' {
    const line = `${method} ${url.pathname}${url.search}`
    const before = this.requests.filter((known) => known === line).length
    this.requests.push(line)
    const refusal = this.refuse({ method, path: url.pathname, body, before })
    if (refusal?.cut === 'before') return 'cut'
    if (refusal !== undefined && refusal.cut === undefined) {
      const { status, message = 'no', headers = {} } = refusal
      return { status, data: { message }, headers }
    }
    const done = this.#do(method, url, body)
    return refusal?.cut === 'after' ? 'cut' : done
  }

  #do(method: string, url: URL, body: string): Done {
    if (method === 'GET' && /^\/repos\/acme\/desk\/issues\/7\/comments$/.test(url.pathname))
      return this.#list(url)
    if (method === 'GET' && url.pathname === '/repos/acme/desk/pulls') {
      const head = url.searchParams.get('head')
      return { status: 200, data: this.pulls.filter((pull) => pull.head.label === head) }
    }
    const text = method === 'GET' ? '' : String((JSON.parse(body) as { body?: unknown }).body)
    if (text.length > 65_536) {
      return {
        status: 422,
        data: { message: 'Validation Failed: body is too long (maximum is 65536 characters)' },
      }
    }
    if (method === 'POST' && url.pathname === '/repos/acme/desk/issues/7/comments') {
      const made = this.add(this.login, text)
      return { status: 201, data: withUrl(made) }
    }
    const [, id] = /^\/repos\/acme\/desk\/issues\/comments\/(\d+)$/.exec(url.pathname) ?? []
    const known = this.comments.find((comment) => comment.id === Number(id))
    if (method === 'PATCH' && known !== undefined) {
      known.body = text
      return { status: 200, data: withUrl(known) }
    }
    return { status: 404, data: { message: 'Not Found' } }
  }

  /** 30 a page where nothing is asked for, 100 at the most, from the oldest on. */
  #list(url: URL): Done {
    const size = Math.min(100, Number(url.searchParams.get('per_page') ?? 30))
    const page = Number(url.searchParams.get('page') ?? 1)
    const shown = this.comments.slice((page - 1) * size, page * size)
    const next = new URL(url)
    next.searchParams.set('page', String(page + 1))
    const headers: Done['headers'] =
      page * size < this.comments.length ? { link: `<${next.href}>; rel="next"` } : {}
    return { status: 200, data: shown.map(withUrl), headers }
  }
}

export interface Done {
  readonly status: number
  readonly data: object
  readonly headers?: Readonly<Record<string, string>>
}

function withUrl(comment: StubComment): object {
  return { ...comment, html_url: `https://github.example/acme/desk/pull/7#issuecomment-${comment.id}` }
}

function send(
  response: ServerResponse,
  status: number,
  data: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
  response.end(JSON.stringify(data))
}
