import * as z from 'zod'
import { attempts, by, httpReply, httpRequest, llmReply, provenance, toolReply, toolRequest } from './call.ts'
import { slug } from './case.ts'
import { type DeepReadonly, json, jsonObject } from './json.ts'
import { message, part } from './message.ts'
import { normalizers } from './normalizers.ts'
import { score } from './score.ts'
import { toolDefinition } from './tool.ts'
import { dialogue, versions } from './trace.ts'

export const fixtureVersion = 1

/**
 * A message of a request, or where it came from: `{ "from": 4 }` is what call 4 brought back (a tool's result,
 * a person's turn), so that nothing is written twice.
 */
export const packedMessage = z.union([z.strictObject({ from: z.number().int().positive() }), message])
export type PackedMessage = DeepReadonly<z.infer<typeof packedMessage>>

const timing = { startedAt: z.string().optional(), durationMs: z.number().nonnegative().optional() }
const step = z.number().int().positive()

/**
 * A call as a fixture holds it. Every model request repeats the whole conversation; here it says only what is
 * new since call `after`: that call's request, its reply, then `add`. `schema/recording.ts` packs and unpacks.
 */
export const packedCall = z.discriminatedUnion('kind', [
  z.strictObject({
    step,
    kind: z.literal('llm'),
    ...by,
    after: step.optional(),
    add: z.array(packedMessage),
    model: z.string().optional(),
    system: z.array(part).optional(),
    tools: z.array(toolDefinition).optional(),
    parameters: jsonObject.optional(),
    reply: llmReply,
    ...attempts,
    ...timing,
  }),
  z.strictObject({
    step,
    kind: z.literal('tool'),
    request: toolRequest,
    reply: toolReply,
    served: provenance.optional(),
    ...timing,
  }),
  z.strictObject({
    step,
    kind: z.literal('human'),
    name: z.string(),
    question: json.optional(),
    reply: message,
    ...timing,
  }),
  z.strictObject({
    step,
    kind: z.literal('custom'),
    request: httpRequest,
    reply: httpReply,
    ...attempts,
    ...timing,
  }),
])
export type PackedCall = DeepReadonly<z.infer<typeof packedCall>>

/** One recorded run of a case: what trial i is replayed against. */
export const recording = z.strictObject({
  trace: z.string(),
  trial: z.number().int().nonnegative(),
  /** How the recorded run ended, in its source's word. */
  ended: z.string().optional(),
  versions: versions.default({}),
  dialogue: dialogue.optional(),
  /** Scores that came with the run, for the check `recordedScore`. */
  scores: z.array(score).default([]),
  /** The recorded run's output, so that a replay can say whether it reproduced it. */
  output: json.optional(),
  calls: z.array(packedCall),
})
export type PackedRecording = DeepReadonly<z.infer<typeof recording>>

/** What a case is replayed against: `fixtures/<dataset>/<case>.json`. Trial i replays recording i. */
export const fixture = z.strictObject({
  v: z.literal(fixtureVersion),
  dataset: slug,
  case: slug,
  /** How calls were normalized when it was made, where that is not the default. */
  normalizers: normalizers.optional(),
  recordings: z.array(recording).min(1),
  /**
   * What live models said since then, in the same world: `trial` i belongs to recording i, whose place it takes where
   * models are recorded. Written by `evalkit run --llm live --record`; who compares runs does not look at them.
   */
  rerecordings: z.array(recording).optional(),
})
export type Fixture = DeepReadonly<z.infer<typeof fixture>>
