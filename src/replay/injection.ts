import type { Attempt } from '../schema/attempt.ts'
import type { CallKind, CallOf, ReplyOf, RequestOf } from '../schema/call.ts'

/** A call that is about to be answered. */
export interface Asked<K extends CallKind = CallKind> {
  readonly kind: K
  readonly request: RequestOf<K>
  /** Its place among all calls of this run, from 1. */
  readonly step: number
  /** Its place among the calls of this run that have its kind and name, from 1. */
  readonly nth: number
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
  /** Tries that fail before the recorded ones, where the client asks again by itself. */
  readonly before?: readonly Attempt[]
}

/** Says what is put in for a call; `undefined`: nothing, the recording answers. Pure but for what it counts. */
export type Injector = <K extends CallKind>(asked: Asked<K>) => Injection<K> | undefined
