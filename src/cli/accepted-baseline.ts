import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import type { Standing } from '../gate/standing.ts'
import { readBaseline, readRelease } from '../run/baseline-file.ts'
import type { NamedPool } from '../schema/report.ts'
import type { Release, Run, Tallies } from '../schema/run.ts'
import { poolFor } from './pooled-baseline.ts'
import type { Project } from './project.ts'
import { gatherRun } from './tallies.ts'

/** A baseline, and where it came from: a file or a run. */
export interface NamedBaseline {
  readonly name: string
  /** With what a pool added. */
  readonly tallies: Tallies
  /** The last day it was accepted for. */
  readonly expires?: string
  readonly pool?: NamedPool
}

/** `--pool` of every command that compares. */
export const poolHelp = 'add live or imported runs of the base branch to the baseline (evalkit baseline pool)'

/** A pool that is to add trials to a baseline, and the metric that gates. */
export interface Pooling {
  /** `--pool`: a file, or a folder of them. */
  readonly named: string | undefined
  readonly metric: string
}

/** The named baseline, else the eval's own file where there is one; with the pool, where one is asked for. */
export async function baselineOf(
  project: Project,
  evalName: string,
  named: string | undefined,
  pooling?: Pooling,
): Promise<NamedBaseline | undefined> {
  if (named !== undefined) return namedBaseline(project, named, pooling)
  const path = project.path(`${project.config.evals}/${evalName}.baseline.json`)
  if (!existsSync(path)) return undefined
  return pooled(project, { name: relative(project.folder, path), ...fileOf(path) }, pooling)
}

/** A baseline by the name of a file where there is one of that name, else of a run of the store. */
export async function namedBaseline(
  project: Project,
  name: string,
  pooling?: Pooling,
): Promise<NamedBaseline> {
  const path = project.path(name)
  if (name.endsWith('.json') || existsSync(path)) return pooled(project, { name, ...fileOf(path) }, pooling)
  const { tallies } = await gatherRun(project.store, name)
  return pooled(project, { name: `run ${name}`, tallies }, pooling)
}

function fileOf(path: string): Pick<NamedBaseline, 'tallies' | 'expires'> {
  const tallies = path.endsWith('.release.json') ? readRelease(path) : readBaseline(path)
  const { expires } = tallies.accepted
  return { tallies, ...(expires === undefined ? {} : { expires }) }
}

function pooled(project: Project, accepted: NamedBaseline, pooling: Pooling | undefined): NamedBaseline {
  if (pooling?.named === undefined) return accepted
  const { tallies, pool } = poolFor(project, accepted.tallies, pooling.named, pooling.metric)
  return { ...accepted, tallies, pool }
}

/** The baseline of an eval's last release, where one is marked. Throws what reading the file throws. */
export function releaseOf({ path, config }: Project, evalName: string): Release | undefined {
  const file = path(`${config.evals}/${evalName}.release.json`)
  return existsSync(file) ? readRelease(file) : undefined
}

/** What the gate knows of a baseline beside its tallies. Days are held against the day the run began: asked again, the same. */
export function standingOf(
  run: Run,
  baseline: NamedBaseline | undefined,
  release: Release | undefined,
): Standing {
  return { today: run.startedAt.slice(0, 10), expires: baseline?.expires, pool: baseline?.pool, release }
}
