import type { Json } from './json.ts'
import type { Effect, ToolFacts, ToolsFile } from './tool.ts'

/** What is known of one tool, with nothing left open. */
export interface KnownTool {
  readonly effect: Effect
  readonly resource: readonly string[] | undefined
  readonly volatile: readonly string[]
  /**
   * Those that the code tells, its idempotency key among them. They go with the code that is replayed; those of
   * evals/tools.json are frozen in fixtures.
   */
  readonly volatileInCode: readonly string[]
  readonly idempotencyKey: string | undefined
  readonly risk: ToolFacts['risk']
  readonly approver: ToolFacts['approver']
  /** Milliseconds. */
  readonly sla: number | undefined
  readonly compensates: string | undefined
  readonly granted: ToolFacts['granted']
  /** JSON Schema of its arguments, where somebody told it. */
  readonly inputSchema: { readonly [key: string]: Json | undefined } | undefined
  /** JSON Schema of its results, where somebody told it. */
  readonly outputSchema: KnownTool['inputSchema']
  /** Where its effect comes from: `file` (evals/tools.json), `code` (`tool(…, facts)`), or guessed by its name. */
  readonly from: 'file' | 'code' | 'name'
}

/** What is known of tools, asked by name: an answer for every name there can be. */
export interface KnownTools {
  (name: string): KnownTool
  /** Tools that evals/tools.json names, called or not. What only the code names is found by asking. */
  readonly named?: readonly string[]
}

/** What is known of a tool from its code: `tool(definition, fn, facts)`. */
export interface ToolInCode {
  readonly facts: ToolFacts
  /** What it does, as a model is told. */
  readonly description?: string
  readonly inputSchema?: KnownTool['inputSchema']
  readonly outputSchema?: KnownTool['inputSchema']
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
  const ask = (name: string): KnownTool => {
    const told = known.get(name)
    if (told !== undefined) return told
    const declared = file !== undefined && Object.hasOwn(file.tools, name) ? file.tools[name] : undefined
    const code = inCode(name)
    const found: KnownTool = {
      effect: declared?.effect ?? code?.facts.effect ?? effectOfName(name),
      resource: declared?.resource ?? code?.facts.resource,
      volatile: declared?.volatile ?? code?.facts.volatile ?? [],
      volatileInCode: volatileOf({
        volatile: declared?.volatile === undefined ? code?.facts.volatile : undefined,
        idempotencyKey: declared?.idempotencyKey === undefined ? code?.facts.idempotencyKey : undefined,
      }),
      idempotencyKey: declared?.idempotencyKey ?? code?.facts.idempotencyKey,
      risk: declared?.risk ?? code?.facts.risk,
      approver: declared?.approver ?? code?.facts.approver,
      sla: declared?.sla ?? code?.facts.sla,
      compensates: declared?.compensates ?? code?.facts.compensates,
      granted: declared?.granted ?? code?.facts.granted,
      inputSchema: declared?.inputSchema ?? code?.inputSchema,
      outputSchema: declared?.outputSchema ?? code?.outputSchema,
      from: declared?.effect !== undefined ? 'file' : code?.facts.effect !== undefined ? 'code' : 'name',
    }
    known.set(name, found)
    return found
  }
  return Object.assign(ask, { named: Object.keys(file?.tools ?? {}) })
}

/** The paths of a tool's arguments that are new in every run, sorted: an idempotency key is one, too. */
export function volatileOf({
  volatile = [],
  idempotencyKey,
}: { [F in 'volatile' | 'idempotencyKey']?: ToolFacts[F] | undefined } = {}): readonly string[] {
  return [...new Set(idempotencyKey === undefined ? volatile : [...volatile, idempotencyKey])].sort()
}

/**
 * What a tool does to the world by the first word of its name: `getOrder`, `search_flights`, `list` read; everything
 * else counts as a write, the safest reading. A guess, and said to be one wherever something rests on it.
 */
export function effectOfName(name: string): Effect {
  const last = name.split(/[./:]|__/).at(-1) ?? name
  const words = last
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
  const [first = '', second = ''] = words
  // "get_or_create" and "fetchAndLock" are no reads, nor is "check_in".
  const doesMore =
    words.some((word) => more.has(word)) || (first === 'check' && ['in', 'out'].includes(second))
  return readingWords.has(first) && !doesMore ? 'read' : 'write'
}

const readingWords: ReadonlySet<string> = new Set(
  'get list search find read fetch lookup show view describe check count browse retrieve'.split(' '),
)
const more: ReadonlySet<string> = new Set(['or', 'and', 'then'])
