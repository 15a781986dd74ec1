import { defined } from '../../lib/defined.ts'
import { isAgentsModelCall } from '../../schema/call.ts'
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
 * The tools that models were offered in traces, newest trace first: of each tool, what was told last. What an MCP server
 * listed in a trace knows of results, too. Pure.
 */
export function contractsInTraces(traces: Iterable<Trace>): FoundContracts {
  const found = new Map<string, FoundContract>()
  for (const { spans, attributes } of traces) {
    const requests = spans.filter(isAgentsModelCall).toReversed()
    noteAll(
      found,
      requests.flatMap(({ request }) => (request.tools ?? []).map(toldOf)),
      'traces',
    )
    const listed = attributes['mcp.tools']
    if (!Array.isArray(listed)) continue
    noteAll(found, [...contractsListed(listed as readonly unknown[], 'traces')], 'traces')
  }
  return found
}

/** The tools that models were offered in the recordings of fixtures. Pure. */
export function contractsInRecordings(recordings: Iterable<Pick<Recording, 'calls'>>): FoundContracts {
  const found = new Map<string, FoundContract>()
  for (const { calls } of recordings) {
    const requests = calls.filter(isAgentsModelCall).toReversed()
    noteAll(
      found,
      requests.flatMap(({ request }) => (request.tools ?? []).map(toldOf)),
      'fixtures',
    )
  }
  return found
}

/** Contracts of several sources: of a tool that several tell of, the first one's. */
export function firstOf(sources: readonly FoundContracts[]): FoundContracts {
  return new Map(sources.toReversed().flatMap((source) => [...source]))
}

function toldOf({ name, description, inputSchema }: ToolDefinition): readonly [string, Told] {
  return [name, defined({ description, inputSchema })]
}

/** What was told already is newer; what it left out is taken from here. */
function noteAll(
  found: Map<string, FoundContract>,
  told: readonly (readonly [string, Told])[],
  source: string,
): void {
  for (const [name, one] of told) {
    const known = found.get(name)
    if (known === undefined && found.size >= mostTools) return
    const { description, inputSchema, outputSchema } = one
    found.set(name, {
      facts: {},
      ...defined({ description, inputSchema, outputSchema }),
      ...known,
      source,
    })
  }
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
