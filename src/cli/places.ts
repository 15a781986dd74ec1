import { isAbsolute, relative, sep } from 'node:path'
import type { LoadedEval } from '../config/load.ts'
import { datasetFile } from '../dataset/find.ts'
import type { Place, Places } from '../report/reporter.ts'
import type { Io } from './io.ts'
import type { Project } from './project.ts'

/**
 * Where an eval and the cases of its dataset stand, relative to the root of the repository (`GITHUB_WORKSPACE`), as
 * annotations name them. What lies outside of it has no place. A dataset that changed during the run and cannot be read any
 * more costs lines, not a verdict.
 */
export async function placesOf(
  { env }: Pick<Io, 'env'>,
  project: Pick<Project, 'config' | 'folder' | 'path'>,
  { eval: of, file }: LoadedEval,
): Promise<Places> {
  const root = env['GITHUB_WORKSPACE'] ?? project.folder
  const place = (path: string): Place | undefined => {
    const within = relative(root, project.path(path))
    return within.startsWith('..') || isAbsolute(within) ? undefined : { file: within.split(sep).join('/') }
  }
  const at = place(file)
  const cases = typeof of.dataset === 'string' ? await linesOf(project, of.dataset, place) : new Map()
  return { ...(at === undefined ? {} : { eval: at }), cases }
}

async function linesOf(
  { config, path }: Pick<Project, 'config' | 'path'>,
  dataset: string,
  place: (path: string) => Place | undefined,
): Promise<ReadonlyMap<string, Place>> {
  const cases = new Map<string, Place>()
  const name = `${config.datasets}/${dataset}.jsonl`
  try {
    const file = datasetFile(path(name), name)
    const at = place(file.path)
    if (at === undefined) return cases
    for await (const record of file.format.records(file.path, file.shownAs)) {
      const id = 'value' in record ? idOf(record.value) : undefined
      const { line } = record.at
      if (id !== undefined) cases.set(id, line === undefined ? at : { ...at, line })
    }
  } catch {
    return cases
  }
  return cases
}

function idOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('id' in value)) return undefined
  return typeof value.id === 'string' ? value.id : undefined
}
