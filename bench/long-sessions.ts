import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { detectImporter } from '../src/capture/importers/detect.ts'
import { openSource } from '../src/capture/importers/source.ts'
import { longSession } from '../src/capture/testing/long-session.ts'
import { createRedactor } from '../src/lib/redact.ts'
import { showTrace } from '../src/report/show-trace.ts'
import { gradeOf } from '../src/schema/grade.ts'
import { jsonLength } from '../src/schema/trace-length.ts'
import { traceLine } from '../src/schema/trace-line.ts'
import type { Trace } from '../src/schema/trace.ts'
import { openSqliteStore } from '../src/store/sqlite/open.ts'

/** Sessions of Claude Code of so many turns, imported, read back, shown and exported; each in a process of its own. */
const lengths = [400, 1500, 5000, 10_000]

export function run(): void {
  for (const turns of lengths) {
    const { stdout, stderr } = spawnSync(process.execPath, [import.meta.filename, String(turns)], {
      encoding: 'utf8',
    })
    console.log(stdout.trimEnd() + stderr)
  }
}

async function measure(turns: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'evalkit-bench-'))
  try {
    const file = join(folder, 'long.jsonl')
    writeFileSync(file, [...longSession(turns)].join('\n'))
    const store = await openSqliteStore(join(folder, 'store.db'))
    const times: string[] = []
    const timed = async <T>(what: string, work: () => T | Promise<T>): Promise<T> => {
      const start = performance.now()
      const result = await work()
      times.push(`${what} ${((performance.now() - start) / 1000).toFixed(2)} s`)
      return result
    }
    const source = await openSource(file)
    const traces = await timed('read', () => tracesIn([...detectImporter(source).read(source)]))
    const redacted = await timed('redacted', () => createRedactor().json(traces))
    await timed('stored', () => store.putTraces(redacted))
    const [{ id }] = redacted
    const imported = process.resourceUsage().maxRSS / 1024
    const trace = await timed('read back', () => store.getTrace(id))
    await timed('graded', () => gradeOf(trace))
    await timed('shown', () => showTrace(trace, { colour: false, width: 100 }))
    const line = await timed('exported', () => traceLine(trace))
    await store.close()
    const [size, whole] = [statSync(file).size, jsonLength(trace)].map((bytes) => (bytes / 1e6).toFixed(1))
    const peak = process.resourceUsage().maxRSS / 1024
    console.log(
      `${turns} turns, ${size} MB, as JSON ${whole} MB, exported ${(line.length / 1e6).toFixed(1)} MB: ${times.join(', ')}; ` +
        `${imported.toFixed(0)} MiB at the peak of the import, ${peak.toFixed(0)} MiB of all`,
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function tracesIn(found: readonly object[]): readonly [Trace] {
  const [only] = found.filter((one): one is { readonly trace: Trace } => 'trace' in one)
  if (only === undefined) throw new Error(JSON.stringify(found.slice(0, 3)))
  return [only.trace]
}

if (process.argv[1] === import.meta.filename) await measure(Number(process.argv[2]))
