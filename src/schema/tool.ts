import * as z from 'zod'
import { type DeepReadonly, jsonObject } from './json.ts'

/** What an agent may use, as the provider is told it: nothing of ours is ever added to it. */
export const toolDefinition = z.strictObject({
  name: z.string().min(1),
  description: z.string().optional(),
  /** JSON Schema of the arguments, any draft, untouched. */
  inputSchema: jsonObject.optional(),
  /** What else the provider is told of it, under its own names: `strict`, the settings of a server tool. */
  extra: jsonObject.optional(),
})
export type ToolDefinition = DeepReadonly<z.infer<typeof toolDefinition>>

/** What a tool does to the world. Unknown tools count as `write`, the safest reading. */
export const effect = z.enum(['read', 'write', 'pure', 'external'])
export type Effect = z.infer<typeof effect>

/** What evalkit needs to know of a tool beyond its definition. Committed in `evals/tools.json`. */
export const toolFacts = z.strictObject({
  effect: effect.optional(),
  risk: z.enum(['low', 'medium', 'high']).optional(),
})
export type ToolFacts = DeepReadonly<z.infer<typeof toolFacts>>
