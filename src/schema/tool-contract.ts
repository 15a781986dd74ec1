import type { SchemaChange } from '../lib/json-schema/compare.ts'
import type { KnownTool } from './known-tools.ts'
import type { ToolFacts } from './tool.ts'
import type { Verdict } from './verdict.ts'

/** What a tool asks of those who call it, and promises them. What nobody told is absent. */
export interface ToolContract {
  /** As a model is told. */
  readonly description?: string | undefined
  readonly inputSchema?: KnownTool['inputSchema']
  readonly outputSchema?: KnownTool['inputSchema']
  readonly facts: ToolFacts
}

/** A contract, and where it was found: `code`, `mcp <server>`, `traces`, `fixtures`. */
export interface FoundContract extends ToolContract {
  readonly source: string
}

/** Contracts by the names of their tools. */
export type FoundContracts = ReadonlyMap<string, FoundContract>

/** One thing that is other than it was: in a tool's arguments, its results, or in what is said of it. */
export interface ToolChange extends SchemaChange {
  readonly tool: string
  readonly side: 'input' | 'result' | 'tool'
}

/** A recorded call that does not fit what its tool asks or promises now. */
export interface UnfitCall {
  readonly dataset: string
  readonly case: string
  readonly trial: number
  /** Whether it stands among the `rerecordings`. */
  readonly rerecorded?: true
  readonly step: number
  readonly tool: string
  readonly side: 'input' | 'result'
  /** First places that do not fit, as paths into the arguments or the result. */
  readonly problems: readonly { readonly path: string; readonly what: string }[]
}

/** What became of recorded calls when they were held against the schemas of today. Calls and results count apart. */
export interface FixtureCheck {
  readonly fixtures: number
  /** Arguments and results that fit. */
  readonly fit: number
  /** Those that do not, and did when they were recorded, or of which that is not known. */
  readonly unfit: readonly UnfitCall[]
  /** Those that did not fit when they were recorded, either: models make wrong calls. */
  readonly neverFit: number
  /** Those nobody can tell of: something was taken out, the arguments were no JSON, a result is text alone. */
  readonly notChecked: number
  /** Schemas that cannot be used, and why. */
  readonly unusable: readonly {
    readonly tool: string
    readonly side: 'input' | 'result'
    readonly why: string
  }[]
}

/** What `evalkit tools check` found. */
export interface ToolCheckReport {
  /** Where today's contracts come from. */
  readonly sources: readonly string[]
  /** Tools that have a contract on both sides. */
  readonly compared: readonly string[]
  readonly changes: readonly ToolChange[]
  /** Tools that are there and have no contract in evals/tools.json. */
  readonly added: readonly string[]
  /** Tools of evals/tools.json with a contract that no source told of; nobody knows whether they are gone. */
  readonly notSeen: readonly string[]
  readonly fixtures: FixtureCheck
}

/** How one agent used one tool, in the traces that were looked at. */
export interface ToolUse {
  readonly tool: string
  readonly calls: number
  readonly errors: number
  /** Traces in which it was used, and in which it was offered to the agent's model. */
  readonly usedIn: number
  readonly offeredIn: number
  /** ISO 8601, where a call knows it. */
  readonly lastUsed?: string
  /** What `granted` of evals/tools.json says of this agent; absent where it says nothing. */
  readonly granted?: boolean
}

/** Least privilege of one agent. */
export interface AgentAudit {
  readonly agent: string
  readonly traces: number
  /** Whether any of its requests tells which tools its model was offered. */
  readonly offersKnown: boolean
  readonly tools: readonly ToolUse[]
  /** Offered or granted, and used in no trace. */
  readonly neverUsed: readonly string[]
  /** Used, and never offered, or not granted by evals/tools.json. */
  readonly neverGranted: readonly string[]
}

/** Two runs of one eval by two models, the dearer first. */
export interface ModelAdvice {
  readonly eval: string
  readonly model: string
  readonly cheaper: string
  readonly runs: readonly [dearer: string, cheaper: string]
  /** Mean cost of a trial over the cases both have, in USD. */
  readonly usd: readonly [dearer: number, cheaper: number]
  readonly cases: number
  /** The gate's answer, with the dearer run as the baseline. */
  readonly verdict: Pick<Verdict, 'word' | 'sentence'>
}

/** What `evalkit tools audit` found. */
export interface ToolAuditReport {
  readonly traces: number
  readonly agents: readonly AgentAudit[]
  readonly models: readonly ModelAdvice[]
  /** Why runs could not be compared by model, each in a sentence. */
  readonly modelNotes: readonly string[]
}
