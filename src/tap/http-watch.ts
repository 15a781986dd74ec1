import type { ClientRequest, IncomingMessage } from 'node:http'
import { contentDecoder } from './content-decoder.ts'
import { type Sent, type Watch, wireAt } from './sent.ts'
import { type Tap, TapAborted } from './tap.ts'

/** What of a body is kept: of model calls, and of everything else, which is kept where it is text. */
interface Keeping {
  readonly bytes: number
  readonly textOnly: boolean
}

const ofModels: Keeping = { bytes: 16 * 1024 * 1024, textOnly: false }
const ofOthers: Keeping = { bytes: 64 * 1024, textOnly: true }

const readable = /^(text\/|application\/([\w.+-]+\+)?(json|x-ndjson|jsonl)\b)/i

/**
 * Watches a request of `node:http` from now on, for a tap. Methods of the instance are wrapped, and no listener is
 * added: a listener would change what happens to errors nobody handles, and to responses nobody reads. Whatever goes
 * wrong here ends the watching, and nothing else.
 */
export function watchRequest(request: ClientRequest, tap: Tap): void {
  if (request.method === 'CONNECT') return
  const body = new Kept()
  let watch: Watch | undefined
  let over = false
  let asked = false
  let cancelled = false
  let response: WatchedBody | undefined

  /** Tells the tap of the request; returns why it must not go out, if so. */
  const open = (unread?: string): Error | undefined => {
    asked = true
    const sent = sentOf(request, body, unread)
    body.drop()
    if (sent === undefined) return undefined
    const met = tap.meet(sent)
    if ('answer' in met) {
      met.answer.catch(() => undefined)
      over = true
      return new TapAborted('a request was made through node:http, which cannot be answered from a recording')
    }
    watch = met.watch
    return undefined
  }

  const close = (how: (open: Watch) => void): void => {
    if (over || watch === undefined) return
    over = true
    how(watch)
  }

  const opened = (unread: string): void => {
    if (!asked) open(unread)
  }

  const note = (event: unknown, value: unknown): void => {
    if (over) return
    switch (event) {
      case 'response':
        opened('was not at its end when the response came')
        if (watch !== undefined) {
          over = true
          response = watchBody(value as IncomingMessage, watch, keepingOf(request), () => cancelled)
        }
        return
      case 'upgrade':
      case 'connect':
        opened('was not at its end when the response came')
        return close((open) => {
          head(value as IncomingMessage, open)
          open.end()
        })
      case 'error':
        opened('was never finished')
        return close((open) => open.fail(value))
      case 'close':
        opened('was never finished')
        return close((open) => open.fail(new Error('The request was closed without a response.')))
    }
  }

  wrap(request, 'write', (write) => (...args) => {
    if (!asked) quietly(() => body.add(args, keepingOf(request).bytes))
    return write(...args)
  })
  wrap(request, 'end', (end) => (...args) => {
    let refused: Error | undefined
    if (!asked) {
      quietly(() => {
        body.add(args, keepingOf(request).bytes)
        refused = open()
      })
    }
    return refused === undefined ? end(...args) : request.destroy(refused)
  })
  wrap(request, 'destroy', (destroy) => (...args) => {
    // The parser says so too when the other side hung up, with a response that is not complete.
    cancelled = true
    return destroy(...args)
  })
  wrap(request, 'emit', (emit) => (...args) => {
    quietly(() => {
      note(args[0], args[1])
      if (args[0] === 'close') response?.broken()
    })
    return emit(...args)
  })
}

interface WatchedBody {
  /** Nothing more will come. Nothing happens where the body came to its end before. */
  broken(): void
}

function watchBody(
  response: IncomingMessage,
  watch: Watch,
  keeping: Keeping,
  isCancelled: () => boolean,
): WatchedBody {
  head(response, watch)
  const { headers } = response
  let over = false
  const decoder = contentDecoder(headers['content-encoding'], keeping.bytes, {
    chunk: (bytes) => watch.chunk(bytes),
    end: (how) => watch.end(how),
  })
  // Nothing of it is kept, and the record says so.
  const kept = !keeping.textOnly || readable.test(headers['content-type'] ?? '')
  const end = (how?: 'reset' | 'cancelled'): void => {
    if (over) return
    over = true
    decoder.end(how)
  }
  wrap(response, 'push', (push) => (...args) => {
    quietly(() => {
      const [piece] = args
      // A response nobody listens for is thrown away by Node, and so was never read.
      if (piece === null) end(Reflect.get(response, '_dumped') === true ? 'cancelled' : undefined)
      else if (!over && piece instanceof Uint8Array) {
        if (kept) decoder.chunk(piece)
        else decoder.skip()
      }
    })
    return push(...args)
  })
  wrap(response, 'destroy', (destroy) => (...args) => {
    quietly(() => {
      const [error] = args
      const byOther = error instanceof Error && 'code' in error && error.code === 'ECONNRESET'
      if (!response.complete) end(byOther && !isCancelled() ? 'reset' : 'cancelled')
    })
    return destroy(...args)
  })
  return { broken: () => quietly(() => end(isCancelled() ? 'cancelled' : 'reset')) }
}

function head({ statusCode, rawHeaders }: IncomingMessage, watch: Watch): void {
  const headers = new Headers()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    append(headers, rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '')
  }
  watch.head(statusCode ?? 0, headers)
}

/** The pieces of a body that is being written. */
class Kept {
  #pieces: Uint8Array[] = []
  #bytes = 0
  tooLong = false

  /** Takes what `write` and `end` are given: a piece and its encoding, or neither. What is no piece is not ours to judge. */
  add([piece, encoding]: readonly unknown[], limit: number): void {
    if (this.tooLong) return
    const isText = typeof piece === 'string'
    if (!isText && !(piece instanceof Uint8Array)) return
    // A copy: the buffer is the agent's.
    const bytes = isText
      ? Buffer.from(piece, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
      : Buffer.from(piece)
    this.#bytes += bytes.length
    this.tooLong = this.#bytes > limit
    if (this.tooLong) this.#pieces = []
    else this.#pieces.push(bytes)
  }

  whole(): Uint8Array {
    return Buffer.concat(this.#pieces)
  }

  drop(): void {
    this.#pieces = []
  }
}

/** The request as it stands. Nothing where it has no address that could be read. */
function sentOf(request: ClientRequest, body: Kept, unread: string | undefined): Sent | undefined {
  const url = urlOf(request)
  if (url === null) return undefined
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.getHeaders())) {
    for (const one of Array.isArray(value) ? value : [value]) append(headers, name, String(one))
  }
  const sent = { method: request.method, url, headers }
  if (unread !== undefined) return { ...sent, unread }
  if (body.tooLong) return { ...sent, unread: 'is too long to be kept' }
  const bytes = body.whole()
  if (bytes.length === 0) return sent
  if (headers.has('content-encoding')) return { ...sent, unread: 'is compressed' }
  const type = headers.get('content-type')
  if (type !== null && wireAt(url) === undefined && !readable.test(type)) {
    return { ...sent, unread: 'is neither text nor JSON' }
  }
  try {
    return { ...sent, body: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return { ...sent, unread: 'is no text' }
  }
}

function keepingOf(request: ClientRequest): Keeping {
  const url = urlOf(request)
  return request.method === 'POST' && url !== null && wireAt(url) !== undefined ? ofModels : ofOthers
}

function urlOf(request: ClientRequest): URL | null {
  const { protocol, host, path } = request
  // To a proxy the whole address is sent as the path.
  if (/^https?:\/\//i.test(path)) return URL.parse(path)
  const name = request.getHeader('host') ?? host
  return URL.parse(`${protocol}//${String(name)}${path.startsWith('/') ? '' : '/'}${path}`)
}

function append(headers: Headers, name: string, value: string): void {
  quietly(() => headers.append(name, value))
}

type Method = (...args: unknown[]) => unknown

/** Wraps a method of this one object, as quietly as can be: not to be seen among its own keys. */
function wrap(target: object, name: string, around: (original: Method) => Method): void {
  const method = Reflect.get(target, name) as Method
  const value = around((...args) => Reflect.apply(method, target, args))
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false })
}

/** What fails here is not the agent's business. */
function quietly(run: () => void): void {
  try {
    run()
  } catch {
    return
  }
}
