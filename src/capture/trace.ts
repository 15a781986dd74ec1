import type { Json } from '../schema/json.ts'
import type { Versions } from '../schema/trace.ts'
import { contextTap, withTap } from '../tap/tap.ts'
import { settled } from './recorder.ts'
import { sayable } from './sayable.ts'
import { captureSession } from './process.ts'

/** What may be said of a run when it starts. */
export interface TraceOptions {
  /** What the run was asked: recorded as its input, and the case's input when it is promoted. Any JSON. */
  readonly input?: unknown
  /** Version of the prompt; without, the hash of the first system prompt that is sent. */
  readonly version?: string
  readonly versions?: Versions
  /** Anything that helps to find it: the user's plan, the workflow and run id. */
  readonly attributes?: { readonly [key: string]: Json }
  /** Id of the trace, where it is known elsewhere: `[\w.:-]`, at most 128 characters. */
  readonly id?: string
}

/**
 * Records what happens in `fn` as one trace: its model calls (through `evalkit.fetch`), its tools, its people. Inside
 * of another trace it is a span of that one; in a replay, and where capture is off, it is `fn` itself. What `fn`
 * returns or throws is handed on, and nothing that goes wrong in recording reaches it.
 *
 * @example
 * await trace('support', { input: ticket, version: '12' }, () => answer(ticket))
 */
export function trace<T>(name: string, fn: () => T): T
export function trace<T>(name: string, options: TraceOptions, fn: () => T): T
export function trace<T>(name: string, ...rest: [() => T] | [TraceOptions, () => T]): T {
  const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest
  const input = sayable(options.input)
  const attributes = options.attributes
  const outer = contextTap()
  if (outer !== undefined) {
    const part = { kind: 'agent', name, ...(input === undefined ? {} : { input }) } as const
    return outer.within({ ...part, ...(attributes === undefined ? {} : { attributes }) }, fn)
  }
  const session = captureSession()
  if (session === undefined) return fn()
  const recorder = session.start(name, {
    ...(options.id === undefined || !/^[\w.:-]{1,128}$/.test(options.id) ? {} : { id: options.id }),
    ...(input === undefined ? {} : { input }),
    ...(attributes === undefined ? {} : { attributes }),
    versions: { ...options.versions, ...(options.version === undefined ? {} : { prompt: options.version }) },
  })
  return settled(
    () => withTap(recorder.tap, fn),
    (how) => recorder.end(how),
  )
}

/** What one agent hands to another. */
export interface Handoff {
  readonly to: string
  readonly from?: string
  /** What is handed over: any JSON. */
  readonly message?: unknown
}

/**
 * One agent hands over to another: what `fn` does is recorded as a span of agent `to`, with what it was handed. Outside
 * of a trace it begins one.
 *
 * @example
 * await handoff({ from: 'triage', to: 'refunds', message: { order } }, () => refunds(order))
 */
export function handoff<T>({ to, from, message }: Handoff, fn: () => T): T {
  const attributes = { 'handoff.to': to, ...(from === undefined ? {} : { 'handoff.from': from }) }
  return trace(to, { input: message, attributes }, fn)
}
