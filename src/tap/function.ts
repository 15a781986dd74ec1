import { defined } from '../lib/defined.ts'
import { copyJson, jsonCopy } from '../lib/json.ts'
import { thrownAs, unlessTypeError } from '../lib/thrown.ts'
import type { ToolReply } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import type { ToolInCode } from '../schema/known-tools.ts'
import type { ToolFacts } from '../schema/tool.ts'
import { cross, currentTap, noteTapped } from './tap.ts'

/** A tool as a provider is told it, in whatever form: only its name is read. */
export type NamedTool = { readonly name: string } | { readonly function: { readonly name: string } }

/** A tool of the user's, met at the tap. Call it as before; give `definition` to the provider as before. */
export interface TappedTool<A, R, D extends NamedTool = NamedTool> {
  (args: A): Promise<R>
  readonly definition: D
  readonly facts: ToolFacts
}

/**
 * Puts a tool's function behind the tap: in replay its recorded result is served, in a copy, and `fn` never runs;
 * what the recorded function threw is thrown again, as an `Error` with the same name and message. Arguments and
 * results cross as JSON. Where nothing records or replays, the call is `fn` itself.
 *
 * @example
 * const refund = tool({ name: 'refund' }, db.refund, { effect: 'write', risk: 'high' })
 * await refund({ order: 'W12' })
 */
export function tool<A, R, D extends NamedTool = NamedTool>(
  definition: D,
  fn: (args: A) => R | Promise<R>,
  facts: ToolFacts = {},
): TappedTool<A, R, D> {
  const name = 'name' in definition ? definition.name : definition.function.name
  noteTapped(name, { facts, ...toldIn(definition) })
  const call = async (args: A): Promise<R> => {
    const tap = currentTap()
    if (tap === undefined) return fn(args)
    const asked = said(args)
    if (asked === undefined) {
      tap.pass(`tool ${name} was called with arguments that JSON cannot say`)
      return fn(args)
    }
    let happened: Happened<R> | undefined
    const live = async (): Promise<ToolReply> => replyOf((happened = await settle(() => fn(args))))
    const reply = await cross('tool', { name, arguments: asked }, { live })
    // The world answered: the agent gets what it gave, not our record of it.
    if (happened !== undefined) return resultOf(happened)
    const thrown = reply.isError ? thrownIn(reply.response) : undefined
    if (thrown !== undefined) throw thrown
    // A copy: what the agent does to its result must not reach the recording.
    return copyJson(reply.response) as R
  }
  return Object.assign(call, { definition, facts })
}

/** What a definition tells of its tool, under the names that providers, MCP and the AI SDK have for it. */
function toldIn(definition: NamedTool): Omit<ToolInCode, 'facts'> {
  const said = ('function' in definition ? definition.function : definition) as Record<string, unknown>
  const { description } = said
  return defined({
    description: typeof description === 'string' ? description : undefined,
    inputSchema: schemaIn(said.input_schema ?? said.inputSchema ?? said.parameters),
    outputSchema: schemaIn(said.outputSchema),
  })
}

function schemaIn(schema: unknown): ToolInCode['inputSchema'] {
  // A schema that is code (zod's, the AI SDK's) is not read here: what we do not understand is not used.
  if (typeof schema !== 'object' || schema === null || !('type' in schema)) return undefined
  try {
    return jsonCopy(schema) as ToolInCode['inputSchema']
  } catch {
    return undefined
  }
}

type Happened<R> = { readonly returned: R } | { readonly threw: unknown }

async function settle<R>(run: () => R | Promise<R>): Promise<Happened<R>> {
  try {
    return { returned: await run() }
  } catch (threw) {
    return { threw }
  }
}

function resultOf<R>(happened: Happened<R>): R {
  if ('threw' in happened) throw happened.threw
  return happened.returned
}

/** What came of a call, as it is recorded: an error result is a call that failed, as what it was. */
function replyOf(happened: Happened<unknown>): ToolReply {
  if ('threw' in happened) return { response: { thrown: thrownAs(happened.threw) }, isError: true }
  const response = said(happened.returned)
  if (response !== undefined) return { response, isError: false }
  const message = 'The tool returned something that JSON cannot say.'
  return { response: { thrown: { name: 'TypeError', message } }, isError: true }
}

/** A value as JSON carries it; nothing at all is `null`. */
function said(value: unknown): Json | undefined {
  if (value === undefined) return null
  return unlessTypeError(() => jsonCopy(value) as Json)
}

function thrownIn(response: Json): Error | undefined {
  if (typeof response !== 'object' || response === null || !('thrown' in response)) return undefined
  const { thrown } = response
  if (typeof thrown !== 'object' || thrown === null || !('message' in thrown)) return undefined
  const error = new Error(typeof thrown.message === 'string' ? thrown.message : '')
  if ('name' in thrown && typeof thrown.name === 'string') error.name = thrown.name
  return error
}
