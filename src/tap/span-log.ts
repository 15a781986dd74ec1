import { AsyncLocalStorage } from 'node:async_hooks'
import { defined } from '../lib/defined.ts'
import { thrownAs } from '../lib/thrown.ts'
import type { Attempt } from '../schema/attempt.ts'
import type { Asker, CallKind, Provenance, ReplyOf, RequestOf } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import type { Plan, Span } from '../schema/trace.ts'
import { sayable } from './sayable.ts'
import { settled } from './settled.ts'
import type { Part } from './tap.ts'

/** What is known when a call has come back. */
export interface Answered<K extends CallKind> {
  /** What was asked in the end, where it was changed on its way. */
  readonly request?: RequestOf<K>
  readonly reply: ReplyOf<K>
  readonly served?: Provenance
  /** The tries it took, where they are known. */
  readonly attempts?: readonly Attempt[]
  readonly startedAt?: string
  readonly durationMs?: number
  readonly attributes?: { readonly [key: string]: Json }
}

/** A call that brought the agent an error instead of a reply. */
export interface Threw {
  readonly threw: { readonly type: string; readonly message: string }
  readonly served: Provenance
}

/**
 * Collects what happens at a tap as the spans of one run: `s1` is the agent, the calls follow in order of start, and behind
 * them the parts of the agent they were made in. A call that never comes back stays, without a reply.
 */
export class SpanLog {
  readonly #spans: Span[] = []
  /** Parts of the agent. They stand behind all calls, so that a step stays the place of its call. */
  readonly #parts: Span[] = []
  #begun = false
  /** The part that runs here. */
  readonly #here = new AsyncLocalStorage<string>()

  #plan: Plan | undefined

  constructor(agent: string) {
    this.#spans.push({ id: 's1', parent: null, kind: 'agent', name: agent, status: 'ok' })
  }

  /** Notes that a call was made, and by whom where it was not the agent; the returned function notes what came of it. */
  start<K extends CallKind>(
    kind: K,
    request: RequestOf<K>,
    by?: Asker,
  ): (answered: Answered<K> | { missed: string } | Threw) => void {
    const index = this.#spans.length
    const base = {
      id: `s${index + 1}`,
      parent: this.#here.getStore() ?? 's1',
      name: nameOf(kind, request),
      kind,
      ...defined({ by }),
      request,
    }
    this.#spans.push({ ...base, status: 'error' } as Span)
    return (result) => {
      this.#spans[index] = (
        'missed' in result
          ? {
              ...base,
              status: 'error',
              served: 'miss',
              error: { type: 'EVK_FIXTURE_MISS', message: result.missed },
            }
          : 'threw' in result
            ? { ...base, status: 'error', served: result.served, error: result.threw }
            : { ...base, status: failed(result.reply) ? 'error' : 'ok', ...result }
      ) as Span
    }
  }

  /** Runs a part of the agent: what is called in it is its child. Its outermost trace is the run itself. */
  within<T>({ kind, name, input, attributes }: Part, body: () => T): T {
    const isFirst = this.#spans.length === 1 && this.#parts.length === 0 && !this.#begun
    this.#begun = true
    if (isFirst && kind === 'agent' && attributes?.['handoff.to'] === undefined) return body()
    const index = this.#parts.length
    const id = `p${index + 1}`
    const parent = this.#here.getStore() ?? 's1'
    const part = { id, parent, kind, name, ...defined({ input, attributes }) }
    this.#parts.push({ ...part, status: 'error' })
    return settled(
      () => this.#here.run(id, body),
      (how) => {
        const { name: type, message } = 'threw' in how ? thrownAs(how.threw) : { name: '', message: '' }
        const end =
          'threw' in how
            ? { status: 'error', error: { type, message } }
            : { status: 'ok', ...defined({ output: sayable(how.output) }) }
        this.#parts[index] = { ...part, ...end } as Span
      },
    )
  }

  /** Notes what the agent is going to do. A later one replaces it. */
  planned(plan: Plan): void {
    this.#plan = plan
  }

  plan(): Plan | undefined {
    return this.#plan
  }

  /** The spans so far; `output` and `error` are the agent's own. */
  spans(end: { output?: Json; error?: { type: string; message: string } } = {}): readonly Span[] {
    const [agent, ...rest] = this.#spans
    if (agent === undefined) return rest
    const closed = { ...agent, ...end, status: end.error === undefined ? 'ok' : 'error' } as Span
    return [closed, ...rest, ...this.#parts]
  }
}

function nameOf<K extends CallKind>(kind: K, request: RequestOf<K>): string {
  if ('name' in request) return request.name
  if ('url' in request) return `${request.method} ${request.url}`
  return 'model' in request && request.model !== undefined ? request.model : kind
}

function failed(reply: object): boolean {
  return 'isError' in reply && reply.isError === true
}
