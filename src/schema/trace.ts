import * as z from 'zod'
import {
  attempts,
  by,
  httpReply,
  httpRequest,
  humanReply,
  humanRequest,
  llmReply,
  llmRequest,
  provenance,
  toolReply,
  toolRequest,
  usage,
} from './call.ts'
import { caseUser, reference } from './case.ts'
import { fork } from './fork.ts'
import { type DeepReadonly, json, jsonObject } from './json.ts'
import { message } from './message.ts'
import { score } from './score.ts'

export const traceVersion = 1

/**
 * How far a field of a span can be trusted, where it was read from somebody else's telemetry: `derived` from what else
 * the recording says, `missing` though there must have been one, cut (`truncated`) or hidden (`redacted`) by an exporter.
 */
export const fieldFidelity = z.enum(['exact', 'derived', 'missing', 'truncated', 'redacted'])
export type FieldFidelity = z.infer<typeof fieldFidelity>

/** Fields whose fidelity is told. Those that are not named are as the source had them. */
export const observedField = z.enum([
  'request',
  'reply',
  'arguments',
  'result',
  'call id',
  'status',
  'usage',
  'cost',
  'input',
  'output',
])
export type ObservedField = z.infer<typeof observedField>

const spanBase = {
  /** Unique within its trace: `s1`, `s2`, … in order of start. */
  id: z.string().min(1),
  parent: z.string().nullable(),
  name: z.string(),
  /** ISO 8601, where the source knew it. */
  startedAt: z.string().optional(),
  /** Milliseconds. */
  durationMs: z.number().nonnegative().optional(),
  status: z.enum(['ok', 'error']),
  error: z.strictObject({ type: z.string(), message: z.string() }).optional(),
  /** In a replay: how the reply was found. Absent where the span was recorded, not replayed. */
  served: provenance.optional(),
  /** Fields that are not exactly what was recorded. */
  fidelity: z.partialRecord(observedField, fieldFidelity).optional(),
  attributes: jsonObject.optional(),
}

/** One thing that happened in a run (OpenTelemetry GenAI's sense). A call that never came back has no reply. */
export const span = z.discriminatedUnion('kind', [
  z.strictObject({
    ...spanBase,
    kind: z.literal('llm'),
    ...by,
    request: llmRequest,
    reply: llmReply.optional(),
    ...attempts,
  }),
  z.strictObject({ ...spanBase, kind: z.literal('tool'), request: toolRequest, reply: toolReply.optional() }),
  z.strictObject({
    ...spanBase,
    kind: z.literal('human'),
    request: humanRequest,
    reply: humanReply.optional(),
  }),
  z.strictObject({
    ...spanBase,
    kind: z.literal('custom'),
    input: json.optional(),
    output: json.optional(),
    /** Where it is an HTTP exchange with an endpoint we do not read. */
    request: httpRequest.optional(),
    reply: httpReply.optional(),
    ...attempts,
  }),
  z.strictObject({
    ...spanBase,
    kind: z.enum(['agent', 'retrieval']),
    input: json.optional(),
    output: json.optional(),
  }),
])
export type Span = DeepReadonly<z.infer<typeof span>>
export type SpanKind = Span['kind']
export type SpanOf<K extends SpanKind> = Extract<Span, { kind: K }>

/**
 * How the recorded conversation was run, as far as the source tells: what the built-in loop needs to run it
 * again. Stop conditions belong to the environment, not to the agent's code.
 */
export const dialogue = z.strictObject({
  /** What the agent said before anybody asked it anything, without a model. */
  opening: z.array(message).default([]),
  /** A user turn that contains one of these ends the run. */
  stopTexts: z.array(z.string()).default([]),
  /** A result of one of these tools ends the run. */
  stopTools: z.array(z.string()).default([]),
  /** Whether a person answers when the model asks no tool: without, such a reply ends the run. */
  user: z.boolean().default(true),
  /** Model turns after which the run was cut off. */
  maxTurns: z.number().int().positive().optional(),
})
export type Dialogue = DeepReadonly<z.infer<typeof dialogue>>

/** What an agent says it is going to do, step by step; `tool` is the tool that does a step, where one does. */
export const plan = z
  .array(z.strictObject({ step: z.string(), tool: z.string().min(1).optional() }))
  // Steps are set beside calls, which takes the product of both.
  .max(1000)
export type Plan = DeepReadonly<z.infer<typeof plan>>

/** What produced a run: any of these changing makes it another agent. */
export const versions = z.strictObject({
  prompt: z.string().optional(),
  model: z.string().optional(),
  tools: z.string().optional(),
  code: z.string().optional(),
})
export type Versions = DeepReadonly<z.infer<typeof versions>>

/** One recorded run of an agent: what went in, what came out, and a tree of what happened. */
export const trace = z.strictObject({
  v: z.literal(traceVersion),
  /** `t_` and 20 hex digits of the content's SHA-256: the same run imported twice is one trace. */
  id: z.string().regex(/^[\w.:-]{1,128}$/),
  name: z.string(),
  source: z.strictObject({
    format: z.string(),
    /** Where in the source it stood: `gpt-4o-airline.json#17`. */
    at: z.string().optional(),
  }),
  startedAt: z.string().optional(),
  durationMs: z.number().nonnegative().optional(),
  status: z.enum(['ok', 'error']),
  /** Why it ended, in the source's word: `user_stop`, `max_steps`. */
  ended: z.string().optional(),
  input: json.optional(),
  output: json.optional(),
  /** The conversation it is a part of, by the source's own id: the traces of one session are a thread. See `sessionOf`. */
  session: z.string().min(1).optional(),
  /** For whom the agent worked, by the source's own id (not the simulated user of a task). See `userOf`. */
  user: z.string().min(1).optional(),
  /** Which task this was an attempt at, and what a right answer must show, where the source tells. */
  task: z
    .strictObject({
      id: z.string(),
      /** What the user was told to want. */
      instruction: z.string().optional(),
      category: z.string().optional(),
      reference: reference.optional(),
      /** What its case said of the user. */
      user: caseUser.optional(),
    })
    .optional(),
  /** Which attempt at the task, from 0. */
  trial: z.number().int().nonnegative().optional(),
  versions: versions.default({}),
  dialogue: dialogue.optional(),
  /** What the agent said it was going to do, where it did; the last one, where it thought again. */
  plan: plan.optional(),
  /** Where it is the what-if of another trace. */
  fork: fork.optional(),
  tags: z.array(z.string()).default([]),
  attributes: jsonObject.default({}),
  /** Sums over the agent's llm spans; absent where no span knew it. */
  usage: usage.optional(),
  costUsd: z.number().nonnegative().optional(),
  /** Scores that came with the run. */
  scores: z.array(score).default([]),
  spans: z.array(span),
})
export type Trace = DeepReadonly<z.infer<typeof trace>>

/** The calls of a trace that was played: its steps, without the agent and its parts. */
export function stepsOf({ spans }: Pick<Trace, 'spans'>): readonly Span[] {
  return spans.slice(1).filter((span) => 'request' in span && span.request !== undefined)
}
