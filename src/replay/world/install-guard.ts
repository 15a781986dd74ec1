import { subscribe } from 'node:diagnostics_channel'
import { syncBuiltinESMExports } from 'node:module'
import { oneLine } from '../../lib/text.ts'
import { likeOriginal, replace } from './stand-in.ts'

/** A way out of the process that somebody is about to take. */
export interface Escape {
  /** What it is, in a clause: `a socket was opened (api.example.com:443)`. */
  readonly what: string
  /** Where it leads, where that is a host: an address, or the path of a local socket. */
  readonly host?: string
  readonly port?: number
}

/** Says whether a way out is barred here: what is returned is thrown to who takes it. */
export type Bar = (escape: Escape) => Error | undefined

/**
 * Bars the ways out of the process: sockets (TCP, TLS, local ones, and so HTTP of whatever client), datagrams, look-ups of
 * names, child processes, worker threads. `bar` is asked at each, in the async context of who takes it. For the life of
 * the process; a second call of the same copy changes nothing.
 *
 * `net.Socket.prototype.connect` is where every client ends, also Node's own `fetch` and the `undici` package. A connection
 * that was opened earlier is met by what Node and undici say of each request (`diagnostics_channel`).
 *
 * Not seen: sockets that were open before and speak a protocol other than HTTP, native addons, files.
 */
export function installGuard(bar: Bar): void {
  if (isInstalled) return
  isInstalled = true
  guardSockets(bar)
  guardRequests(bar)
  guardDatagrams(bar)
  guardNames(bar)
  guardPrograms(bar)
  guardWorkers(bar)
  syncBuiltinESMExports()
}

let isInstalled = false

/** Puts something before a method: it is called with the arguments, and throws where they may not be. */
function before(target: object, name: string, check: (args: readonly unknown[]) => Error | undefined): void {
  const original = Reflect.get(target, name) as unknown
  if (typeof original !== 'function') return
  const guarded = function (this: unknown, ...args: unknown[]): unknown {
    const error = check(args)
    if (error !== undefined) throw error
    return Reflect.apply(original, this, args)
  }
  // What belongs to it (`exec[util.promisify.custom]`) belongs to what stands for it.
  const members = Object.getOwnPropertyDescriptors(original) as PropertyDescriptorMap
  delete members.prototype
  replace(target, name, Object.defineProperties(likeOriginal(guarded, original), members))
}

function guardSockets(bar: Bar): void {
  const { Socket } = process.getBuiltinModule('node:net')
  before(Socket.prototype, 'connect', (args) => {
    const { host, port, path } = addressIn(args)
    if (path !== undefined) return bar({ what: `a local socket was opened (${shown(path)})` })
    return bar({ what: `a socket was opened (${shown(host)}:${port})`, host, port })
  })
}

/** `connect(options)`, `connect(path)`, `connect(port, host?)`; or what `net.connect` has made of them, in an array. */
function addressIn([first, second]: readonly unknown[]): { host: string; port: number; path?: string } {
  if (Array.isArray(first)) return addressIn(first as unknown[])
  if (typeof first === 'object' && first !== null) {
    const { host, port, path } = first as { host?: unknown; port?: unknown; path?: unknown }
    return {
      host: typeof host === 'string' ? host : 'localhost',
      port: Number(port),
      ...(typeof path === 'string' ? { path } : {}),
    }
  }
  if (typeof first === 'string' && !/^\d+$/.test(first)) return { host: '', port: 0, path: first }
  return { host: typeof second === 'string' ? second : 'localhost', port: Number(first) }
}

/** Requests over connections that are open already. */
function guardRequests(bar: Bar): void {
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: UndiciRequest }
    const { origin = '', method = 'GET' } = request
    const url = URL.parse(String(origin))
    const error = bar({ what: `a request was made (${method} ${shown(String(origin))})`, ...hostOf(url) })
    if (error === undefined) return
    // Thrown here it would reach nobody: who made the request learns of it as of a connection that failed.
    request.onError?.(error)
  })
  subscribe('http.client.request.created', (message) => {
    const { request } = message as { request: NodeRequest }
    // One that a tap has refused has been told already.
    if (Object.hasOwn(request.agent ?? {}, 'addRequest')) return
    const { host, method = 'GET', protocol = 'http:' } = request
    const error = bar({
      what: `a request was made (${method} ${protocol}//${shown(host)})`,
      host: host ?? 'localhost',
    })
    if (error !== undefined) request.destroy(error)
  })
}

interface UndiciRequest {
  readonly origin?: unknown
  readonly method?: string
  readonly onError?: (error: Error) => void
}

interface NodeRequest {
  readonly host?: string
  readonly method?: string
  readonly protocol?: string
  readonly agent?: object
  destroy(error: Error): void
}

function hostOf(url: URL | null): Pick<Escape, 'host' | 'port'> {
  if (url === null) return {}
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return { host, port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80) }
}

function guardDatagrams(bar: Bar): void {
  const { Socket } = process.getBuiltinModule('node:dgram')
  for (const name of ['send', 'sendto', 'connect', 'connectSync'])
    before(Socket.prototype, name, (args) => {
      const host = args.find((arg) => typeof arg === 'string' && arg !== args[0]) as string | undefined
      const to = host ?? 'localhost'
      return bar({ what: `a datagram was sent (${shown(to)})`, host: to })
    })
}

const lookUps = /^(?:lookup|lookupService|resolve\w*|reverse)$/

function guardNames(bar: Bar): void {
  const dns = process.getBuiltinModule('node:dns')
  const resolvers = [dns.Resolver, dns.promises.Resolver].map(({ prototype }) => prototype as object)
  for (const target of [dns, dns.promises, ...resolvers]) {
    for (const name of Object.getOwnPropertyNames(target)) {
      if (!lookUps.test(name)) continue
      before(target, name, ([host]) =>
        bar({ what: `a name was looked up (${shown(host)})`, host: String(host) }),
      )
    }
  }
}

function guardPrograms(bar: Bar): void {
  const programs = process.getBuiltinModule('node:child_process')
  const started = (program: unknown): Error | undefined =>
    bar({ what: `a program was started (${shown(program)})` })
  // `spawn`, `exec`, `execFile`, `fork` and cluster workers all come here.
  before(programs.ChildProcess.prototype, 'spawn', ([options]) => {
    const { file, args = [] } = (options ?? {}) as { file?: unknown; args?: readonly unknown[] }
    return started([...(args.length === 0 ? [file] : args)].join(' '))
  })
  for (const name of ['spawnSync', 'execSync', 'execFileSync'])
    before(programs, name, ([program]) => started(program))
}

function guardWorkers(bar: Bar): void {
  const threads = process.getBuiltinModule('node:worker_threads')
  const { Worker } = threads
  replace(
    threads,
    'Worker',
    new Proxy(Worker, {
      construct(target, args: unknown[], made) {
        const error = bar({ what: `a worker thread was started (${shown(args[0])})` })
        if (error !== undefined) throw error
        return Reflect.construct(target, args, made) as object
      },
    }),
  )
}

/** What the agent says of it, on one short line. */
function shown(value: unknown): string {
  const text = typeof value === 'string' || value instanceof URL ? String(value) : typeof value
  return oneLine(text, 200)
}
