import { canonicalJson } from '../lib/json.ts'
import type { Json } from '../schema/json.ts'
import { toolCallsOf } from '../schema/message.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { Subject } from './check.ts'
import { callsMade, llmSpans, type MadeCall } from './evidence.ts'

type Schema = { readonly [key: string]: Json | undefined }

/**
 * The calls that models asked for, whether or not a tool then ran: an agent that refuses a malformed one never hands it to
 * a tool, and it was asked for all the same. Where no reply of a model asks for any, the calls that were made.
 */
export function callsAsked(outcome: Outcome): readonly MadeCall[] {
  const asked = llmSpans(outcome).flatMap(({ reply }) =>
    reply === undefined ? [] : toolCallsOf(reply.message),
  )
  return asked.length > 0 ? asked : callsMade(outcome)
}

/** The tools that a run offered its models. */
export interface OfferedTools {
  /** Whether any request tells which tools there are. Without, nobody knows what does not exist. */
  readonly told: boolean
  has(name: string): boolean
  /**
   * The schemas of a tool's arguments: those the models were told, each once; where they were told none, the one that is
   * known of it otherwise. A tool may be told differently to two agents.
   */
  schemasOf(name: string): readonly Schema[]
}

export function offeredTools({ outcome, tools }: Subject): OfferedTools {
  const told = new Map<string, Map<string, Schema>>()
  let any = false
  let before: unknown
  for (const { request } of llmSpans(outcome)) {
    // The same list comes with every request of a run.
    if (request.tools === undefined || request.tools === before) continue
    before = request.tools
    any = true
    for (const { name, inputSchema } of request.tools) {
      const schemas = told.get(name) ?? new Map<string, Schema>()
      told.set(name, schemas)
      if (inputSchema !== undefined) schemas.set(canonicalJson(inputSchema), inputSchema)
    }
  }
  return {
    told: any,
    has: (name) => told.has(name),
    schemasOf(name) {
      const schemas = told.get(name)
      if (schemas !== undefined && schemas.size > 0) return [...schemas.values()]
      const known = tools?.(name).inputSchema
      return known === undefined ? [] : [known]
    },
  }
}
