import * as z from 'zod'
import { attempt } from './attempt.ts'
import { type DeepReadonly, json, jsonObject } from './json.ts'
import { message, part } from './message.ts'
import { toolDefinition } from './tool.ts'

/**
 * Tokens of one model reply, in disjoint input numbers (providers mean three different things by "input
 * tokens"): `input` is neither read from nor written to a cache. `reasoning` is a part of `output`.
 */
export const usage = z.strictObject({
  input: z.number().nonnegative(),
  cacheRead: z.number().nonnegative().default(0),
  cacheWrite: z.number().nonnegative().default(0),
  output: z.number().nonnegative(),
  reasoning: z.number().nonnegative().optional(),
})
export type Usage = DeepReadonly<z.infer<typeof usage>>

/** What a model is asked. A field that a recording does not know is absent, and is not compared in replay. */
export const llmRequest = z.strictObject({
  model: z.string().optional(),
  system: z.array(part).optional(),
  messages: z.array(message),
  tools: z.array(toolDefinition).optional(),
  /** Temperature and the like, under the provider's own names. */
  parameters: jsonObject.optional(),
})
export type LlmRequest = DeepReadonly<z.infer<typeof llmRequest>>

export const llmReply = z.strictObject({
  message,
  /** The model that answered, where it differs from the one asked. */
  model: z.string().optional(),
  finishReason: z.string().optional(),
  responseId: z.string().optional(),
  usage: usage.optional(),
  costUsd: z.number().nonnegative().optional(),
})
export type LlmReply = DeepReadonly<z.infer<typeof llmReply>>

export const toolRequest = z.strictObject({
  name: z.string(),
  arguments: json,
  malformed: z.literal(true).optional(),
  /** The id of the model's tool call, where there is one. Never part of a call's identity. */
  id: z.string().optional(),
})
export type ToolRequest = DeepReadonly<z.infer<typeof toolRequest>>

export const toolReply = z.strictObject({ response: json, isError: z.boolean().default(false) })
export type ToolReply = DeepReadonly<z.infer<typeof toolReply>>

/** What the user of a dialogue is called, among the people an agent asks. */
export const userName = 'user'

/** A person is asked: the user's next turn in a dialogue (`name: "user"`), an approval, a signal. */
export const humanRequest = z.strictObject({ name: z.string(), question: json.optional() })
export type HumanRequest = DeepReadonly<z.infer<typeof humanRequest>>

export const humanReply = z.strictObject({ message })
export type HumanReply = DeepReadonly<z.infer<typeof humanReply>>

/**
 * A request to an endpoint whose format we do not read (a list of models, embeddings). `body` is JSON where it was
 * JSON, else its text.
 */
export const httpRequest = z.strictObject({ method: z.string(), url: z.string(), body: json.optional() })
export type HttpRequest = DeepReadonly<z.infer<typeof httpRequest>>

export const httpReply = z.strictObject({ status: z.number().int().optional(), body: json.optional() })
export type HttpReply = DeepReadonly<z.infer<typeof httpReply>>

/** The tries a call took over HTTP, in order, where they were recorded. The last one brought the reply. */
export const attempts = { attempts: z.array(attempt).min(1).optional() }

/** How long the other side took, where it was measured (ms since the call was made; start as ISO 8601). */
const timing = { startedAt: z.string().optional(), durationMs: z.number().nonnegative().optional() }

/**
 * Who asks a model, where it is not the agent: "user" is the simulated user, whose calls are taped like any other and
 * are no step, token or cost of the agent.
 */
export const by = { by: z.literal('user').optional() }
export type Asker = NonNullable<z.infer<typeof by.by>>

/** Whether a call, or the span of one, is the agent's own question to a model. */
export function isAgentsModelCall<T extends { readonly kind: string }>(
  one: T,
): one is Extract<T, { readonly kind: 'llm' }> {
  return one.kind === 'llm' && (one as { readonly by?: Asker }).by === undefined
}

/** Whether a call, or the span of one, is a question to somebody who decides; the user of a dialogue talks. */
export function isApproval<T extends { readonly kind: string }>(
  one: T,
): one is Extract<T, { readonly kind: 'human' }> {
  return one.kind === 'human' && (one as unknown as CallOf<'human'>).request.name !== userName
}

/** How a reply was found. The rungs of the ladder, surest first; `notes` of each stand in docs/replay.md. */
export const provenance = z.enum([
  'exact',
  'normalized',
  'repeat-read',
  'stale-state',
  'pure-live',
  'pooled',
  'cached',
  'injected',
  'simulated',
  'live',
  'miss',
])
export type Provenance = z.infer<typeof provenance>

/** One crossing of the agent's boundary: a request to a model, a tool, a person or anything else, and the reply. */
export const call = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('llm'),
    ...by,
    request: llmRequest,
    reply: llmReply,
    ...attempts,
    ...timing,
  }),
  z.strictObject({
    kind: z.literal('tool'),
    request: toolRequest,
    reply: toolReply,
    /** How it was found, where it was recorded in a replay that could not be sure of it: it is no surer now. */
    served: provenance.optional(),
    ...timing,
  }),
  z.strictObject({ kind: z.literal('human'), request: humanRequest, reply: humanReply, ...timing }),
  z.strictObject({
    kind: z.literal('custom'),
    request: httpRequest,
    reply: httpReply,
    ...attempts,
    ...timing,
  }),
])
export type Call = DeepReadonly<z.infer<typeof call>>
export type CallKind = Call['kind']
export type CallOf<K extends CallKind> = Extract<Call, { kind: K }>
export type RequestOf<K extends CallKind> = CallOf<K>['request']
export type ReplyOf<K extends CallKind> = CallOf<K>['reply']
