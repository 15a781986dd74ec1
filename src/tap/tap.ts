import { AsyncLocalStorage } from 'node:async_hooks'
import type { Asker, CallKind, ReplyOf, RequestOf } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import type { ToolInCode } from '../schema/known-tools.ts'
import type { Plan } from '../schema/trace.ts'
import type { Watch, Sent } from './sent.ts'
import type { Wire } from './wire/wire.ts'

/** What a crossing knows beside its request. */
export interface Crossing<K extends CallKind> {
  /** The provider's format this request has on the wire, where it has one: requests are compared as it shows them. */
  readonly wire?: Wire
  /** The way to the real world. Absent where there is none; a tap in recorded mode never takes it. */
  readonly live?: () => Promise<ReplyOf<K>>
  /** Whose call it is, where it is not the agent's. */
  readonly by?: Asker
  /** When it was made, in milliseconds since the epoch, where it is told of only afterwards. */
  readonly startedAt?: number
  /** Of its span, where it is recorded. */
  readonly attributes?: { readonly [key: string]: Json }
}

/**
 * The seam where an agent touches the world. Capture and replay are two handlers of it; which one answers is
 * decided by the async context, so the agent's code does not change and concurrent runs never mix.
 */
export interface Tap {
  /** It lets nothing out: what it cannot answer does not even open a connection. */
  readonly closed?: true
  handle<K extends CallKind>(kind: K, request: RequestOf<K>, crossing: Crossing<K>): Promise<ReplyOf<K>>
  /**
   * An HTTP request is about to be sent. A replay answers it; a recorder lets it go, and watches what comes back.
   * Never throws.
   */
  meet(sent: Sent): Met
  /** Runs a part of the agent as a span of its own. What runs in it has that span as its parent. */
  within<T>(part: Part, body: () => T): T
  /** Notes what the agent says it is going to do, in place of what it said before. Never throws. */
  plan?(steps: Plan): void
  /**
   * The agent is about to reach the world in a way that cannot be read as a call: an endpoint or a body we do not
   * know; `what` says so in a clause. Returns where that may go on; a tap that lets nothing out notes it and throws
   * `TapAborted`.
   */
  pass(what: string): void
}

/** How an HTTP request is met. */
export type Met = { readonly answer: Promise<Response> } | { readonly watch: Watch }

/** A part of an agent: another agent it hands over to, or a step that has a name. */
export interface Part {
  readonly kind: 'agent' | 'custom' | 'retrieval'
  readonly name: string
  readonly input?: Json
  readonly attributes?: { readonly [key: string]: Json }
}

const brand = Symbol.for('evalkit.aborted')

/**
 * Thrown into the agent when a tap cannot answer. The agent may swallow it: whoever installed the tap learns of it
 * out of band as well, so it is never lost. Recognise it with `TapAborted.is`, which also holds for another copy of
 * the package.
 */
export class TapAborted extends Error {
  readonly [brand] = true

  constructor(what: string) {
    super(what)
    this.name = 'TapAborted'
  }

  static is(value: unknown): value is TapAborted {
    return typeof value === 'object' && value !== null && brand in value
  }
}

/** Runs `body` with this tap in force, in it and in everything it starts. */
export function withTap<T>(tap: Tap, body: () => T): T {
  return shared().storage.run(tap, body)
}

/** The tap in force here, if any: that of the async context, else what stands for the whole process. */
export function currentTap(): Tap | undefined {
  const { storage, guards, ambient } = shared()
  return storage.getStore() ?? (guards.size === 0 ? ambient?.() : strayTap)
}

/** The tap of the async context alone: whether a run is recorded or replayed here. */
export function contextTap(): Tap | undefined {
  return shared().storage.getStore()
}

/** Where the tap of the async context is kept: for channels that set the context of what they tell of. */
export function tapStorage(): AsyncLocalStorage<Tap> {
  return shared().storage
}

/**
 * Installs what meets calls that are made outside the async context of any run: a recorder of the process. It gives
 * way to `guardUntapped`. The first one installed stays; returns whether this one did.
 */
export function installAmbient(ambient: () => Tap | undefined): boolean {
  const place = shared()
  if (place.ambient !== undefined) return false
  place.ambient = ambient
  return true
}

/**
 * Until the returned function is called, nothing that meets no tap goes to the world: an agent whose call comes from
 * outside its async context (a queue or a pool that was made earlier) would slip past its replay and be live. Such a
 * call is refused, and `note` is told of it, in every guard in force: whose it was nobody can know.
 */
export function guardUntapped(note: (what: string) => void): () => void {
  const { guards } = shared()
  // A function of its own, so that the same `note` can guard twice.
  const guard = (what: string): void => note(what)
  guards.add(guard)
  return () => guards.delete(guard)
}

/**
 * One crossing of the agent's boundary. With a tap in force it decides; without, the call goes to the world, and
 * where there is no way to it, this throws.
 */
export async function cross<K extends CallKind>(
  kind: K,
  request: RequestOf<K>,
  crossing: Crossing<K> = {},
): Promise<ReplyOf<K>> {
  const tap = currentTap()
  if (tap !== undefined) return tap.handle(kind, request, crossing)
  if (crossing.live === undefined)
    throw new TapAborted(`No way to make this ${kind} call: nothing records or replays it.`)
  return crossing.live()
}

/** Answers where no tap is in force, but one should be. */
const strayTap: Tap = {
  closed: true,
  handle: async (kind, request) =>
    stray(`a ${kind} call${'name' in request ? ` (${request.name})` : ''} was made`),
  meet: (sent) => ({ answer: strayRequest(sent) }),
  within: (_, body) => body(),
  pass: (what) => stray(what),
}

async function strayRequest({ method, url }: Sent): Promise<Response> {
  return stray(`a request was made (${method} ${`${url.origin}${url.pathname}`.slice(0, 200)})`)
}

function stray(what: string): never {
  const told = `${what}, outside the async context of any trial: nobody can say whose it was`
  for (const guard of shared().guards) guard(told)
  throw new TapAborted(told)
}

const key = Symbol.for('evalkit.tap.1')

/**
 * Notes that this tool is behind the tap, and what its code says of it: a result a model was shown without a call of it
 * is the agent's own word.
 */
export function noteTapped(tool: string, told: ToolInCode = { facts: {} }): void {
  const { tapped } = shared()
  if (tapped.has(tool) || tapped.size < mostTapped) tapped.set(tool, told)
}

/** The tools of this process that are behind the tap, sorted. */
export function tappedTools(): readonly string[] {
  return [...shared().tapped.keys()].sort()
}

/** What the code of this process says of a tool behind the tap. */
export function tappedTool(tool: string): ToolInCode | undefined {
  return shared().tapped.get(tool)
}

const mostTapped = 1000

interface Shared {
  readonly tapped: Map<string, ToolInCode>
  readonly storage: AsyncLocalStorage<Tap>
  readonly guards: Set<(what: string) => void>
  ambient?: (() => Tap | undefined) | undefined
}

/** One storage for all copies of the package in the process, so that agent and harness meet at the same tap. */
function shared(): Shared {
  const place = globalThis as { [key]?: Shared }
  place[key] ??= { storage: new AsyncLocalStorage<Tap>(), guards: new Set(), tapped: new Map() }
  return place[key]
}
