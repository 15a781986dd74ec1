import { defined } from '../lib/defined.ts'
import type { Attempt } from '../schema/attempt.ts'
import type { Asker, CallKind, Provenance, ReplyOf, RequestOf } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import type { Plan, Span } from '../schema/trace.ts'

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
 * Collects what happens at a tap as the spans of one run: `s1` is the agent, everything else its child, in order
 * of start. A call that never comes back stays, without a reply.
 */
export class SpanLog {
  readonly #spans: Span[] = []

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
      parent: 's1',
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
    return [closed, ...rest]
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
