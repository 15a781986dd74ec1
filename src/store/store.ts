import type { CachedReply } from '../schema/cached-reply.ts'
import type { Run, Trial } from '../schema/run.ts'
import type { Score } from '../schema/score.ts'
import type { Trace } from '../schema/trace.ts'
import type { GroupKey, TraceGroup, TraceQuery, TraceSummary } from '../schema/trace-query.ts'

/** A trace, and the ids its earlier versions have. */
export interface TraceChange {
  readonly trace: Trace
  readonly replaces: readonly string[]
}

/** What decides how long a trace is kept. */
export interface TraceWeight {
  readonly id: string
  /** When it started, in ms since 1970 UTC; absent where nobody knows. */
  readonly started?: number
  readonly tags: readonly string[]
  /** Its part of the store, estimated. */
  readonly bytes: number
}

/**
 * The seam where traces, runs and trials are kept. Nothing that was finished is ever changed, and a second write of the
 * same thing is no write; traces alone can be removed, whole. What a promise-returning method has resolved survives `kill -9`.
 * Every member passes `store/store.contract.ts`. Methods throw `EvalkitError` (`EVK_STORE_*`, `EVK_DISK_FULL`,
 * `EVK_*_NOT_FOUND`).
 */
export interface Store {
  /** Adds traces; those whose id is there already are left alone and counted as known. */
  putTraces(traces: Iterable<Trace>): Promise<{ readonly added: number; readonly known: number }>
  /**
   * Adds traces in the place of earlier versions of them, each change whole or not at all. A version that is not there, or has the
   * new one's id, is passed over; whether something refers to one is for the caller to know. Words are searchable when
   * `indexWords` was called, or somebody who may write has searched.
   */
  replaceTraces(changes: Iterable<TraceChange>): Promise<{ readonly added: number; readonly known: number }>
  /** Makes words of at most `limit` traces searchable that are not yet; says of how many. */
  indexWords(limit?: number): Promise<number>
  /** By id, or by a prefix that only one id has. Throws `EVK_TRACE_NOT_FOUND`, `EVK_TRACE_AMBIGUOUS`. */
  getTrace(idOrPrefix: string): Promise<Trace>
  /** Newest first, then by id. Throws `EVK_USAGE` on a field or comparison that does not exist. */
  listTraces(query: TraceQuery): AsyncIterable<TraceSummary>
  /** Every trace with what retention decides by, newest first, then by id. */
  weighTraces(): AsyncIterable<TraceWeight>
  /**
   * Removes traces with all that only they need; ids that are not there are passed over. A process that ends half way has
   * removed some of them whole, and none in part. Says how many went.
   */
  removeTraces(ids: Iterable<string>): Promise<number>
  /** Counts, rates and percentiles by group, largest first. */
  groupTraces(query: TraceQuery, by: GroupKey): Promise<readonly TraceGroup[]>

  /** Writes a run, or replaces its own earlier state (`running` → `finished` or `interrupted`). */
  putRun(run: Run): Promise<void>
  /** By id, or the newest of a name. Throws `EVK_RUN_NOT_FOUND` with the nearest names. */
  getRun(idOrName: string): Promise<Run>
  /** Newest first. */
  listRuns(): Promise<readonly Run[]>
  /** Writes finished trials and their traces in one transaction. A trial that is there already stays as it is. */
  putTrials(trials: readonly Trial[], traces: readonly Trace[]): Promise<void>
  /** Trials of a run by case, then trial. */
  listTrials(runId: string): AsyncIterable<Trial>

  /** The newest reply a model gave live under this key, if one was kept. */
  getReply(key: string): Promise<CachedReply | undefined>
  /** Keeps a reply. One under the same key stays, and the newer one is what `getReply` gives. */
  putReply(key: string, reply: CachedReply): Promise<void>

  /** The score that was given under this key, if one was kept. */
  getScore(key: string): Promise<Score | undefined>
  /** Keeps scores. One under a key that is there already stays as it is. */
  putScores(scores: Iterable<readonly [key: string, score: Score]>): Promise<void>

  close(): Promise<void>
}
