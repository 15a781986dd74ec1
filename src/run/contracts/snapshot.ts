import { defined } from '../../lib/defined.ts'
import { byCodeUnit, sameJson } from '../../lib/json.ts'
import type { ToolsFile } from '../../schema/tool.ts'
import type { FoundContracts, ToolChange } from '../../schema/tool-contract.ts'
import { changesOf, contractIn } from './compare-contracts.ts'

type FileTool = ToolsFile['tools'][string]

/** What a snapshot does to a tools file. */
export interface Snapshot {
  readonly file: ToolsFile
  /** Tools the file did not hold, and those of which it now says something else. */
  readonly added: readonly string[]
  readonly updated: readonly string[]
  readonly unchanged: readonly string[]
  /** How the contracts it held change with it. */
  readonly changes: readonly ToolChange[]
}

/**
 * A tools file that holds the contracts of tools as they are now. Schemas and descriptions are those that were found; a fact
 * is added where the file has none, and one that is there is never changed: it may be a person's. Tools that were not found
 * stay. The same input gives the same file. Pure.
 */
export function snapshotOf(before: ToolsFile | undefined, found: FoundContracts): Snapshot {
  const tools: Record<string, FileTool> = { ...before?.tools }
  const added: string[] = []
  const updated: string[] = []
  const unchanged: string[] = []
  const changes: ToolChange[] = []
  for (const [name, now] of [...found].toSorted(([a], [b]) => byCodeUnit(a, b))) {
    const { source, facts, description, inputSchema, outputSchema } = now
    const known = Object.hasOwn(tools, name) ? tools[name] : undefined
    const fresh: FileTool = {
      ...facts,
      ...known,
      ...defined({ description, inputSchema, outputSchema }),
      source,
    }
    tools[name] = fresh
    if (known === undefined) added.push(name)
    else if (sameJson(known, fresh)) unchanged.push(name)
    else updated.push(name)
    const contract = before === undefined ? undefined : contractIn(before, name)
    if (contract !== undefined) changes.push(...changesOf(name, contract, now))
  }
  return { file: { v: 1, ...before, tools }, added, updated, unchanged, changes }
}
