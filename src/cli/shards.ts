import { readdirSync, rmSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { contractChanges } from '../config/tool-contracts.ts'
import { readToolsFile } from '../config/tools-file.ts'
import { fileError } from '../dataset/file-error.ts'
import { defined } from '../lib/defined.ts'
import { byCodeUnit } from '../lib/json.ts'
import type { Plan } from '../run/plan.ts'
import { readShardHeader, shardFileEnding, shardFileName, writeShardFile } from '../run/shard-file.ts'
import type { FiledShard } from '../run/shard-set.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Run } from '../schema/run.ts'
import type { Io } from './io.ts'
import type { Project } from './project.ts'

/** Where `run --shard` writes and `merge` reads, where nothing else is said. Not hidden: uploads leave hidden files out. */
export const usualBlobs = 'evalkit-blobs'

/** Files in a folder of shards, whatever they are. */
const mostFiles = 20_000

/** The file of a shard that is to be played. One of an earlier try is taken away: if this try fails, there must be none. */
export function freshShardFile(
  { path }: Pick<Project, 'path'>,
  folder: string,
  of: Pick<FiledShard['header'], 'eval' | 'shard'>,
): string {
  const file = join(path(folder), shardFileName(of))
  try {
    rmSync(file, { force: true })
  } catch (error) {
    throw fileError(error, file)
  }
  return file
}

/** Writes what a shard played, out of the store, to its file. */
export async function writeShard(
  io: Io,
  { store, path, config, folder }: Project,
  run: Run,
  plan: Plan,
  file: string,
): Promise<void> {
  const { shard } = plan
  if (shard === undefined) return
  async function* played() {
    for await (const { run: _run, ...trial } of store.listTrials(run.id)) {
      yield { trial, ...(trial.trace === undefined ? {} : { trace: await store.getTrace(trial.trace) }) }
    }
  }
  const header = {
    eval: run.eval,
    dataset: run.dataset,
    shard: { at: shard.at, of: shard.of },
    mode: run.mode,
    hashes: run.hashes,
    versions: run.versions,
    cases: shard.cases,
    trials: run.trials,
    share: plan.cases.size,
    ...defined({ commit: commitOf(io) }),
    startedAt: run.startedAt,
    finishedAt: run.finishedAt ?? run.startedAt,
  }
  await writeShardFile(file, header, played(), () => [
    ...contractChanges(readToolsFile(path(config.tools), config.tools)),
  ])
  io.err(`${run.eval}: shard ${shard.at} of ${shard.of} is in ${relative(folder, file)}\n`)
}

/**
 * The files of shards in these folders, each with its first line: those that are called so, in a folder and the folders in it
 * (where each artifact lies in one of its own). Throws `EVK_SHARD_MISSING` where there is none, `EVK_FILE_*`, and what
 * reading a first line throws.
 */
export async function filedShards(
  { path, folder }: Pick<Project, 'path' | 'folder'>,
  places: readonly string[],
): Promise<readonly FiledShard[]> {
  const files = new Set(places.flatMap((place) => filesAt(resolve(path(place)), place)))
  if (files.size === 0) {
    throw new EvalkitError(
      'EVK_SHARD_MISSING',
      `There is no file of a shard (…${shardFileEnding}) in ${places.join(', ')}.`,
    )
  }
  const filed: FiledShard[] = []
  for (const file of [...files].sort(byCodeUnit)) {
    const shownAs = relative(folder, file)
    filed.push({ path: file, shownAs, header: await readShardHeader(file, shownAs) })
  }
  return filed
}

function filesAt(path: string, shownAs: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    const files = readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
      const at = join(path, entry.name)
      if (!entry.isDirectory()) return entry.isFile() ? [at] : []
      return readdirSync(at, { withFileTypes: true }).flatMap((inner) =>
        inner.isFile() ? [join(at, inner.name)] : [],
      )
    })
    if (files.length > mostFiles) {
      throw new EvalkitError('EVK_FILE_TOO_LARGE', `The folder holds more than ${mostFiles} files.`, {
        at: { file: shownAs },
      })
    }
    return files.filter((file) => file.endsWith(shardFileEnding))
  } catch (error) {
    throw fileError(error, shownAs)
  }
}

/** The commit a job of GitHub Actions checked out. */
export function commitOf({ env }: Pick<Io, 'env'>): string | undefined {
  const sha = env['GITHUB_SHA'] ?? ''
  return /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(sha) ? sha : undefined
}
