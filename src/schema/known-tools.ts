import type { Json } from './json.ts'
import type { Effect, ToolFacts, ToolsFile } from './tool.ts'

/** What is known of one tool, with nothing left open. */
export interface KnownTool {
  readonly effect: Effect
  readonly resource: readonly string[] | undefined
  readonly volatile: readonly string[]
  readonly idempotencyKey: string | undefined
  readonly risk: 'low' | 'medium' | 'high' | undefined
  /** JSON Schema of its arguments, where somebody told it. */
  readonly inputSchema: { readonly [key: string]: Json | undefined } | undefined
  /** Where its effect comes from: `file` (evals/tools.json), `code` (`tool(…, facts)`), or guessed by its name. */
  readonly from: 'file' | 'code' | 'name'
}

/** What is known of tools, asked by name: an answer for every name there can be. */
export type KnownTools = (name: string) => KnownTool

/** What is known of a tool from its code: `tool(definition, fn, facts)`. */
export interface ToolInCode {
  readonly facts: ToolFacts
  readonly inputSchema?: KnownTool['inputSchema']
}

/**
 * Puts together what is known of tools. What the file says wins over what the code says, fact by fact; where neither
 * says what a tool does to the world, its name decides (`effectOfName`). Answers are remembered: ask again for free.
 */
export function knownTools(
  file?: ToolsFile,
  inCode: (name: string) => ToolInCode | undefined = () => undefined,
): KnownTools {
  const known = new Map<string, KnownTool>()
  return (name) => {
    const told = known.get(name)
    if (told !== undefined) return told
    const declared = file !== undefined && Object.hasOwn(file.tools, name) ? file.tools[name] : undefined
    const code = inCode(name)
    const found: KnownTool = {
      effect: declared?.effect ?? code?.facts.effect ?? effectOfName(name),
      resource: declared?.resource ?? code?.facts.resource,
      volatile: declared?.volatile ?? code?.facts.volatile ?? [],
      idempotencyKey: declared?.idempotencyKey ?? code?.facts.idempotencyKey,
      risk: declared?.risk ?? code?.facts.risk,
      inputSchema: declared?.inputSchema ?? code?.inputSchema,
      from: declared?.effect !== undefined ? 'file' : code?.facts.effect !== undefined ? 'code' : 'name',
    }
    known.set(name, found)
    return found
  }
}

/**
 * What a tool does to the world by the first word of its name: `getOrder`, `search_flights`, `list` read; everything
 * else counts as a write, the safest reading. A guess, and said to be one wherever something rests on it.
 */
export function effectOfName(name: string): Effect {
  const last = name.split(/[./:]|__/).at(-1) ?? name
  const [first = ''] = last
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
  // "get_or_create" is no read.
  return readingWords.has(first) && !/(?:^|_)(?:or|and|then)_/i.test(last) ? 'read' : 'write'
}

const readingWords: ReadonlySet<string> = new Set(
  'get list search find read fetch lookup query show view describe check count browse retrieve load'.split(
    ' ',
  ),
)
