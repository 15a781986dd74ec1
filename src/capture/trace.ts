import type { Json } from '../schema/json.ts'
import type { Plan, Versions } from '../schema/trace.ts'
import { contextTap, withTap } from '../tap/tap.ts'
import { sayable } from '../tap/sayable.ts'
import { settled } from '../tap/settled.ts'
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

/** A step of a plan. `tool` is the tool that does it, where one does: then a check can say whether it was done. */
export interface PlanStep {
  readonly step: string
  readonly tool?: string
}

/**
 * Records what the agent is going to do, as a part of the run around it; one that thinks again says the whole new plan,
 * and the last one counts. Outside of a run it is nothing. Never throws.
 *
 * @example
 * plan([{ step: 'Look the order up.', tool: 'get_order' }, { step: 'Tell the customer.' }])
 */
export function plan(steps: readonly PlanStep[]): void {
  contextTap()?.plan?.(stepsIn(steps))
}

/** Steps of a plan that are kept, and characters of each. */
const mostSteps = 200
const longestStep = 2000

/** What a model said may stand in it: what is no step is left out. */
function stepsIn(steps: unknown): Plan {
  if (!Array.isArray(steps)) return []
  return steps.slice(0, mostSteps).flatMap((one: unknown) => {
    const { step, tool } = (sayable(one) ?? {}) as { step?: unknown; tool?: unknown }
    if (typeof step !== 'string') return []
    const text = step.slice(0, longestStep)
    return [
      typeof tool === 'string' && tool !== ''
        ? { step: text, tool: tool.slice(0, longestStep) }
        : { step: text },
    ]
  })
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
