import type { Difference } from '../lib/json-diff.ts'
import type { ToolReply, ToolRequest } from './call.ts'

/** A recorded call of a tool that changes nothing, as it can be asked again. */
export interface RecordedRead {
  readonly eval: string
  readonly case: string
  /** The recorded run, and the place of the call in it, from 1. */
  readonly trace: string
  readonly step: number
  readonly request: ToolRequest
  readonly reply: ToolReply
  /** Why today's world cannot answer it as the recorded one did: something was written before, or taken out of it. */
  readonly incomparable?: string
}

/**
 * What came of asking again. `failed`: the tool threw, answered with an error or not at all, which says nothing of the
 * recorded reply.
 */
export type ReadVerdict = 'same' | 'changed' | 'failed' | 'not-comparable'

export interface CheckedRead extends RecordedRead {
  readonly verdict: ReadVerdict
  /** Why it failed, or cannot be compared. */
  readonly why?: string
  /** Recorded (`expected`) and live (`got`), by path: `response.status`. */
  readonly differences: readonly Difference[]
}

/** The reads of one tool. */
export interface ToolVerified {
  readonly tool: string
  /** Whether nobody declared that it reads: its name was believed. */
  readonly guessed: boolean
  readonly counts: Readonly<Record<ReadVerdict, number>>
  /** The first reason why reads failed. */
  readonly why?: string
}

/** A case whose fixture holds replies that are no longer given. */
export interface StaleFixture {
  readonly eval: string
  readonly case: string
  readonly reads: readonly CheckedRead[]
}

/** How many trials of an eval were served replies that are stale. */
export interface RestingScores {
  readonly eval: string
  /** The newest finished run in the store; where there is none, the baseline's file, which does not know single calls. */
  readonly of: { readonly kind: 'run' | 'baseline'; readonly name: string }
  readonly trials: number
  /** Of a baseline: all trials of stale cases. */
  readonly resting: number
  readonly cases: readonly string[]
}

/** What `evalkit verify` found. */
export interface VerifyReport {
  /** Recorded reads that were looked at, and calls it took: the same call is made once. */
  readonly reads: number
  readonly asked: number
  readonly tools: readonly ToolVerified[]
  readonly stale: readonly StaleFixture[]
  readonly scores: readonly RestingScores[]
  /** Tools that nobody declared and that may read: `--include-guessed` asks them too. */
  readonly skipped: readonly string[]
}
