import { syncBuiltinESMExports } from 'node:module'
import type * as Http from 'node:http'
import type { Agent, ClientRequest, RequestOptions } from 'node:http'
import type * as Https from 'node:https'
import { thrownAs } from '../lib/thrown.ts'
import { watchRequest } from './http-watch.ts'
import { currentTap, type Tap, TapAborted } from './tap.ts'

/** Node's builtin modules as `require` gives them: the objects whose functions are exchanged. */
export interface HttpModules {
  readonly http: typeof Http
  readonly https: typeof Https
}

/**
 * Puts the builtin `http.request`, `http.get`, `https.request` and `https.get` behind the tap in force where they are
 * called, for ESM and CommonJS alike. The agent gets the `ClientRequest` it would have got: its bodies are observed
 * on the instance, no listener is added, and nothing flows that would not have flowed. A tap that lets nothing out
 * (a replay) refuses: the request fails with a `TapAborted`, and no connection is opened for it. Without a tap in
 * force the call is the original one.
 *
 * Not seen: `new ClientRequest(…)`, requests of the `undici` package, HTTP/2, functions that were taken out of the
 * modules before this ran by `const { request } = require('http')`. `here` says which tap is in force; default: that of
 * `currentTap`.
 *
 * Returns what undoes it. Once for a process: while it is in force, a second call (of another copy of the package as
 * well) changes nothing.
 */
export function tapHttp({ http, https }: HttpModules, here: () => Tap | undefined = currentTap): () => void {
  const place = globalThis as { [key]?: true }
  if (place[key] === true) return () => undefined
  place[key] = true
  const state = { active: true, here }
  const undo = [
    exchange(http, tappedRequest(http, 'http:', state)),
    exchange(https, tappedRequest(https, 'https:', state)),
  ]
  syncBuiltinESMExports()
  return () => {
    if (!state.active) return
    state.active = false
    delete place[key]
    for (const back of undo) back()
    syncBuiltinESMExports()
  }
}

const key = Symbol.for('evalkit.http.1')

interface State {
  readonly active: boolean
  readonly here: () => Tap | undefined
}

type Ask = (...args: unknown[]) => ClientRequest
interface Module {
  readonly request: Function
  readonly get: Function
  readonly Agent: new () => Agent
}

/** Puts a module's two functions in place; returns what puts the old ones back, where ours are still there. */
function exchange(module: Module, request: Ask): () => void {
  const old = { request: module.request, get: module.get }
  // As Node's own: `get` is `request`, ended at once.
  const get = function get(this: unknown, ...args: unknown[]): ClientRequest {
    const asked = Reflect.apply(request, this, args)
    asked.end()
    return asked
  }
  const ours = { request: likeOriginal(request, old.request), get: likeOriginal(get, old.get) }
  Object.assign(module, ours)
  return () => {
    if (module.request === ours.request) Object.assign(module, { request: old.request })
    if (module.get === ours.get) Object.assign(module, { get: old.get })
  }
}

function likeOriginal(ours: Function, original: Function): Function {
  const { name, length } = original
  return Object.defineProperties(ours, {
    name: { value: name, configurable: true },
    length: { value: length, configurable: true },
  })
}

function tappedRequest(module: Module, protocol: string, state: State): Ask {
  const original = module.request
  return function request(this: unknown, ...args: unknown[]): ClientRequest {
    const ask = (given: unknown[]): ClientRequest => Reflect.apply(original, this, given) as ClientRequest
    const tap = state.active ? tapHere(state) : undefined
    if (tap === undefined) return ask(args)
    const refused = refusalOf(tap, args, protocol)
    if (refused !== undefined) return ask(withAgent(args, refusing(module, agentOf(args), refused)))
    const asked = ask(args)
    watchRequest(asked, tap)
    return asked
  }
}

/** The tap in force. What stands for the whole process may fail to be made, and then records nothing. */
function tapHere({ here }: State): Tap | undefined {
  try {
    return here()
  } catch {
    return undefined
  }
}

/** Why this request may not go out. Decided before the request is made: making it opens a connection. */
function refusalOf(tap: Tap, args: readonly unknown[], protocol: string): Error | undefined {
  if (tap.closed !== true) return undefined
  const what = `a request was made through node:${protocol.slice(0, -1)}, which is recorded but not replayed (${askedFor(args, protocol)})`
  try {
    tap.pass(what)
    return new TapAborted(what)
  } catch (error) {
    return TapAborted.is(error) ? error : new TapAborted(thrownAs(error).message)
  }
}

/** An agent that gives no connection, and tells the request why, as an agent tells that it could not connect. */
function refusing(module: Module, given: unknown, error: Error): Agent {
  const addRequest = (asked: ClientRequest): void => {
    const { onSocket } = asked as unknown as { onSocket: (socket: null, error: Error) => void }
    onSocket.call(asked, null, error)
  }
  const agent = Object.assign(new module.Agent(), { addRequest })
  // A request is held against the protocol of its agent.
  return Object.assign(agent, { protocol: isObject(given) ? Reflect.get(given, 'protocol') : undefined })
}

/** The arguments with another agent. The signatures are `(url, options?, callback?)` and `(options, callback?)`. */
function withAgent(args: readonly unknown[], agent: Agent): unknown[] {
  const at = optionsAt(args)
  const options = args[at]
  if (isObject(options)) return args.with(at, { ...options, agent })
  return [...args.slice(0, at), { agent }, ...args.slice(options === undefined ? at + 1 : at)]
}

function agentOf(args: readonly unknown[]): unknown {
  const options = args[optionsAt(args)]
  return isObject(options) ? options.agent : undefined
}

function optionsAt([first]: readonly unknown[]): 0 | 1 {
  return typeof first === 'string' || first instanceof URL ? 1 : 0
}

function isObject(value: unknown): value is RequestOptions {
  return typeof value === 'object' && value !== null
}

/** Method and address without its query, as far as the arguments say them. */
function askedFor(args: readonly unknown[], protocol: string): string {
  const options = args[optionsAt(args)]
  const { method = 'GET', hostname, host, port, path = '/', ...rest } = isObject(options) ? options : {}
  const url =
    optionsAt(args) === 1
      ? String(args[0])
      : `${rest.protocol ?? protocol}//${hostname ?? host ?? 'localhost'}${port === undefined ? '' : `:${port}`}${path ?? '/'}`
  return `${method.toUpperCase()} ${url.split(/[?#]/, 1)[0] ?? ''}`.slice(0, 200)
}
