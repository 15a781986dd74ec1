import * as z from 'zod'
import type { DeepReadonly } from './json.ts'

/** The comparisons of a filter. `~` is "contains", ignoring case. */
export const comparator = z.enum(['=', '!=', '~', '<', '<=', '>', '>='])
export type Comparator = z.infer<typeof comparator>

/**
 * One condition on traces. `field` is a name of `traceFields` or `score.<name>`; values of numeric fields are
 * numbers (ms, tokens, USD), times are ISO 8601.
 */
export const condition = z.strictObject({
  field: z.string(),
  op: comparator,
  value: z.union([z.string(), z.number()]),
})
export type Condition = DeepReadonly<z.infer<typeof condition>>

/** What can be asked of a trace; `kind` decides which comparisons make sense. One list: CLI help prints it. */
export const traceFields = {
  id: { kind: 'text', description: 'trace id' },
  name: { kind: 'text', description: 'name of the agent or workflow' },
  format: { kind: 'text', description: 'format it was imported from' },
  task: { kind: 'text', description: 'task it was an attempt at' },
  trial: { kind: 'number', description: 'which attempt, from 0' },
  status: { kind: 'text', description: 'ok or error' },
  ended: { kind: 'text', description: 'why it ended, in the source’s word' },
  model: { kind: 'text', description: 'a model that answered in it' },
  tool: { kind: 'text', description: 'a tool used in it' },
  tag: { kind: 'text', description: 'a tag it carries' },
  started: { kind: 'time', description: 'when it started' },
  duration: { kind: 'number', description: 'how long it took, in ms (2s, 1m also work)' },
  tokens: { kind: 'number', description: 'input and output tokens' },
  cost: { kind: 'number', description: 'cost in USD' },
  spans: { kind: 'number', description: 'spans in it' },
  calls: { kind: 'number', description: 'tool calls in it' },
  errors: { kind: 'number', description: 'tool calls that failed' },
  text: { kind: 'search', description: 'words in messages, arguments and results' },
} as const satisfies Record<string, { kind: 'text' | 'number' | 'time' | 'search'; description: string }>
export type TraceField = keyof typeof traceFields

/** All conditions must hold. Newest first, then by id; `limit` of undefined means all. */
export const traceQuery = z.strictObject({
  where: z.array(condition).default([]),
  limit: z.number().int().positive().optional(),
})
export type TraceQuery = DeepReadonly<z.infer<typeof traceQuery>>

/** A trace in one line. Numbers the source did not know are absent, never 0. */
export const traceSummary = z.strictObject({
  id: z.string(),
  name: z.string(),
  format: z.string(),
  task: z.string().optional(),
  trial: z.number().int().optional(),
  status: z.enum(['ok', 'error']),
  ended: z.string().optional(),
  startedAt: z.string().optional(),
  durationMs: z.number().optional(),
  models: z.array(z.string()),
  spans: z.number().int(),
  toolCalls: z.number().int(),
  toolErrors: z.number().int(),
  inputTokens: z.number().optional(),
  outputTokens: z.number().optional(),
  costUsd: z.number().optional(),
  tags: z.array(z.string()),
  scores: z.array(
    z.strictObject({ name: z.string(), value: z.number().optional(), passed: z.boolean().optional() }),
  ),
  /** Where the words of a search stand. */
  snippet: z.string().optional(),
})
export type TraceSummary = DeepReadonly<z.infer<typeof traceSummary>>

export const groupKey = z.enum(['tool', 'model', 'task', 'status', 'name', 'ended', 'tag'])
export type GroupKey = z.infer<typeof groupKey>

const percentiles = z.strictObject({ p50: z.number(), p90: z.number(), p99: z.number(), mean: z.number() })
export type Percentiles = DeepReadonly<z.infer<typeof percentiles>>

/**
 * One group of traces (by tool: of tool calls). `known` numbers are over the members that know them; a member
 * that does not is not counted as 0. `scores` holds pass rates of recorded scores.
 */
export const traceGroup = z.strictObject({
  key: z.string(),
  /** Traces; by tool: calls. */
  count: z.number().int(),
  /** Traces that hold it: the same as `count` except by tool. */
  traces: z.number().int(),
  errors: z.number().int(),
  errorRate: z.number(),
  durationMs: percentiles.optional(),
  tokens: percentiles.optional(),
  costUsd: percentiles.extend({ sum: z.number() }).optional(),
  scores: z.array(
    z.strictObject({
      name: z.string(),
      scored: z.number().int(),
      passed: z.number().int(),
      passRate: z.number(),
    }),
  ),
})
export type TraceGroup = DeepReadonly<z.infer<typeof traceGroup>>
