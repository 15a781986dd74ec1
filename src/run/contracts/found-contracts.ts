import { defined } from '../../lib/defined.ts'
import { isAgentsModelCall, type LlmRequest } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { ToolInCode } from '../../schema/known-tools.ts'
import type { Recording } from '../../schema/recording.ts'
import type { ToolDefinition } from '../../schema/tool.ts'
import type { FoundContract, FoundContracts } from '../../schema/tool-contract.ts'
import type { Trace } from '../../schema/trace.ts'
import { mostTools } from './compare-contracts.ts'

type Told = Omit<FoundContract, 'source' | 'facts'>
type Schema = { readonly [key: string]: Json | undefined }

/** The tools of this process's code: those with a schema, or at least a description. Pure. */
export function contractsInCode(
  names: readonly string[],
  told: (name: string) => ToolInCode | undefined,
): FoundContracts {
  return new Map(
    names.slice(0, mostTools).flatMap((name): [string, FoundContract][] => {
      const code = told(name)
      if (code === undefined) return []
      const { facts, description, inputSchema, outputSchema } = code
      return [[name, { source: 'code', facts, ...defined({ description, inputSchema, outputSchema }) }]]
    }),
  )
}

/** The tools that an MCP server listed, as its `tools/list` has them. Pure; what is no tool is left out. */
export function contractsListed(tools: readonly unknown[], source: string): FoundContracts {
  const found = new Map<string, FoundContract>()
  for (const tool of tools.slice(0, mostTools)) {
    if (!isObject(tool) || typeof tool.name !== 'string' || tool.name === '') continue
    const { description, inputSchema, outputSchema } = tool
    found.set(tool.name, {
      source,
      facts: {},
      ...defined({
        description: typeof description === 'string' ? description : undefined,
        inputSchema: isObject(inputSchema) ? inputSchema : undefined,
        outputSchema: isObject(outputSchema) ? outputSchema : undefined,
      }),
    })
  }
  return found
}

/**
 * Adds the tools that models were offered in a trace. Hand traces in newest first: what was told last stays. What an MCP
 * server listed in a trace knows of results, too.
 */
export function addTrace(found: Map<string, FoundContract>, { spans, attributes }: Trace): void {
  addOffers(found, spans.filter(isAgentsModelCall), 'traces')
  const listed = attributes['mcp.tools']
  if (!Array.isArray(listed)) return
  addAll(found, [...contractsListed(listed as readonly unknown[], 'traces')], 'traces')
}

/** Adds the tools that models were offered in a recording. */
export function addRecording(found: Map<string, FoundContract>, { calls }: Pick<Recording, 'calls'>): void {
  addOffers(found, calls.filter(isAgentsModelCall), 'fixtures')
}

/** Contracts of several sources: of a tool that several tell of, the first one's. */
export function firstOf(sources: readonly FoundContracts[]): FoundContracts {
  return new Map(sources.toReversed().flatMap((source) => [...source]))
}

function toldOf({ name, description, inputSchema }: ToolDefinition): readonly [string, Told] {
  return [name, defined({ description, inputSchema })]
}

function addOffers(
  found: Map<string, FoundContract>,
  asked: readonly { readonly request: LlmRequest }[],
  source: string,
): void {
  addAll(
    found,
    asked.toReversed().flatMap(({ request }) => (request.tools ?? []).map(toldOf)),
    source,
  )
}

/** What was told already is newer; what it left out is taken from here. */
function addAll(
  found: Map<string, FoundContract>,
  told: readonly (readonly [string, Told])[],
  source: string,
): void {
  for (const [name, { description, inputSchema, outputSchema }] of told) {
    const known = found.get(name)
    if (known === undefined && found.size >= mostTools) return
    found.set(name, { facts: {}, ...defined({ description, inputSchema, outputSchema }), ...known, source })
  }
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
