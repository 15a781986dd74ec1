import { AsyncLocalStorage } from 'node:async_hooks'
import type { CallKind, ReplyOf, RequestOf } from '../schema/call.ts'
import type { Wire } from './wire/wire.ts'

/** What a crossing knows beside its request. */
export interface Crossing<K extends CallKind> {
  /** The provider's format this request has on the wire, where it has one: requests are compared as it shows them. */
  readonly wire?: Wire
  /** The way to the real world. Absent where there is none; a tap in recorded mode never takes it. */
  readonly live?: () => Promise<ReplyOf<K>>
}

/**
 * The seam where an agent touches the world. Capture and replay are two handlers of it; which one answers is
 * decided by the async context, so the agent's code does not change and concurrent runs never mix.
 */
export interface Tap {
  handle<K extends CallKind>(kind: K, request: RequestOf<K>, crossing: Crossing<K>): Promise<ReplyOf<K>>
}

/**
 * Thrown into the agent when a tap cannot answer. The agent may swallow it: whoever installed the tap learns of it
 * out of band as well, so it is never lost.
 */
export class TapAborted extends Error {
  constructor(what: string) {
    super(what)
    this.name = 'TapAborted'
  }
}

/** Runs `body` with this tap in force, in it and in everything it starts. */
export function withTap<T>(tap: Tap, body: () => T): T {
  return storage().run(tap, body)
}

/** The tap in force here, if any. */
export function currentTap(): Tap | undefined {
  return storage().getStore()
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

const key = Symbol.for('evalkit.tap.1')

/** One storage for all copies of the package in the process, so that agent and harness meet at the same tap. */
function storage(): AsyncLocalStorage<Tap> {
  const shared = globalThis as { [key]?: AsyncLocalStorage<Tap> }
  shared[key] ??= new AsyncLocalStorage<Tap>()
  return shared[key]
}
