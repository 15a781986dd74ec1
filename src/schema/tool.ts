import * as z from 'zod'
import { readPath } from '../lib/json-path.ts'
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

/** A path as differences are shown, such as `messages[0].content`; `[*]` is any item of a list. */
export const readablePath = z
  .string()
  .min(1)
  .max(500)
  .refine((text) => readPath(text) !== undefined, {
    error: 'expected a path such as messages[0].content or items[*].at',
  })

/** `arguments.order.id`, `arguments.items[*].at`: such a path into the arguments of a tool. */
export const argumentPath = z
  .string()
  .max(500)
  .regex(/^arguments(?![\w$-])/, {
    error: 'expected a path into the arguments, such as arguments.order.id or arguments.items[*].at',
  })
  .refine((text) => readPath(text) !== undefined, {
    error: 'expected a path such as arguments.order.id or arguments["a b"][*]',
  })

/** RFC 6901, into the arguments: `/order/id`. */
const argumentPointer = z
  .string()
  .max(500)
  .regex(/^(?:\/(?:[^~/]|~[01])*)+$/, {
    error: 'expected a JSON pointer into the arguments, such as /order/id',
  })

/** What evalkit needs to know of a tool beyond its definition. Committed in `evals/tools.json`. */
export const toolFacts = z.strictObject({
  effect: effect.optional(),
  /**
   * Which state a call touches: what these pointers (RFC 6901) find in its arguments. Calls that find nothing in common
   * do not touch each other's state. Left out: all state there is.
   */
  resource: z.array(argumentPointer).min(1).optional(),
  /** Arguments that are new in every run (a random id, the time): bound to the recorded ones, not compared. */
  volatile: z.array(argumentPath).optional(),
  /** The argument that makes a repeated write one write; new in every run, like a volatile one. */
  idempotencyKey: argumentPath.optional(),
  /** What a wrong call costs: low may be done and logged, medium wants a person's yes within `sla`, high waits for it. */
  risk: z.enum(['low', 'medium', 'high']).optional(),
  /** Who may approve a call: names of people or roles, any one of them. Left out: anybody who is asked. */
  approver: z.array(z.string().min(1).max(200)).min(1).optional(),
  /** Milliseconds from the question to the approval at most. */
  sla: z.number().int().positive().optional(),
  /** The tool whose effect this one undoes. */
  compensates: z.string().min(1).max(200).optional(),
  /** Agents that may use it, by name. Left out: all. */
  granted: z.array(z.string().min(1).max(200)).optional(),
})
export type ToolFacts = DeepReadonly<z.infer<typeof toolFacts>>

/** `evals/tools.json`: what a project knows of its tools, by name. */
export const toolsFile = z.strictObject({
  v: z.literal(1).default(1),
  tools: z.record(
    z.string().min(1),
    z.strictObject({
      description: z.string().optional(),
      ...toolFacts.shape,
      inputSchema: jsonObject.optional(),
      /** JSON Schema of its results. */
      outputSchema: jsonObject.optional(),
      /** Where `evalkit tools snapshot` has its schemas from: `code`, `mcp <server>`, `traces`, `fixtures`. */
      source: z.string().min(1).max(200).optional(),
    }),
  ),
  model: z
    .strictObject({
      /** Texts of model requests in which ids and times are new in every run: `messages[0].parts[0].content`. */
      volatile: z.array(readablePath).default([]),
    })
    .optional(),
})
export type ToolsFile = DeepReadonly<z.infer<typeof toolsFile>>
