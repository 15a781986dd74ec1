import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../src/store/sqlite/open.ts'
import { gather } from '../src/store/testing/gather.ts'
import { conversation, sampleRun, sampleTrace, sampleTrial } from '../src/store/testing/samples.ts'

/** One measured line: how many things, in how long, and what the file holds after it. */
export interface StoreMeasurement {
  readonly what: string
  readonly count: number
  readonly ms: number
  readonly fileBytes: number
}

/** Measures the SQLite store on a file of its own in the temporary folder, which is removed again. */
export async function run(): Promise<readonly StoreMeasurement[]> {
  const folder = mkdtempSync(join(tmpdir(), 'evalkit-bench-'))
  const measurements: StoreMeasurement[] = []
  try {
    await trials(folder, 5000, 100, measurements)
    await trials(folder, 1000, 1, measurements)
    await traces(folder, 1000, measurements)
  } finally {
    rmSync(folder, { recursive: true })
  }
  return measurements
}

async function trials(folder: string, count: number, batch: number, into: StoreMeasurement[]): Promise<void> {
  const file = join(folder, `trials-${batch}.db`)
  const store = await openSqliteStore(file)
  await store.putRun(sampleRun())
  const numbers = Array.from({ length: count }, (_, number) => number)
  await measure(into, `trials with an empty trace, ${batch} a batch`, count, file, async () => {
    for (let at = 0; at < count; at += batch) {
      const some = numbers.slice(at, at + batch)
      await store.putTrials(
        some.map((number) => sampleTrial({ case: `c${number}`, trace: `t_${number}` })),
        some.map((number) => sampleTrace({ id: `t_${number}`, input: number, output: number })),
      )
    }
  })
  await measure(into, 'trials read', count, file, () => gather(store.listTrials('run-1')))
  await store.close()
}

async function traces(folder: string, count: number, into: StoreMeasurement[]): Promise<void> {
  const file = join(folder, 'traces.db')
  const store = await openSqliteStore(file)
  // 24 spans; 30 kB once each message is written once, as in the notes a gateway would send.
  const all = Array.from({ length: count }, (_, number) =>
    conversation(`t_${number}`, 12, (turn) => words(number * 10_007 + turn, 85)),
  )
  const ids = all.map((trace) => trace.id)
  await measure(into, 'traces of 24 spans, 30 kB', count, file, () => store.putTraces(all))
  await measure(into, 'the same again', count, file, () => store.putTraces(all))
  await measure(into, 'traces read whole', count, file, async () => {
    for (const id of ids) await store.getTrace(id)
  })
  await measure(into, 'traces listed', count, file, () => gather(store.listTraces({ where: [] })))
  const search = { where: [{ field: 'text', op: '~' as const, value: 'word77 ' }], limit: 20 }
  await measure(into, 'search, the newest 20', 1, file, () => gather(store.listTraces(search)))
  await measure(into, 'grouped by tool', count, file, () => store.groupTraces({ where: [] }, 'tool'))
  await store.close()
}

async function measure(
  into: StoreMeasurement[],
  what: string,
  count: number,
  file: string,
  work: () => Promise<unknown>,
): Promise<void> {
  const start = performance.now()
  await work()
  const ms = performance.now() - start
  const fileBytes = statSync(file).size + (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0)
  into.push({ what, count, ms, fileBytes })
}

/** Words without repetition a compressor could live on, the same for the same seed. */
function words(seed: number, count: number): string {
  let state = seed
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return `word${state % 5000}`
  }).join(' ')
}

if (import.meta.main ?? process.argv[1]?.endsWith('store.ts') === true) {
  for (const { what, count, ms, fileBytes } of await run()) {
    const rate = Math.round((count / ms) * 1000).toLocaleString('en')
    const size = (fileBytes / 1e6).toFixed(1)
    console.log(
      `${what.padEnd(42)} ${ms.toFixed(0).padStart(6)} ms ${rate.padStart(9)}/s ${size.padStart(7)} MB`,
    )
  }
}
