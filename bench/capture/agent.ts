/**
 * A streaming agent under an even load, one process: `agent.ts <origin> <tap|plain> <calls> <calls a second>`. With a
 * rate of 0, 16 at a time as fast as they go. Prints one JSON document.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { configure, counts, fetch as tapped, flush, trace } from '../../src/capture/index.ts'
import { spoolSink } from '../../src/capture/sinks/spool.ts'

const [origin = '', how = 'plain', calls = '1', rate = '0'] = process.argv.slice(2)
const dir = mkdtempSync(join(tmpdir(), 'evalkit-bench-'))
configure({
  sinks: [
    spoolSink({
      dir,
      pid: process.pid,
      startedAt: Date.now(),
      random: 'bench',
      maxTotalBytes: 8 * 1024 ** 3,
    }),
  ],
})

const client = new OpenAI({
  apiKey: 'x',
  baseURL: `${origin}/v1`,
  maxRetries: 0,
  ...(how === 'tap' ? { fetch: tapped } : {}),
})
const history = Array.from({ length: 10 }, (_, at) => ({
  role: at % 2 === 0 ? ('user' as const) : ('assistant' as const),
  content: `Turn ${at}: ${'what a customer and an agent say to each other. '.repeat(8)}`,
}))

const firstByteMs: number[] = []
const wholeMs: number[] = []
const heapMiB: number[] = []

async function call(nth: number): Promise<void> {
  const started = performance.now()
  let first: number | undefined
  const stream = await client.chat.completions.create({
    model: 'bench',
    stream: true,
    messages: [...history, { role: 'user', content: `Question ${nth}` }],
  })
  for await (const _ of stream) first ??= performance.now() - started
  firstByteMs.push(first ?? Number.NaN)
  wholeMs.push(performance.now() - started)
}

const run = (nth: number): Promise<void> => (how === 'tap' ? trace('bench', () => call(nth)) : call(nth))

const total = Number(calls)
const perSecond = Number(rate)
// Warm: compiled code and open connections belong to neither arm.
await Promise.all(Array.from({ length: 200 }, (_, nth) => run(-nth)))
firstByteMs.length = 0
wholeMs.length = 0
const before = process.cpuUsage()
const started = performance.now()
const mark = (nth: number): void => {
  if (nth % Math.ceil(total / 10) !== 0) return
  globalThis.gc?.()
  heapMiB.push(Math.round((process.memoryUsage().heapUsed / 1024 ** 2) * 10) / 10)
}
if (perSecond > 0) {
  const pending: Promise<void>[] = []
  for (let nth = 0; nth < total; nth++) {
    const wait = started + (nth * 1000) / perSecond - performance.now()
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    pending.push(run(nth))
  }
  await Promise.all(pending)
} else {
  let nth = 0
  const worker = async (): Promise<void> => {
    while (nth < total) {
      mark(nth)
      await run(nth++)
    }
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}
const tookMs = performance.now() - started
const { user, system } = process.cpuUsage(before)
await flush()
const at = (sorted: readonly number[], share: number): number =>
  Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN) * 1000) /
  1000
const quantiles = (values: number[]): object => {
  values.sort((a, b) => a - b)
  return { p50: at(values, 0.5), p90: at(values, 0.9), p99: at(values, 0.99) }
}
console.log(
  JSON.stringify({
    how,
    calls: total,
    tookMs: Math.round(tookMs),
    cpuMsPerCall: Math.round(((user + system) / 1000 / total) * 1000) / 1000,
    firstByteMs: quantiles(firstByteMs),
    wholeMs: quantiles(wholeMs),
    heapMiB,
    rssMiB: Math.round(process.memoryUsage().rss / 1024 ** 2),
    ...counts(),
  }),
)
rmSync(dir, { recursive: true, force: true })
process.exit()
