import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { otlp } from '../src/capture/importers/otlp.ts'
import { sourceFrom } from '../src/capture/importers/source.ts'
import { decodeProto } from '../src/capture/otlp/decode-proto.ts'
import { observeRun } from '../src/capture/otlp/observe.ts'
import { runsIn } from '../src/capture/otlp/run.ts'
import { openCollector } from '../src/collect/collector.ts'
import { openMakerThreads } from '../src/collect/maker-thread.ts'
import { packedRequest } from '../src/collect/packed-request.ts'
import { openReceiver } from '../src/collect/receiver.ts'
import { redacted } from '../src/collect/redacted.ts'
import { openRequestFolder } from '../src/collect/requests.ts'
import { createRedactor } from '../src/lib/redact.ts'
import { openSqliteStore } from '../src/store/sqlite/open.ts'
import { openSender } from './otlp/sender.ts'
import { type Batch, batch, type Workload, workloadOf } from './otlp/spans.ts'

/** Prints what receiving costs, beside SQLite's own rate for rows of that size, measured in the same run. */
export async function run(runs = 3000): Promise<void> {
  await measure({ short: runs }, { short: runs, from: runs })
  await measure({ recorded: [1, 2] }, { recorded: [3, 4] })
  await measure({ recorded: [1, 2], together: 10 }, { recorded: [3], together: 10 })
  await measure({ recorded: [1], together: 22 }, { recorded: [3], together: 22 })
  await fileImport()
}

async function measure(measured: Batch, before: Batch): Promise<void> {
  const workload = workloadOf(measured)
  const { name, spans, requests } = workload
  const bytes = Math.round(requests.reduce((sum, request) => sum + request.length, 0) / spans)
  console.log(`${name}: ${spans} spans of ${bytes} bytes in protobuf, ${requests.length} requests`)
  const raw = rawRate(workload, 'NORMAL')
  const rawPerSecond = (spans / raw.ms) * 1000
  const rate = (what: string, ms: number): void => {
    const perSecond = (spans / ms) * 1000
    console.log(
      `${what}: ${Math.round(perSecond)} spans/s, ${((perSecond * bytes) / 1e6).toFixed(1)} MB/s, ${((100 * perSecond) / rawPerSecond).toFixed(1)} % of the raw rate`,
    )
  }
  rate('raw rows of that size, a row a span, committed as the store commits', raw.ms)
  rate('the same, each commit on the disk as a request is', rawRate(workload, 'FULL').ms)
  const { acknowledged, stored, packed, processor } = await receive(measured, before, spans)
  rate('acknowledged: decoded, redacted, on the disk', acknowledged)
  rate('end to end: HTTP in, SQLite out', stored)
  rate('end to end, packed and searchable', packed)
  console.log(`searchable ${Math.round(packed - stored)} ms after the last was stored`)
  // What a machine does for others meanwhile falsifies every rate, and this less.
  console.log(
    `processor: ${raw.processor.toFixed(1)} µs a raw row; ${processor.stored.toFixed(0)} µs a span until it is stored, with the client that sends it (${((100 * raw.processor) / processor.stored).toFixed(1)} %), ${processor.packed.toFixed(0)} µs until it is packed and searchable`,
  )
  await stages(workload)
}

/** What SQLite takes, one row a span, in transactions of as many rows as a request has spans. */
function rawRate(
  { spans, requests }: Workload,
  synchronous: 'NORMAL' | 'FULL',
): { readonly ms: number; readonly processor: number } {
  const all = Buffer.concat(requests)
  const bytes = Math.floor(all.length / spans)
  return inFolder((folder) => {
    const db = new Database(join(folder, 'raw.db'))
    db.pragma('page_size = 8192')
    db.pragma('journal_mode = WAL')
    db.pragma(`synchronous = ${synchronous}`)
    db.exec('CREATE TABLE rows (id INTEGER PRIMARY KEY, trace TEXT, span TEXT, body BLOB)')
    const insert = db.prepare('INSERT INTO rows (trace, span, body) VALUES (?, ?, ?)')
    const write = db.transaction((from: number) => {
      for (let at = from; at < Math.min(spans, from + batch); at++)
        insert.run(`t${at}`, `s${at}`, all.subarray(at * bytes, (at + 1) * bytes))
    })
    const start = performance.now()
    const processor = processorTime(spans)
    for (let from = 0; from < spans; from += batch) write.immediate(from)
    const result = { ms: performance.now() - start, processor: processor() }
    db.close()
    return result
  })
}

/** The parts of it one after another, each alone. */
async function stages({ requests, spans }: Workload): Promise<void> {
  const redactor = createRedactor({})
  const say = (what: string, start: number) =>
    console.log(`  ${what}: ${(((performance.now() - start) * 1000) / spans).toFixed(1)} µs a span`)
  let start = performance.now()
  const decoded = requests.map((request) => decodeProto(request))
  say('decoding', start)
  start = performance.now()
  const clean = decoded.map((request) => redacted(request, redactor))
  say('redaction', start)
  await inFolder(async (folder) => {
    const inbox = await openRequestFolder(
      folder,
      () => Date.now(),
      () => 'bench',
    )
    start = performance.now()
    for (const request of clean) await inbox.keep([packedRequest(request)])
    say('the inbox, waiting for the disk included', start)
  })
  const { runs } = runsIn({ spans: clean.flatMap((request) => request.spans), logs: [] })
  start = performance.now()
  const changes = runs.flatMap((one) => {
    const observed = observeRun(one)
    return 'trace' in observed ? [{ trace: observed.trace, replaces: [] }] : []
  })
  say('reading spans and assembling traces', start)
  await inFolder(async (folder) => {
    const store = await openSqliteStore(join(folder, 'store.db'))
    start = performance.now()
    await store.replaceTraces(changes)
    say('the store', start)
    start = performance.now()
    while ((await store.indexWords(256)) > 0);
    say('packing and search words, later', start)
    await store.close()
  })
}

/** The processor's time since then, in µs a span, of all threads of the process. */
function processorTime(spans: number): () => number {
  const before = process.cpuUsage()
  return () => {
    const { user, system: kernel } = process.cpuUsage(before)
    return (user + kernel) / spans
  }
}

/** How long it takes, in ms since the first request was sent, and the processor's time, in µs a span. */
async function receive(measured: Batch, before: Batch, spans: number) {
  return inFolder(async (folder) => {
    const now = () => Date.now()
    const kept = await openRequestFolder(folder, now, () => 'bench')
    const options = { store: join(folder, 'store.db'), folder, prices: {} }
    await using maker = await openMakerThreads(options, Math.min(4, availableParallelism()))
    const collector = await openCollector({ folder, requests: kept, now, idleMs: 100, maker })
    const receiver = await openReceiver({ collector, redactor: createRedactor({}) })
    const url = `${receiver.origin}/v1/traces`
    const sender = await openSender([before, measured])
    // What runs for hours is not measured cold.
    await sender.send(url, before)
    await collector.drain()
    await maker.packAll()
    const start = performance.now()
    const processor = processorTime(spans)
    const ticking = setInterval(() => void collector.tick().then(() => maker.packWhenQuiet()), 500)
    const sent = (await sender.send(url, measured)) / spans
    const acknowledged = performance.now() - start
    clearInterval(ticking)
    await collector.drain()
    const stored = performance.now() - start
    const untilStored = sent + processor()
    await maker.packAll()
    const packed = performance.now() - start
    const untilPacked = sent + processor()
    sender.close()
    await receiver.close()
    return { acknowledged, stored, packed, processor: { stored: untilStored, packed: untilPacked } }
  })
}

async function fileImport(): Promise<void> {
  const names = ['otlp-openinference.sample.json', 'otlp-openinference.sample.pb']
  for (const name of names) {
    const bytes = readFileSync(new URL(`../src/capture/importers/${name}`, import.meta.url))
    const rate = (work: () => void): number => {
      let rounds = 0
      const start = performance.now()
      while (performance.now() - start < 1500) {
        work()
        rounds++
      }
      return (rounds * bytes.length) / 1000 / (performance.now() - start)
    }
    const parse = name.endsWith('.json')
      ? `, JSON.parse alone ${rate(() => JSON.parse(bytes.toString('utf8'))).toFixed(0)} MB/s`
      : ''
    const read = rate(() => [...otlp.read(sourceFrom(name, bytes))].length)
    console.log(`import of ${name}: ${read.toFixed(1)} MB/s${parse}`)
  }
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'evalkit-bench-'))
  const clean = () => rmSync(folder, { recursive: true, force: true })
  const result = work(folder)
  if (result instanceof Promise) return result.finally(clean) as T
  clean()
  return result
}

if (import.meta.main) await run()
