import type { Json } from './json.ts'
import type { Normalizers } from './normalizers.ts'
import type { Divergence } from './outcome.ts'

/** What a value that is another one in every run looks like. */
export type Shape = 'uuid' | 'time' | 'hex' | 'id' | 'counter' | 'number' | 'order' | 'text' | 'other'

/** Where a value stands: in a tool's arguments, in what a model or a person is asked, in what the agent returns. */
export interface Place {
  readonly kind: 'tool' | 'llm' | 'human' | 'custom' | 'output' | 'calls'
  /** The tool, the person, the endpoint. */
  readonly name: string
  /** In the grammar that `volatile` takes: `arguments.request_id`, `messages[0].content`. */
  readonly path: string
}

/** What makes a source harmless: paths that are bound, or a sentence where no line can do it. */
export type Cure =
  | { readonly kind: 'tool'; readonly tool: string; readonly path: string }
  | { readonly kind: 'model'; readonly path: string }
  | { readonly kind: 'advice'; readonly what: string }

/**
 * What is to be thought of a source. `cured`, `not-cured`: its line was tried, and the replay passed that place or did
 * not. `no-line`: nothing in evals/tools.json helps. `held`: a replay holds it still (clock, seed), so that nothing
 * breaks. `bound`: the fixture names it already.
 */
export type SourceStatus = 'cured' | 'not-cured' | 'no-line' | 'held' | 'bound'

/** One thing that is not the same when an agent is run twice. */
export interface Source extends Place {
  readonly shape: Shape
  /** `runs`: it differed between two runs. `recording`: it differs from what was recorded, and looks like an id or a time. */
  readonly evidence: 'runs' | 'recording'
  readonly recorded?: Json | undefined
  readonly first?: Json | undefined
  readonly second?: Json | undefined
  readonly cure: Cure
  readonly status: SourceStatus
}

/** What two runs of a case say. */
export interface Diagnosis {
  readonly case: string
  readonly trial: number
  readonly sources: readonly Source[]
  /** Where the replay leaves its recording, all cures applied, and both runs do the same: that is no chance. */
  readonly leaves?: Divergence
  /** Why the trial says nothing at all: the target could not be reached, or the run was cancelled. */
  readonly aborted?: string
  /** How the agent failed, where the recorded one did not. */
  readonly failed?: string
  /** The normalizers with all cures that helped. */
  readonly normalizers: Normalizers
  /** Pairs of runs it took. */
  readonly rounds: number
}

/** `error`: replay is broken. `warn`: something will be, or cannot be told. `note`: worth knowing. */
export type FindingLevel = 'ok' | 'note' | 'warn' | 'error'

/** One thing that was looked at, and what is to be said of it. */
export interface Finding {
  /** `node`, `config`, `evals`, `store`, `tools`, `fixtures`, `keys`, `replay`. */
  readonly about: string
  readonly level: FindingLevel
  readonly what: string
  /** Where: a file, a case. */
  readonly at?: string
  /** More lines: what to do, what to paste. */
  readonly cure?: readonly string[]
}

/** A source of several cases, with the line that cures it. */
export interface SourceReport extends Source {
  readonly cases: readonly string[]
}

/** What to put into evals/tools.json, entry by entry, merged with what stands there. */
export interface CureLines {
  /** Under `tools`. */
  readonly tools: readonly string[]
  /** Beside it. */
  readonly model?: string
}

/** What `evalkit doctor` found. */
export interface DoctorReport {
  readonly findings: readonly Finding[]
  readonly sources: readonly SourceReport[]
  readonly lines: CureLines
  /** Cases that were run twice. */
  readonly cases: number
  readonly healthy: boolean
}
