import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createQueue } from '../src/capture/queue.ts'
import type { Sink } from '../src/capture/sinks/sink.ts'
import { spoolSink } from '../src/capture/sinks/spool.ts'
import type { SpoolRecord } from '../src/schema/spool.ts'

/** What the way of a record costs: `add` on the agent's path, queue and spool together, and memory over time. */

const recordBytes = 10_000

export async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'evalkit-bench-'))
  try {
    const spool = (): Sink => spoolSink({ dir, pid: process.pid, startedAt: Date.now(), random: 'bench' })
    const adds = await pass(spool(), 5000)
    console.log(`add: p50 ${adds.p50} µs, p99 ${adds.p99} µs, worst ${adds.worst} µs`)
    const through = await pass(spool(), 20_000)
    console.log(`queue and spool: ${Math.round(through.perSecond)} records/s of ${recordBytes / 1000} kB`)
    await memory({ name: 'void', write: () => Promise.resolve() }, 'a sink that takes all')
    await memory({ name: 'hole', write: () => new Promise(() => {}) }, 'a sink that never answers')
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** Adds records in bursts that the queue can hold, as fast as they are taken. */
async function pass(sink: Sink, count: number) {
  const queue = createQueue({ sink, now: () => performance.now(), maxBytes: 256 * 1024 * 1024 })
  const took = new Float64Array(count)
  const begin = performance.now()
  for (let n = 0; n < count; n++) {
    const record = recordOf(n)
    const before = performance.now()
    queue.add(() => record, recordBytes)
    took[n] = performance.now() - before
    while (queue.counts().queued >= 500) await turn()
  }
  await queue.flush(60_000)
  const seconds = (performance.now() - begin) / 1000
  await queue.close()
  const { written, dropped } = queue.counts()
  if (written !== count || dropped !== 0) throw new Error(`${dropped} of ${count} records were dropped`)
  took.sort()
  const micros = (share: number): string => ((took[Math.floor((count - 1) * share)] ?? 0) * 1000).toFixed(1)
  return { perSecond: count / seconds, p50: micros(0.5), p99: micros(0.99), worst: micros(1) }
}

/** The heap, texts outside of it included, after every 20,000 of 100,000 records. */
async function memory(sink: Sink, what: string): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const queue = createQueue({ sink, now: () => performance.now(), writeTimeoutMs: 5 })
  const heaps: number[] = []
  for (let n = 1; n <= 100_000; n++) {
    const record = recordOf(n)
    queue.add(() => record, recordBytes)
    if (n % 20 === 0) await turn()
    if (n % 20_000 !== 0) continue
    collect()
    const { heapUsed, external } = process.memoryUsage()
    heaps.push(heapUsed + external)
  }
  const { written, dropped } = queue.counts()
  const megabytes = heaps.map((bytes) => (bytes / 1024 / 1024).toFixed(1)).join(', ')
  console.log(`100,000 records to ${what}: ${written} written, ${dropped} dropped; heap (MiB) ${megabytes}`)
}

function recordOf(n: number): SpoolRecord {
  // A text of its own: one that is repeated or joined would be kept as the recipe for it.
  const body = Buffer.from(`${n} ${'bread '.repeat(recordBytes / 6)}`).toString('latin1')
  return {
    v: 1,
    type: 'reply',
    trace: `t_${n % 100}`,
    span: `s${n}`,
    status: 'ok',
    attempts: [{ status: 200, headers: {}, body }],
  }
}
