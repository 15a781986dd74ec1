import { defined } from '../lib/defined.ts'
import { thrownAs } from '../lib/thrown.ts'
import type { CallKind, LlmRequest, ReplyOf, RequestOf } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import { inParts } from '../schema/assemble.ts'
import type { SpoolRecord } from '../schema/spool.ts'
import type { Versions } from '../schema/trace.ts'
import { sayable } from '../tap/sayable.ts'
import { settled } from '../tap/settled.ts'
import { type Crossing, type Part, type Tap, TapAborted, tappedTools, withTap } from '../tap/tap.ts'
import { type HttpCalls, httpCalls } from './http-calls.ts'
import type { Redact } from './redact.ts'
import { elapsedMs, iso } from './time.ts'
import { versionsIn } from './versions.ts'

/** Where records go: `make` is called later, off the agent's path; `weight` is what it holds until then, in bytes. */
export type Emit = (make: () => SpoolRecord | undefined, weight: number) => void

/** Everything a recorder depends on. */
export interface RecorderOptions {
  /** The trace's id. */
  readonly id: string
  readonly name: string
  readonly input?: Json
  readonly versions?: Versions
  readonly attributes?: { readonly [key: string]: Json }
  readonly emit: Emit
  readonly redact: Redact
  /** Milliseconds since the epoch, never going back. */
  readonly now: () => number
  /** Where set, the records of somebody else's trace: no start and no end is written. */
  readonly joins?: boolean
  /**
   * Where set, what is recorded here is one part of a trace that no process sees whole, and this is what makes the
   * ids of its spans its own. Each part writes the start, marked as such, and none an end.
   */
  readonly part?: string
}

/** How a run ended. */
export interface RecordedEnd {
  readonly output?: unknown
  /** What the agent threw, where it threw. */
  readonly threw?: unknown
  /** Why it ended, where it did not end by itself: `exit`, `idle`. */
  readonly ended?: string
  readonly attributes?: { readonly [key: string]: Json }
}

/** Records one run: the tap to put it under, and its end. Nothing here throws, waits, or is asked for by the agent. */
export interface Recorder {
  readonly id: string
  readonly tap: Tap
  /** Spans begun so far. */
  spans(): number
  /** Ends the run, once. Bodies that are still being read are noted as `abandoned`; if they end after all, so is that. */
  end(end?: RecordedEnd): void
}

/** Which tools are tapped: without it nobody could tell a call that was refused from one that nothing recorded. */
function tapped(): { readonly 'evalkit.tapped'?: readonly string[] } {
  const names = tappedTools()
  return names.length === 0 ? {} : { 'evalkit.tapped': names }
}

/** The first id is the run itself, which only its start and end tell of. */
const root = 's1'

export function createRecorder(options: RecorderOptions): Recorder {
  const { id: trace, now, redact, emit } = options
  const startedAt = now()
  const base = { v: 1, trace } as const
  let count = 1
  let ended = false
  /** What the first model call was sent with tells the versions of prompt, model and tools. */
  let seen: ReturnType<typeof versionsIn> = { versions: {}, attributes: {} }
  let asked = false

  const nextId = (): string => `${options.part ?? ''}s${++count}`
  const http: HttpCalls = httpCalls({
    base,
    emit,
    redact,
    now,
    nextId,
    asked(request: LlmRequest) {
      if (asked) return
      asked = true
      seen = versionsIn(request)
    },
  })

  if (options.joins !== true) {
    const { name, input, versions = {} } = options
    const attributes = { ...options.attributes, ...(options.part === undefined ? {} : { [inParts]: true }) }
    const told = { name, versions, attributes, ...defined({ input }) }
    const start = { type: 'start', startedAt: iso(startedAt) } as const
    emit(() => ({ ...base, ...start, ...redact.json(told) }), 256 + weigh(input))
  }

  function tapUnder(parent: string): Tap {
    return {
      async handle<K extends CallKind>(
        kind: K,
        request: RequestOf<K>,
        crossing: Crossing<K>,
      ): Promise<ReplyOf<K>> {
        if (crossing.live === undefined) throw new TapAborted(`No way to make this ${kind} call.`)
        const id = nextId()
        const at = crossing.startedAt ?? now()
        begin(id, parent, kind, nameOf(kind, request), at, {
          request,
          ...defined({ attributes: crossing.attributes }),
        })
        try {
          const reply = await withTap(tapUnder(id), crossing.live)
          const error = 'isError' in reply && reply.isError ? errorIn(reply) : undefined
          finish(id, at, { reply, ...defined({ error }) })
          return reply
        } catch (threw) {
          finish(id, at, { error: errorOf(threw) })
          throw threw
        }
      },
      meet: (sent) => ({ watch: http.watch(sent, parent) }),
      within: (part, body) => within(part, parent, body),
      plan(steps) {
        const at = iso(now())
        emit(() => ({ ...base, type: 'plan', at, plan: redact.json(steps) }), 1024)
      },
      // A call that cannot be read as one goes on; what it was is all that is known of it.
      pass(what) {
        const id = nextId()
        const at = now()
        begin(id, parent, 'custom', 'unread', at, { attributes: { 'evalkit.unread': what } })
        finish(id, at, {})
      },
    }
  }

  function within<T>(part: Part, parent: string, body: () => T): T {
    const id = nextId()
    const at = now()
    begin(id, parent, part.kind, part.name, at, defined({ input: part.input, attributes: part.attributes }))
    return settled(
      () => withTap(tapUnder(id), body),
      ({ output, threw }) =>
        finish(
          id,
          at,
          defined({ output: sayable(output), error: threw === undefined ? undefined : errorOf(threw) }),
        ),
    )
  }

  function begin(
    id: string,
    parent: string,
    kind: CallKind | Part['kind'],
    name: string,
    at: number,
    more: { request?: Json; input?: Json; attributes?: { readonly [key: string]: Json } },
  ): void {
    const span = { id, parent, kind, startedAt: iso(at) }
    const make = (): SpoolRecord => ({
      ...base,
      type: 'span',
      span: { ...span, name: redact.text(name), ...redact.json(more) },
    })
    emit(make, 256 + weigh(more.request ?? more.input))
  }

  function finish(
    id: string,
    at: number,
    more: { reply?: Json; output?: Json; error?: { type: string; message: string } },
  ): void {
    const status = more.error === undefined ? 'ok' : 'error'
    const durationMs = elapsedMs(at, now())
    const make = (): SpoolRecord => ({
      ...base,
      type: 'reply',
      span: id,
      status,
      durationMs,
      ...redact.json(more),
    })
    emit(make, 256 + weigh(more.reply ?? more.output))
  }

  return {
    id: trace,
    tap: tapUnder(root),
    spans: () => count - 1,
    end(end = {}) {
      if (ended) return
      ended = true
      http.abandon()
      if (options.joins === true || options.part !== undefined) return
      const durationMs = elapsedMs(startedAt, now())
      const error = 'threw' in end ? errorOf(end.threw) : undefined
      const output = sayable(end.output)
      const make = (): SpoolRecord => ({
        ...base,
        type: 'end',
        status: error === undefined ? 'ok' : 'error',
        ...defined({ ended: end.ended }),
        ...redact.json(defined({ output, error })),
        durationMs,
        // What the user says of his versions is surer than what a request shows.
        versions: { ...seen.versions, ...options.versions },
        attributes: { ...seen.attributes, ...tapped(), ...redact.json(end.attributes ?? {}) },
      })
      emit(make, 256 + weigh(output))
    },
  }
}

/** Bytes a value may hold on to until it is written; a guess that costs no walk through it. */
function weigh(value: Json | undefined): number {
  return typeof value === 'string' ? value.length * 2 : value === undefined ? 0 : 1024
}

function nameOf<K extends CallKind>(kind: K, request: RequestOf<K>): string {
  if ('name' in request) return request.name
  return 'model' in request && request.model !== undefined ? request.model : kind
}

function errorIn({ response }: { readonly response: Json }): { type: string; message: string } {
  const thrown =
    typeof response === 'object' && response !== null && 'thrown' in response ? response.thrown : undefined
  const { name, message } = (thrown ?? {}) as { name?: unknown; message?: unknown }
  return {
    type: typeof name === 'string' ? name : 'tool_error',
    message: typeof message === 'string' ? message : 'the tool answered with an error',
  }
}

function errorOf(threw: unknown): { type: string; message: string } {
  const { name, message } = thrownAs(threw)
  return { type: name, message }
}
