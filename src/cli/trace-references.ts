import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { byCodeUnit } from '../lib/json.ts'
import { gatherReferences } from '../lib/quoted-words.ts'
import type { Project } from './project.ts'

/**
 * What needs which trace: trials of the runs in the store, and every file of the project's own folders (datasets, fixtures,
 * evals with their baselines, labels, judgements and decisions) in which its id stands in quotes. Whatever comes to name
 * traces is found without being known here. By id, the first that needs it.
 */
export async function traceReferences(project: Project): Promise<ReadonlyMap<string, string>> {
  const { store, config, path } = project
  const found = new Map<string, string>()
  for (const run of await store.listRuns()) {
    for await (const { trace } of store.listTrials(run.id)) {
      if (trace !== undefined && !found.has(trace)) found.set(trace, `a trial of run "${run.name}"`)
    }
  }
  const known = new Set<string>()
  for await (const { id } of store.weighTraces()) known.add(id)
  for (const folder of new Set([config.datasets, config.fixtures, config.evals])) {
    for (const name of filesIn(path(folder))) {
      const lines = createInterface({
        input: createReadStream(join(path(folder), name)),
        crlfDelay: Infinity,
      })
      for await (const line of lines) {
        for (const word of gatherReferences(line)) {
          if (known.has(word) && !found.has(word)) found.set(word, `${folder}/${name}`)
        }
      }
    }
  }
  return found
}

/** Every file below a folder, in order. A folder that is not there has none; links are not followed. */
function filesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort(byCodeUnit)
}
