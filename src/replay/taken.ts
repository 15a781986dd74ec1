import type { Asker, CallKind, CallOf, Provenance, ToolReply } from '../schema/call.ts'
import type { Wire } from '../tap/wire/wire.ts'
import type { Injection } from './injection.ts'
import type { LiveAnswer } from './live/live-models.ts'

/** Ways a call can be answered beside its recording. */
export interface Ways {
  readonly wire?: Wire | undefined
  /** Whose call it is, where it is not the agent's. */
  readonly by?: Asker
  /** It came over HTTP. */
  readonly overHttp?: true
  /** The agent's own: where it gives up, nobody failed. */
  readonly signal?: AbortSignal | undefined
  /** Asks the model, where models are live. */
  readonly live?: (() => Promise<LiveAnswer>) | undefined
  /** Runs the tool. */
  readonly run?: (() => Promise<ToolReply>) | undefined
}

/** A call that was answered. */
export interface Taken<K extends CallKind> {
  readonly call: CallOf<K>
  readonly how: Provenance
  /** What is put in, where something is. */
  readonly injection?: Pick<Injection, 'before' | 'delivered'> | undefined
}
