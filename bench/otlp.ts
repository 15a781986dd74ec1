import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { otlp } from '../src/capture/importers/otlp.ts'
import { sourceFrom } from '../src/capture/importers/source.ts'
import { decodeProto } from '../src/capture/otlp/decode-proto.ts'
import { observeRun } from '../src/capture/otlp/observe.ts'
import { runsIn } from '../src/capture/otlp/run.ts'
import { message, traceRequest } from '../src/capture/otlp/testing/proto-writer.ts'
import type { OtlpSpan } from '../src/capture/otlp/shape.ts'
import { openCollector } from '../src/collect/collector.ts'
import { openReceiver } from '../src/collect/receiver.ts'
import { openRequestFolder } from '../src/collect/requests.ts'
import { spansOf } from '../src/collect/testing/spans.ts'
import { createRedactor } from '../src/lib/redact.ts'
import { openSqliteStore } from '../src/store/sqlite/open.ts'

/** Spans of one request, as the batch processors of OpenTelemetry send them. */
const batch = 512

/** Prints what receiving costs, beside SQLite's own rate for rows of that size, measured in the same run. */
export async function run(runs = 3000): Promise<void> {
  const requests = requestsOf(runs)
  const spans = runs * 4
  const sent = requests.reduce((sum, request) => sum + request.length, 0)
  const bytes = Math.round(sent / spans)
  console.log(`${spans} spans of ${bytes} bytes in protobuf, ${requests.length} requests`)
  const raw = rawRate(spans, bytes)
  const before = process.cpuUsage()
  const [received, stored] = await receivedRate(requests, spans)
  const { user, system: kernel } = process.cpuUsage(before)
  console.log(`processor: ${((user + kernel) / spans).toFixed(0)} µs a span, with the client that sends them`)
  const line = (what: string, rate: number) =>
    console.log(
      `${what}: ${Math.round(rate)} spans/s, ${((rate * bytes) / 1e6).toFixed(1)} MB/s, ${((100 * rate) / raw).toFixed(0)} % of the raw rate`,
    )
  line('raw rows of that size, a row a span', raw)
  line('the same traces into the store, made already', await storeRate(requests, spans))
  line('acknowledged: decoded, redacted, on the disk', received)
  line('end to end: HTTP in, SQLite out', stored)
  await fileImport()
}

/** What SQLite takes, one row a span, in transactions of as many rows as a request has spans. */
function rawRate(spans: number, bytes: number): number {
  return inFolder((folder) => {
    const db = new Database(join(folder, 'raw.db'))
    db.pragma('journal_mode = WAL')
    db.exec('CREATE TABLE rows (id INTEGER PRIMARY KEY, trace TEXT, span TEXT, body BLOB)')
    const insert = db.prepare('INSERT INTO rows (trace, span, body) VALUES (?, ?, ?)')
    const body = Buffer.alloc(bytes, 'x')
    const write = db.transaction((from: number) => {
      for (let at = from; at < Math.min(spans, from + batch); at++) insert.run(`t${at}`, `s${at}`, body)
    })
    const start = performance.now()
    for (let from = 0; from < spans; from += batch) write(from)
    const ms = performance.now() - start
    db.close()
    return (spans / ms) * 1000
  })
}

/** What the store takes of the traces that come of it. */
async function storeRate(requests: readonly Buffer[], spans: number): Promise<number> {
  const { runs: all } = runsIn({ spans: requests.flatMap((request) => decodeProto(request).spans), logs: [] })
  const traces = all.flatMap((one) => {
    const observed = observeRun(one)
    return 'trace' in observed ? [observed.trace] : []
  })
  return inFolder(async (folder) => {
    const store = await openSqliteStore(join(folder, 'store.db'))
    const start = performance.now()
    await store.putTraces(traces)
    const ms = performance.now() - start
    await store.close()
    return (spans / ms) * 1000
  })
}

async function receivedRate(
  requests: readonly Buffer[],
  spans: number,
): Promise<readonly [acknowledged: number, stored: number]> {
  return inFolder(async (folder) => {
    const store = await openSqliteStore(join(folder, 'store.db'))
    const now = () => Date.now()
    const collector = await openCollector({
      folder,
      requests: await openRequestFolder(join(folder), now, () => 'bench'),
      now,
      idleMs: 100,
      commit: async (changes) => void (await store.putTraces(changes.map(({ trace }) => trace))),
    })
    const receiver = await openReceiver({ collector, redactor: createRedactor({}) })
    const start = performance.now()
    const ticking = setInterval(() => void collector.tick(), 100)
    const left = [...requests]
    const headers = { 'content-type': 'application/x-protobuf' }
    const client = async (): Promise<void> => {
      for (let body = left.shift(); body !== undefined; body = left.shift()) {
        const response = await fetch(`${receiver.origin}/v1/traces`, {
          method: 'POST',
          headers,
          body: new Uint8Array(body),
        })
        await response.arrayBuffer()
        if (response.status !== 200) throw new Error(`answered with ${response.status}`)
      }
    }
    await Promise.all([client(), client()])
    const acknowledged = performance.now() - start
    clearInterval(ticking)
    await collector.drain()
    const done = performance.now() - start
    await receiver.close()
    await store.close()
    return [(spans / acknowledged) * 1000, (spans / done) * 1000]
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

function requestsOf(runs: number): readonly Buffer[] {
  const requests: Buffer[] = []
  let spans: Buffer[] = []
  for (let run = 0; run < runs; run++) {
    for (const span of spansOf(run)) {
      spans.push(encoded(span))
      if (spans.length < batch) continue
      requests.push(traceRequest(spans))
      spans = []
    }
  }
  return spans.length === 0 ? requests : [...requests, traceRequest(spans)]
}

/** With a system prompt and definitions of tools, as model calls carry them. */
function encoded({
  traceId,
  spanId,
  parentSpanId,
  name,
  startTimeUnixNano,
  endTimeUnixNano,
  attributes,
}: OtlpSpan): Buffer {
  const asks = 'gen_ai.input.messages' in attributes
  const all = asks
    ? { ...attributes, 'gen_ai.system_instructions': system, 'gen_ai.tool.definitions': tools }
    : attributes
  return message([
    [1, Buffer.from(traceId, 'hex')],
    [2, Buffer.from(spanId, 'hex')],
    ...(parentSpanId === undefined ? [] : [[4, Buffer.from(parentSpanId, 'hex')] as const]),
    [5, name],
    [7, BigInt(startTimeUnixNano), 'fixed64'],
    [8, BigInt(endTimeUnixNano), 'fixed64'],
    ...Object.entries(all).map(
      ([key, value]) =>
        [
          9,
          message([
            [1, key],
            [
              2,
              message([
                typeof value === 'number'
                  ? [3, BigInt(value)]
                  : [1, typeof value === 'string' ? value : JSON.stringify(value)],
              ]),
            ],
          ]),
        ] as const,
    ),
  ])
}

const system = JSON.stringify([{ type: 'text', content: 'You help people with their orders. '.repeat(40) }])
const tools = JSON.stringify(
  ['look', 'refund', 'ship'].map((name) => ({
    type: 'function',
    name,
    description: 'Does what its name says, and tells what came of it.',
    parameters: {
      type: 'object',
      properties: { run: { type: 'number' }, why: { type: 'string' } },
      required: ['run'],
    },
  })),
)

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'evalkit-bench-'))
  const clean = () => rmSync(folder, { recursive: true, force: true })
  const result = work(folder)
  if (result instanceof Promise) return result.finally(clean) as T
  clean()
  return result
}

if (import.meta.main) await run()
