import type { ToolReply } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import type { ToolDefinition, ToolFacts } from '../schema/tool.ts'
import { cross } from './tap.ts'

/** A tool of the user's, met at the tap. Call it as before; give `definition` to the provider as before. */
export interface TappedTool<A, R> {
  (args: A): Promise<R>
  readonly definition: ToolDefinition
  readonly facts: ToolFacts
}

/**
 * Puts a tool's function behind the tap: in replay its recorded result is served and `fn` never runs. Arguments and
 * results cross as JSON. What the recorded function threw is thrown again, as an `Error` with the same name and
 * message.
 *
 * @example
 * const refund = tool({ name: 'refund' }, db.refund, { effect: 'write', risk: 'high' })
 * await refund({ order: 'W12' })
 */
export function tool<A extends Json, R extends Json>(
  definition: ToolDefinition,
  fn: (args: A) => R | Promise<R>,
  facts: ToolFacts = {},
): TappedTool<A, R> {
  const call = async (args: A): Promise<R> => {
    const live = (): Promise<ToolReply> => answer(() => fn(args))
    const reply = await cross('tool', { name: definition.name, arguments: args }, { live })
    const thrown = reply.isError ? thrownIn(reply.response) : undefined
    if (thrown !== undefined) throw thrown
    return reply.response as R
  }
  return Object.assign(call, { definition, facts })
}

/** Runs a tool and turns what it throws into an error result, so that a failed call is recorded as what it was. */
async function answer(run: () => Json | Promise<Json>): Promise<ToolReply> {
  try {
    return { response: (await run()) ?? null, isError: false }
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    return { response: { thrown: { name, message } }, isError: true }
  }
}

function thrownIn(response: Json): Error | undefined {
  if (typeof response !== 'object' || response === null || !('thrown' in response)) return undefined
  const { thrown } = response
  if (typeof thrown !== 'object' || thrown === null || !('message' in thrown)) return undefined
  const error = new Error(String(thrown.message))
  if ('name' in thrown) error.name = String(thrown.name)
  return error
}
