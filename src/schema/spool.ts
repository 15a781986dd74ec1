import * as z from 'zod'
import { attempt } from './attempt.ts'
import { type DeepReadonly, json, jsonObject } from './json.ts'
import { plan, versions } from './trace.ts'

export const spoolVersion = 1

const error = z.strictObject({ type: z.string(), message: z.string() })

const base = {
  v: z.literal(spoolVersion),
  trace: z.string().regex(/^[\w.:-]{1,128}$/),
  /** Records that were lost since the last one that was written: a sink was slow, full or gone. */
  dropped: z.number().int().positive().optional(),
}

/**
 * What a recorder writes, one record a line, as things happen: a run that is killed or hangs still leaves its start
 * and the request it waits for. `schema/assemble.ts` makes a trace of them.
 */
export const spoolRecord = z.discriminatedUnion('type', [
  z.strictObject({
    ...base,
    type: z.literal('start'),
    name: z.string(),
    /** ISO 8601. */
    startedAt: z.string(),
    input: json.optional(),
    versions: versions.default({}),
    attributes: jsonObject.default({}),
  }),
  z.strictObject({
    ...base,
    type: z.literal('span'),
    span: z.strictObject({
      id: z.string().min(1),
      parent: z.string().nullable(),
      kind: z.enum(['agent', 'llm', 'tool', 'human', 'retrieval', 'custom']),
      name: z.string(),
      startedAt: z.string(),
      /** What was asked, of spans that are calls. */
      request: json.optional(),
      /** What went in, of the others. */
      input: json.optional(),
      attributes: jsonObject.optional(),
    }),
  }),
  /** The end of a span. A later one of the same span replaces it: a client that retries adds an attempt. */
  z.strictObject({
    ...base,
    type: z.literal('reply'),
    span: z.string().min(1),
    status: z.enum(['ok', 'error']),
    reply: json.optional(),
    output: json.optional(),
    attempts: z.array(attempt).min(1).optional(),
    error: error.optional(),
    durationMs: z.number().nonnegative().optional(),
    attributes: jsonObject.optional(),
  }),
  /** What the agent is going to do. A later one replaces it. */
  z.strictObject({
    ...base,
    type: z.literal('plan'),
    /** ISO 8601. */
    at: z.string(),
    plan,
  }),
  z.strictObject({
    ...base,
    type: z.literal('end'),
    status: z.enum(['ok', 'error']),
    /** Why it ended, where it did not end by itself: `exit`, `idle`. */
    ended: z.string().optional(),
    output: json.optional(),
    error: error.optional(),
    durationMs: z.number().nonnegative(),
    versions: versions.default({}),
    attributes: jsonObject.default({}),
  }),
])
export type SpoolRecord = DeepReadonly<z.infer<typeof spoolRecord>>
export type SpoolRecordOf<T extends SpoolRecord['type']> = Extract<SpoolRecord, { type: T }>
