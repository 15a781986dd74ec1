import { canonicalJson, sameJson } from '../../lib/json.ts'
import { jsonDifferences } from '../../lib/json-diff.ts'
import type { KnownTool } from '../../schema/known-tools.ts'
import type { Recording } from '../../schema/recording.ts'

type InputSchema = NonNullable<KnownTool['inputSchema']>

/** What the recordings of a case know of tools, and of their own age. */
export interface RecordedTools {
  /** How often each tool was called. */
  readonly calls: ReadonlyMap<string, number>
  /** The schemas of arguments that models were told, by tool: one, unless they changed between recordings. */
  readonly schemas: ReadonlyMap<string, readonly InputSchema[]>
  /** When the newest call was made (ISO 8601); absent where no recording says. */
  readonly newest?: string
}

/** Reads what recordings know of tools. Pure. */
export function recordedTools(recordings: readonly Pick<Recording, 'calls'>[]): RecordedTools {
  const calls = new Map<string, number>()
  const schemas = new Map<string, Map<string, InputSchema>>()
  let newest: string | undefined
  for (const call of recordings.flatMap((recording) => recording.calls)) {
    const { startedAt } = call
    if (startedAt !== undefined && !Number.isNaN(Date.parse(startedAt))) {
      if (newest === undefined || Date.parse(startedAt) > Date.parse(newest)) newest = startedAt
    }
    if (call.kind === 'tool') calls.set(call.request.name, (calls.get(call.request.name) ?? 0) + 1)
    if (call.kind !== 'llm' || call.by !== undefined) continue
    for (const { name, inputSchema } of call.request.tools ?? []) {
      if (inputSchema === undefined) continue
      const known = schemas.get(name) ?? new Map<string, InputSchema>()
      known.set(canonicalJson(inputSchema), inputSchema)
      schemas.set(name, known)
    }
  }
  const lists = new Map([...schemas].map(([name, known]) => [name, [...known.values()]]))
  return { calls, schemas: lists, ...(newest === undefined ? {} : { newest }) }
}

/** A tool whose arguments are described otherwise today than when it was recorded. */
export interface StaleTool {
  readonly tool: string
  /** Where today's schema stands: evals/tools.json, or the code. */
  readonly from: 'file' | 'code'
  /** First places that differ: `properties.zip.type`. */
  readonly paths: readonly string[]
}

const mostPaths = 3

/**
 * The tools of recordings whose schema is not today's, of those that have one on both sides. Pure. `today` gives what
 * stands in evals/tools.json, and what the code says.
 */
export function staleTools(
  { schemas }: Pick<RecordedTools, 'schemas'>,
  today: (tool: string) => {
    readonly file?: InputSchema | undefined
    readonly code?: InputSchema | undefined
  },
): readonly StaleTool[] {
  return [...schemas].flatMap(([tool, recorded]) => {
    const { file, code } = today(tool)
    const now = file ?? code
    const other = recorded.find((schema) => now !== undefined && !sameJson(schema, now))
    if (now === undefined || other === undefined) return []
    const differences = jsonDifferences(other, now, mostPaths)
    return [{ tool, from: file === undefined ? 'code' : 'file', paths: differences.map(({ path }) => path) }]
  })
}
