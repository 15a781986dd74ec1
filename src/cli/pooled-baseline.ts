import { existsSync, statSync } from 'node:fs'
import { withPool } from '../gate/pool.ts'
import { readPool } from '../run/pool-file.ts'
import type { NamedPool } from '../schema/report.ts'
import type { Tallies } from '../schema/run.ts'
import type { Project } from './project.ts'

/** The pool's file of an eval: the file that is named, or in a folder its `<eval>.pool.json`. */
export function poolFileOf({ path }: Pick<Project, 'path'>, named: string, evalName: string): string {
  const isFolder = named.endsWith('/') || (existsSync(path(named)) && statSync(path(named)).isDirectory())
  return isFolder ? `${named.replace(/\/+$/, '')}/${evalName}.pool.json` : named
}

/**
 * An accepted baseline with the trials of the pool `--pool` names, where they are trials of the same thing. A pool that is not
 * there adds nothing, and that is said: a first night has none, and artifacts expire. Throws `EVK_POOL_CORRUPT`.
 */
export function poolFor(
  project: Pick<Project, 'path'>,
  accepted: Tallies,
  named: string,
  metric: string,
): { readonly tallies: Tallies; readonly pool: NamedPool } {
  const name = poolFileOf(project, named, accepted.eval)
  const pool = readPool(project.path(name), name)
  if (pool === undefined) {
    const why = 'there is no such file'
    return { tallies: accepted, pool: { name, runs: 0, trials: 0, cases: 0, why } }
  }
  const { tallies, use } = withPool(accepted, pool, metric)
  return { tallies, pool: { name, ...use } }
}
