/**
 * `node scripts/fuzz-importers.ts [--inputs 1000000] [--seed 42] [--from 0] [--receiver]` gives changed samples to all importers,
 * protobuf included, or posts those of OTLP to a receiver. Exits 1 at the first input that throws what is no error of ours, takes over a second, makes a trace that is not whole or
 * reaches a prototype, or where more than 512 MiB are in use; it prints the number of the input, which makes it again with `--from`.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { openReceiverSubject, requestOf } from './fuzz/receiver.ts'
import { inputOf, type Outcome, seedsIn, tried } from './fuzz/subject.ts'

interface Task {
  readonly inputs: number
  readonly seed: number
  readonly from: number
  readonly receiver: boolean
  /** The number of the input that is tried, for who watches. */
  readonly at: SharedArrayBuffer
}

interface Report {
  readonly inputs: number
  readonly traces: number
  readonly problems: number
  readonly refused: number
  readonly slowest: number
  readonly mostMemory: number
  readonly broken?: { readonly index: number; readonly name: string; readonly what: string }
}

const mostMemory = 512 * 1024 * 1024
/** Of work on one input, before it is given up; compiling is work, too. */
const longestSeconds = 20
const root = new URL('../', import.meta.url)

if (isMainThread) watch()
else tell(await run(workerData as Task))

function watch(): void {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '42' },
      from: { type: 'string', default: '0' },
      receiver: { type: 'boolean', default: false },
    },
  })
  const task: Task = {
    inputs: Number(values.inputs),
    seed: Number(values.seed),
    from: Number(values.from),
    receiver: values.receiver,
    at: new SharedArrayBuffer(4),
  }
  const at = new Int32Array(task.at)
  const worker = new Worker(new URL(import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: mostMemory / 1024 / 1024 },
  })
  let seen = -1
  let since = 0
  const timer = setInterval(() => {
    const now = Atomics.load(at, 0)
    // On a machine that others use, too, time passes without anything being done.
    const { user, system } = process.cpuUsage()
    const spent = (user + system) / 1e6
    if (now !== seen) [seen, since] = [now, spent]
    if (spent - since < longestSeconds) return
    console.error(`input ${now} has not ended in ${longestSeconds} s`)
    process.exitCode = 1
    clearInterval(timer)
    void worker.terminate()
  }, 1000)
  worker.on('exit', (code) => {
    clearInterval(timer)
    if (code !== 0) process.exitCode = 1
  })
  worker.on('error', (error) => {
    clearInterval(timer)
    console.error(`input ${Atomics.load(at, 0)}:`, error)
    process.exitCode = 1
  })
}

function tell(report: Report): void {
  console.log(JSON.stringify(report, undefined, 2))
  if (report.broken !== undefined) process.exitCode = 1
}

async function run(task: Task): Promise<Report> {
  const seeds = seedsIn(root)
  if (!task.receiver) {
    return sumOf(task, (index) => {
      const { name, bytes } = inputOf(seeds, task.seed, index)
      return { name, bytes, outcome: tried(name, bytes) }
    })
  }
  const requests = seeds.filter(({ name }) => name.startsWith('otlp-'))
  const subject = await openReceiverSubject()
  try {
    return await sumOf(task, async (index) => {
      const request = requestOf(requests, task.seed, index)
      return { ...request, outcome: await subject.tried(request) }
    })
  } finally {
    await subject.close()
  }
}

interface Tried {
  readonly name: string
  readonly bytes: Uint8Array
  readonly outcome: Outcome
}

async function sumOf(
  { inputs, from, at }: Task,
  tryInput: (index: number) => Tried | Promise<Tried>,
): Promise<Report> {
  const current = new Int32Array(at)
  const sums = { inputs: 0, traces: 0, problems: 0, refused: 0, slowest: 0, mostMemory: 0 }
  for (let index = from; index < from + inputs; index++) {
    Atomics.store(current, 0, index)
    const { name, bytes, outcome } = await tryInput(index)
    sums.inputs++
    sums.traces += outcome.traces
    sums.problems += outcome.problems
    sums.refused += outcome.refused ? 1 : 0
    sums.slowest = Math.max(sums.slowest, Math.round(outcome.ms))
    if (index % 500 === 0) sums.mostMemory = Math.max(sums.mostMemory, process.memoryUsage().heapUsed)
    const what =
      outcome.broken ?? (sums.mostMemory > mostMemory ? `uses ${sums.mostMemory} bytes` : undefined)
    if (what === undefined) continue
    writeFileSync(`fuzz-${index}.input`, bytes)
    return { ...sums, broken: { index, name, what } }
  }
  return sums
}
