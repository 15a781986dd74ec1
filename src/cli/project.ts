import { isAbsolute, join } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import type { Store } from '../store/store.ts'
import type { Io } from './io.ts'

/** What every command takes. */
export interface CommonOptions {
  readonly store?: string
  readonly json?: boolean
}

/** The folder we are called in, with its settings and an open store. */
export interface Project {
  readonly folder: string
  readonly config: Config
  readonly store: Store
  /** The file of the store. */
  readonly storeFile: string
  /** A path of the config, absolute. */
  readonly path: (name: string) => string
}

/** Adds the options every command takes. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--store <path>', 'the store (default: .evalkit/evalkit.db, or as the config says)')
    .option('--json', 'print one JSON document on stdout, and nothing else')
}

/** Loads the settings and opens the store for as long as `body` takes. */
export async function withProject<T>(
  io: Io,
  options: CommonOptions,
  body: (project: Project) => Promise<T>,
): Promise<T> {
  const config = await loadConfig(io.cwd)
  const path = (name: string): string => (isAbsolute(name) ? name : join(io.cwd, name))
  const { openSqliteStore } = await import('../store/sqlite/open.ts')
  const storeFile = path(options.store ?? config.store)
  const store = await openSqliteStore(storeFile)
  try {
    return await body({ folder: io.cwd, config, store, storeFile, path })
  } finally {
    await store.close()
  }
}

/** Collects an option that may be given several times. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value]
}
