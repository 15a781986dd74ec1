import { compareSchemas } from '../../lib/json-schema/compare.ts'
import { byCodeUnit, sameJson } from '../../lib/json.ts'
import { nearestWord } from '../../lib/nearest.ts'
import type { ToolFacts, ToolsFile } from '../../schema/tool.ts'
import type { FoundContracts, ToolChange, ToolContract } from '../../schema/tool-contract.ts'

/** Tools that are compared; more of them in one place are nobody's tools. */
export const mostTools = 2000

/** How the tools of today differ from a committed tools file, and what could not be held against it. */
export interface ContractComparison {
  readonly compared: readonly string[]
  readonly changes: readonly ToolChange[]
  readonly added: readonly string[]
  readonly notSeen: readonly string[]
}

/**
 * Compares what tools are now with what evals/tools.json says of them. `whole` names the sources that were looked at as a
 * whole: a tool that came from one of them and is not there any more is gone; of others that are missing nobody knows. Pure.
 */
export function compareContracts(
  file: ToolsFile,
  now: FoundContracts,
  whole: ReadonlySet<string>,
): ContractComparison {
  const compared: string[] = []
  const changes: ToolChange[] = []
  const notSeen: string[] = []
  const added = [...now]
    .filter(([name, { inputSchema, outputSchema }]) => {
      return contractIn(file, name) === undefined && (inputSchema ?? outputSchema) !== undefined
    })
    .map(([name]) => name)
    .sort(byCodeUnit)
  for (const name of Object.keys(file.tools).toSorted(byCodeUnit).slice(0, mostTools)) {
    const before = contractIn(file, name)
    const after = now.get(name)
    if (before === undefined) continue
    if (after !== undefined) {
      ;(isTold(before, after) ? compared : notSeen).push(name)
      changes.push(...changesOf(name, before, after))
    } else if (whole.has(file.tools[name]?.source ?? '')) {
      compared.push(name)
      changes.push({ tool: name, side: 'tool', path: '', ...removed(name, added) })
    } else notSeen.push(name)
  }
  return { compared, changes, added, notSeen }
}

/** Whether a schema stands on both sides: a tool of the code may have one that is code itself, and is not read. */
function isTold(before: ToolContract, after: ToolContract): boolean {
  return (['inputSchema', 'outputSchema'] as const).some(
    (schema) => before[schema] !== undefined && after[schema] !== undefined,
  )
}

/** What a tools file promises of a tool; `undefined` where it holds no schema, and so no contract. */
export function contractIn({ tools }: ToolsFile, name: string): ToolContract | undefined {
  const said = Object.hasOwn(tools, name) ? tools[name] : undefined
  if (said === undefined || (said.inputSchema === undefined && said.outputSchema === undefined))
    return undefined
  const { description, inputSchema, outputSchema, source: _, ...facts } = said
  return { description, inputSchema, outputSchema, facts }
}

/** How one tool changed. Pure; what breaks comes first within a side. */
export function changesOf(tool: string, before: ToolContract, after: ToolContract): readonly ToolChange[] {
  return [
    ...toolNotes(tool, before, after),
    ...sideChanges(tool, 'input', before.inputSchema, after.inputSchema),
    ...sideChanges(tool, 'result', before.outputSchema, after.outputSchema),
  ]
}

/** Whether a change stops a merge: what breaks, and what nobody can tell. */
export function isBroken({ class: of }: Pick<ToolChange, 'class'>): boolean {
  return of === 'breaking' || of === 'unknown'
}

function sideChanges(
  tool: string,
  side: 'input' | 'result',
  before: ToolContract['inputSchema'],
  after: ToolContract['inputSchema'],
): readonly ToolChange[] {
  if (before !== undefined && after !== undefined) {
    return compareSchemas(before, after, side).map((change) => ({ ...change, tool, side }))
  }
  // Not every source tells of results: no word of a schema is not the word that there is none.
  if (before !== undefined || after === undefined) return []
  const what = `a schema of its ${side === 'input' ? 'arguments' : 'results'} is told now`
  return [{ tool, side, path: '', kind: 'schema', class: 'note', what }]
}

function toolNotes(tool: string, before: ToolContract, after: ToolContract): readonly ToolChange[] {
  const notes: ToolChange[] = []
  const note = (kind: string, path: string, what: string): void =>
    void notes.push({ tool, side: 'tool', path, kind, class: 'note', what })
  const [was, is] = [before.description, after.description]
  if (was !== undefined && is !== undefined && was !== is) {
    note('wording', 'description', `${shown(was)} before, ${shown(is)} now: models are told something else`)
  }
  for (const fact of Object.keys(after.facts) as (keyof ToolFacts)[]) {
    const [file, code] = [before.facts[fact], after.facts[fact]]
    if (file === undefined || code === undefined || sameJson(file, code)) continue
    note('fact', fact, `the code says ${shown(code)}, evals/tools.json ${shown(file)}, and the file wins`)
  }
  return notes
}

function removed(name: string, added: readonly string[]): Omit<ToolChange, 'tool' | 'side' | 'path'> {
  const near = nearestWord(name, added)
  const hint = near === undefined ? '' : `; was it renamed to ${shown(near)}?`
  return { kind: 'tool-removed', class: 'breaking', what: `the tool is gone${hint}` }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
