import { mkdtempSync, rmSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalJson } from '../../src/lib/json.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { checkStore, storeFigures } from '../../src/store/sqlite/upkeep.ts'
import { importedFiles } from './imported.ts'
import type { NamedFigures, Section } from './figures.ts'

const promised = {
  'records and bodies take at most 15 % of the files': true,
  'the whole store takes at most 50 % of the files': true,
  'every trace is read back as it was written': true,
  'the store is sound': true,
} as const

const folders = ['tau-bench/trajectories', 'tau2/simulations']

/** What the runs of tau-bench and tau2 take in the store, beside the files they came in. */
export const storeSize: Section = {
  name: 'store_size',
  expected: Object.fromEntries(folders.map((folder) => [folder, promised])),

  async compute(directory) {
    const figures: Record<string, NamedFigures> = {}
    for (const folder of folders) figures[folder] = await figuresOf(directory, folder)
    return figures
  },
}

async function figuresOf(directory: string, folder: string): Promise<NamedFigures> {
  const scratch = mkdtempSync(join(tmpdir(), 'evalkit-figures-'))
  try {
    const file = join(scratch, 'store.db')
    const store = await openSqliteStore(file)
    let bytes = 0
    let same = true
    for await (const { path, traces } of importedFiles(directory, folder)) {
      bytes += (await stat(join(directory, path))).size
      await store.putTraces(traces)
      for (const trace of traces) {
        same &&= canonicalJson(await store.getTrace(trace.id)) === canonicalJson(trace)
      }
    }
    await store.close()
    const { bodyBytes, fileBytes } = await storeFigures(file)
    const { damaged, unreadable } = await checkStore(file)
    return {
      'records and bodies take at most 15 % of the files': bodyBytes / bytes <= 0.15,
      'the whole store takes at most 50 % of the files': fileBytes / bytes <= 0.5,
      'every trace is read back as it was written': same,
      'the store is sound': damaged.length === 0 && unreadable.length === 0,
    }
  } finally {
    rmSync(scratch, { recursive: true })
  }
}
