import * as z from 'zod'
import type { DeepReadonly } from './json.ts'

/** The comparisons of a filter. `~` is "contains", ignoring case. */
export const comparator = z.enum(['=', '!=', '~', '<', '<=', '>', '>='])
export type Comparator = z.infer<typeof comparator>

/**
 * One condition on traces, or inside `any`, `all` and `none` on spans. `field` is a name of `traceFields`, `score.<name>`
 * or `span.<name>` of `spanFields`; values of numeric fields are numbers (ms, tokens, USD) or `unknown`, times are ISO
 * 8601, flags are true or false.
 */
export const condition = z.strictObject({
  field: z.string(),
  op: comparator,
  value: z.union([z.string(), z.number(), z.boolean()]),
})
export type Condition = DeepReadonly<z.infer<typeof condition>>

/**
 * What a trace must be like: a condition, or some put together. `any`, `all` and `none` ask the spans of a trace, one
 * by one; of a trace without spans `all` and `none` hold. Text form: docs/store.md.
 */
export type Filter =
  | Condition
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter }
  | { readonly any: Filter }
  | { readonly all: Filter }
  | { readonly none: Filter }

export const filter: z.ZodType<Filter> = z.lazy(() =>
  z.union([
    condition,
    z.strictObject({ and: z.array(filter) }),
    z.strictObject({ or: z.array(filter) }),
    z.strictObject({ not: filter }),
    z.strictObject({ any: filter }),
    z.strictObject({ all: filter }),
    z.strictObject({ none: filter }),
  ]),
)

/** What is asked of a field: `words` are all the values it can have, where they are few. */
export interface FieldDescription {
  readonly kind: 'text' | 'number' | 'time' | 'search' | 'flag'
  readonly description: string
  readonly words?: readonly string[]
}

/** What can be asked of a trace; `kind` decides which comparisons make sense. One list: CLI help prints it. */
export const traceFields = {
  id: { kind: 'text', description: 'trace id' },
  name: { kind: 'text', description: 'name of the agent or workflow' },
  format: { kind: 'text', description: 'format it was imported from' },
  task: { kind: 'text', description: 'task it was an attempt at' },
  trial: { kind: 'number', description: 'which attempt, from 0' },
  status: { kind: 'text', description: 'ok or error', words: ['ok', 'error'] },
  error: { kind: 'flag', description: 'it ended in error, or a tool call in it failed' },
  ended: { kind: 'text', description: 'why it ended, in the source’s word' },
  model: { kind: 'text', description: 'a model that answered in it' },
  tool: { kind: 'text', description: 'a tool used in it' },
  tag: { kind: 'text', description: 'a tag it carries' },
  session: { kind: 'text', description: 'session or thread it is a part of' },
  user: { kind: 'text', description: 'for whom the agent worked' },
  prompt: { kind: 'text', description: 'version of its prompt' },
  code: { kind: 'text', description: 'version of the agent’s code' },
  started: { kind: 'time', description: 'when it started' },
  duration: { kind: 'number', description: 'how long it took, in ms (2s, 1m also work)' },
  tokens: { kind: 'number', description: 'input and output tokens' },
  cost: { kind: 'number', description: 'cost in USD, or unknown' },
  spans: { kind: 'number', description: 'spans in it' },
  calls: { kind: 'number', description: 'tool calls in it' },
  errors: { kind: 'number', description: 'tool calls that failed' },
  text: { kind: 'search', description: 'words in messages, arguments and results' },
} as const satisfies Record<string, FieldDescription>
export type TraceField = keyof typeof traceFields

/** What can be asked of a span, as `span.<name>` inside `any(…)`, `all(…)` and `none(…)`. */
export const spanFields = {
  kind: {
    kind: 'text',
    description: 'llm, tool, agent, human, retrieval or custom',
    words: ['llm', 'tool', 'agent', 'human', 'retrieval', 'custom'],
  },
  name: { kind: 'text', description: 'its name' },
  tool: { kind: 'text', description: 'the tool it used' },
  model: { kind: 'text', description: 'the model that answered' },
  status: { kind: 'text', description: 'ok or error', words: ['ok', 'error'] },
  error: { kind: 'flag', description: 'it ended in error, or its call came back as one' },
  started: { kind: 'time', description: 'when it started' },
  duration: { kind: 'number', description: 'how long it took, in ms (2s, 1m also work)' },
  tokens: { kind: 'number', description: 'input and output tokens' },
  cost: { kind: 'number', description: 'cost in USD, or unknown' },
} as const satisfies Record<string, FieldDescription>
export type SpanField = keyof typeof spanFields

/** All filters must hold. Newest first, then by id; `limit` of undefined means all. */
export const traceQuery = z.strictObject({
  where: z.array(filter).default([]),
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
  session: z.string().optional(),
  user: z.string().optional(),
  /** Versions of its prompt and of the agent's code. */
  prompt: z.string().optional(),
  code: z.string().optional(),
  startedAt: z.string().optional(),
  durationMs: z.number().optional(),
  models: z.array(z.string()),
  spans: z.number().int(),
  toolCalls: z.number().int(),
  toolErrors: z.number().int(),
  inputTokens: z.number().optional(),
  outputTokens: z.number().optional(),
  costUsd: z.number().optional(),
  /** The agent's model calls whose cost is not in `costUsd`, because nobody knows it; absent where there is none. */
  unpriced: z.number().int().optional(),
  tags: z.array(z.string()),
  scores: z.array(
    z.strictObject({ name: z.string(), value: z.number().optional(), passed: z.boolean().optional() }),
  ),
  /** Where the words of a search stand. */
  snippet: z.string().optional(),
})
export type TraceSummary = DeepReadonly<z.infer<typeof traceSummary>>

export const groupKey = z.enum([
  'tool',
  'model',
  'prompt',
  'day',
  'tag',
  'session',
  'user',
  'task',
  'status',
  'name',
  'ended',
  'code',
  'format',
])
export type GroupKey = z.infer<typeof groupKey>

const figures = z.strictObject({
  /** How many members know the number. */
  known: z.number().int(),
  sum: z.number(),
  mean: z.number(),
  p50: z.number(),
  p90: z.number(),
  p95: z.number(),
  p99: z.number(),
})
export type Figures = DeepReadonly<z.infer<typeof figures>>

/**
 * One group of traces (by tool: of tool calls). Figures are over the members that know the number; one that does not
 * is not counted as 0. `scores` holds pass rates and means of recorded scores.
 */
export const traceGroup = z.strictObject({
  key: z.string(),
  /** Traces; by tool: calls. */
  count: z.number().int(),
  /** Traces that hold it: the same as `count` except by tool. */
  traces: z.number().int(),
  errors: z.number().int(),
  errorRate: z.number(),
  /** ISO 8601 in UTC: the first and the last start that is known. */
  from: z.string().optional(),
  to: z.string().optional(),
  durationMs: figures.optional(),
  tokens: figures.optional(),
  costUsd: figures.optional(),
  /** Model calls whose cost nobody knows, where they are counted (not by tool). */
  unpriced: z.number().int(),
  scores: z.array(
    z.strictObject({
      name: z.string(),
      scored: z.number().int(),
      passed: z.number().int(),
      passRate: z.number(),
      mean: z.number().optional(),
    }),
  ),
})
export type TraceGroup = DeepReadonly<z.infer<typeof traceGroup>>
