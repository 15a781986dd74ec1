import type { Attempt } from '../schema/attempt.ts'
import type { Asker, CallKind, CallOf, LlmReply, ReplyOf, RequestOf } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'

/** A call that is about to be answered. */
export interface Asked<K extends CallKind = CallKind> {
  readonly kind: K
  readonly request: RequestOf<K>
  /** Its place among all calls of this run, from 1. */
  readonly step: number
  /** Its place among the agent's calls in this run that have its kind and name, from 1; 0 where it is not the agent's. */
  readonly nth: number
  /** Whose call it is, where it is not the agent's. */
  readonly by?: Asker
  /** Whether it came over HTTP, so that tries can be put in. */
  readonly overHttp: boolean
}

/**
 * What is put in on purpose, instead of what the recording would say: a fault, an edit of a fork, another answer of a
 * person. It counts as `injected`, and what comes after it is off the tape.
 */
export interface Injection<K extends CallKind = CallKind> {
  /** The reply; as a function, made of the recorded one, which is then taken from the tape. */
  readonly reply?: ReplyOf<K> | ((recorded: CallOf<K>) => ReplyOf<K>)
  /** The tries over HTTP that bring it. Left out, a reply is written anew. */
  readonly attempts?: readonly Attempt[]
  /** Tries that come before the recorded ones, for a client that asks again. Only of a call that came over HTTP. */
  readonly before?: readonly Try[]
  /** What happens before the reply is given: the time it takes. */
  readonly first?: () => Promise<void>
  /** Told when the recorded reply is given after all, past the tries before it, with the request's idempotency key. */
  readonly delivered?: (idempotencyKey: string | undefined) => void
  /** What it is: the attribute `evalkit.injected` of the span. */
  readonly what?: Json
}

/** One try that is put in: made when the client gets there. */
export type Try = (whole: Whole) => Attempt | Promise<Attempt>

/** What a try that is put in can be made of. */
export interface Whole {
  /** The try that would bring the recorded reply. */
  readonly attempt: Attempt
  /** Of the header of that name, as this try has it. */
  readonly idempotencyKey: string | undefined
  readonly signal: AbortSignal | undefined
  /** Of a model: its reply, and another one as a try, in the form that is asked for. */
  readonly model: { readonly reply: LlmReply; readonly write: (reply: LlmReply) => Attempt } | undefined
}

/** Says what is put in for a call; `undefined`: nothing, the recording answers. Pure but for what it counts. */
export type Injector = <K extends CallKind>(asked: Asked<K>) => Injection<K> | undefined
