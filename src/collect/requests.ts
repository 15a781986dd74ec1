import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readJson } from '../lib/json.ts'
import type { OtlpAttributes, OtlpData, OtlpLog, OtlpScope, OtlpSpan } from '../capture/otlp/shape.ts'

/** What was received in one request, as it is kept until its traces are in the store, and a while longer. */
export type Received = Pick<OtlpData, 'spans' | 'logs'>

/** A request that is kept: its name, which sorts by when it came, and how many bytes it takes. */
export interface Kept {
  readonly name: string
  readonly bytes: number
}

/**
 * Requests on disk, a file each. What `keep` has resolved survives `kill -9` and a power cut. Files are written whole
 * or not at all; those that cannot be read are left where they are, and named.
 */
export interface RequestFolder {
  keep(received: Received): Promise<Kept>
  /** In the order in which they came. */
  all(): Promise<readonly Kept[]>
  /** `undefined` where the file is none of ours, or damaged. */
  read(name: string): Promise<Received | undefined>
  remove(names: readonly string[]): Promise<void>
}

const suffix = '.request.json'

/**
 * Opens the folder, and makes it where it is missing. `unique` makes names that no other process makes. Errors of the disk
 * come as they are (`ENOSPC` and its like).
 */
export async function openRequestFolder(
  folder: string,
  now: () => number,
  unique: () => string,
): Promise<RequestFolder> {
  await mkdir(folder, { recursive: true })
  const run = unique().slice(0, 8)
  let count = 0
  return {
    async keep(received) {
      const text = JSON.stringify(grouped(received))
      const order = `${String(now()).padStart(15, '0')}-${String(++count).padStart(9, '0')}`
      const name = `${order}-${run}${suffix}`
      const path = join(folder, name)
      await writeDurably(`${path}.part`, text)
      await rename(`${path}.part`, path)
      await syncFolder(folder)
      return { name, bytes: text.length }
    },
    async all() {
      const names = (await readdir(folder)).filter((name) => name.endsWith(suffix)).toSorted()
      return Promise.all(names.map(async (name) => ({ name, bytes: (await stat(join(folder, name))).size })))
    },
    async read(name) {
      const read = readJson(await readFile(join(folder, name), 'utf8'))
      return read.ok ? ungrouped(read.value) : undefined
    },
    async remove(names) {
      await Promise.all(names.map((name) => rm(join(folder, name), { force: true })))
    },
  }
}

/** A file that is on the disk when this resolves. */
export async function writeDurably(path: string, text: string, flags: 'w' | 'a' = 'w'): Promise<void> {
  await using file = await open(path, flags, 0o600)
  await file.writeFile(text)
  await file.datasync()
}

/** That a file was renamed is a fact of its folder. Windows has no such thing to do, and refuses. */
async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, 'r')
    await handle.sync()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error) || !unsynced.has(String(error.code))) throw error
  }
}

const unsynced: ReadonlySet<string> = new Set(['EPERM', 'EISDIR', 'EINVAL', 'EACCES'])

const version = 1

interface Group {
  readonly resource: OtlpAttributes
  readonly scope: OtlpScope
  readonly spans: Omit<OtlpSpan, 'resource' | 'scope'>[]
  readonly logs: Omit<OtlpLog, 'resource' | 'scope'>[]
}

/** Spans of one resource and scope stand together, as they came: otherwise each would repeat both. */
function grouped({ spans, logs }: Received): { readonly v: number; readonly groups: readonly Group[] } {
  const groups: Group[] = []
  const byResource = new Map<OtlpAttributes, Map<OtlpScope, Group>>()
  const groupOf = (resource: OtlpAttributes, scope: OtlpScope): Group => {
    const scopes = byResource.get(resource) ?? new Map<OtlpScope, Group>()
    byResource.set(resource, scopes)
    const known = scopes.get(scope)
    if (known !== undefined) return known
    const made: Group = { resource, scope, spans: [], logs: [] }
    scopes.set(scope, made)
    groups.push(made)
    return made
  }
  for (const { resource, scope, ...span } of spans) groupOf(resource, scope).spans.push(span)
  for (const { resource, scope, ...log } of logs) groupOf(resource, scope).logs.push(log)
  return { v: version, groups }
}

/** What we wrote ourselves is as we wrote it: only whose file it is, is asked. */
function ungrouped(value: unknown): Received | undefined {
  const { v, groups } = (value ?? {}) as { readonly v?: unknown; readonly groups?: unknown }
  if (v !== version || !Array.isArray(groups)) return undefined
  const all = groups as readonly Group[]
  return {
    spans: all.flatMap(({ resource, scope, spans }) => spans.map((span) => ({ ...span, resource, scope }))),
    logs: all.flatMap(({ resource, scope, logs }) => logs.map((log) => ({ ...log, resource, scope }))),
  }
}
