import type { LlmReply, LlmRequest, ToolReply, Usage } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { FieldFidelity, ObservedField, Span, Trace } from '../../schema/trace.ts'

/**
 * One thing that somebody else's telemetry saw, in our words: an OTLP span with its events and logs, an observation of
 * Langfuse, a run of LangSmith, a span of OpenAI Agents. What the source does not tell stays out; nothing is guessed here.
 * What belongs together across spans (the tree, calls and their results, ids, totals) is the business of `assemble.ts`.
 */
export interface Observation {
  /** The source's own id, unique among the observations of one trace. */
  readonly id: string
  /** The id of what it happened in. One that is not among the observations makes it an orphan. */
  readonly parent?: string | undefined
  readonly kind: Span['kind']
  readonly name: string
  /** ISO 8601. */
  readonly startedAt?: string | undefined
  /** Nanoseconds since 1970: finer than `startedAt`, for the order. */
  readonly startNanos?: bigint | undefined
  /** Milliseconds. */
  readonly durationMs?: number | undefined
  readonly status: 'ok' | 'error'
  readonly error?: { readonly type: string; readonly message: string } | undefined

  /** `llm`: what was asked. Without `messages` they are not known. Calls without an id have the id `""`, and so have results. */
  readonly request?: (Omit<LlmRequest, 'messages'> & Partial<Pick<LlmRequest, 'messages'>>) | undefined
  /** `llm`: what came back. */
  readonly reply?: Omit<LlmReply, 'usage' | 'costUsd'> | undefined

  /** `tool`: what was called. Without `arguments` they are not known. */
  readonly call?: ObservedCall | undefined
  /** `tool`: what it brought, where the observation itself knows. `isError` may be left to `status`. */
  readonly result?: (Pick<ToolReply, 'response'> & Partial<Pick<ToolReply, 'isError'>>) | undefined

  /** `human`: what a person answered; `input` is the question. Of the other kinds, what went in and what came out. */
  readonly input?: Json | undefined
  readonly output?: Json | undefined

  /** In three disjoint input numbers, whatever the source calls input tokens. */
  readonly usage?: Usage | undefined
  readonly costUsd?: number | undefined
  /** `aggregate`: a sum over calls that are observed themselves. Only `call` counts, and only on `llm`. */
  readonly usageScope?: 'call' | 'aggregate' | undefined

  readonly session?: string | undefined
  readonly user?: string | undefined
  readonly promptVersion?: string | undefined
  readonly codeVersion?: string | undefined
  readonly agent?: string | undefined
  readonly tags?: readonly string[] | undefined

  /** What the source says beyond all that, as it says it. Names that are ours are not taken over. */
  readonly attributes?: { readonly [key: string]: Json | undefined } | undefined
  readonly fidelity?: { readonly [F in ObservedField]?: FieldFidelity } | undefined
}

export interface ObservedCall {
  readonly id?: string | undefined
  readonly name: string
  readonly arguments?: Json | undefined
  readonly malformed?: true | undefined
}

/** All that was observed of one run. */
export interface Observed {
  readonly source: Trace['source']
  readonly observations: readonly Observation[]
  /** What the source calls the run, if it does; otherwise its agent, or its root, names it. */
  readonly name?: string | undefined
  readonly session?: string | undefined
  readonly user?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly attributes?: { readonly [key: string]: Json | undefined } | undefined
  readonly scores?: Trace['scores'] | undefined
  /**
   * Whether the source is known to lose the spans of tools that failed: a call without a span, whose result looks like an
   * error, then failed.
   */
  readonly losesFailedTools?: boolean | undefined
}
