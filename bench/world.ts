import { setImmediate } from 'node:timers/promises'
import { play } from '../src/replay/play.ts'
import { functionTarget } from '../src/replay/targets/function.ts'
import { prepareWorld } from '../src/replay/world/prepare.ts'

/** What one call costs, in nanoseconds: before stand-ins are in place, through them, and in a trial. */
export interface WorldMeasurement {
  readonly what: string
  readonly before: number
  readonly through: number
  readonly inTrial: number
}

const rounds = 500_000

const calls: Readonly<Record<string, () => unknown>> = {
  'Date.now()': () => Date.now(),
  'new Date()': () => new Date(),
  'Math.random()': () => Math.random(),
  'crypto.randomUUID()': () => crypto.randomUUID(),
  'setTimeout, clearTimeout': () => clearTimeout(setTimeout(() => undefined, 1000)),
}

/** Measures what the world of trials costs who lives outside of it, and inside. */
export async function run(): Promise<readonly WorldMeasurement[]> {
  const before = measured()
  prepareWorld()
  const through = measured()
  let inTrial = new Map<string, number>()
  await inOne(() => {
    inTrial = measured()
  })
  return Object.keys(calls).map((what) => ({
    what,
    before: before.get(what) ?? 0,
    through: through.get(what) ?? 0,
    inTrial: inTrial.get(what) ?? 0,
  }))
}

export async function main(): Promise<void> {
  console.table(await run())
  const count = 5000
  let start = performance.now()
  for (let trial = 0; trial < count; trial++) await inOne(() => undefined)
  console.log(`a trial that does nothing: ${microseconds(start, count)} µs`)
  start = performance.now()
  await inOne(async () => {
    for (let nth = 0; nth < count; nth++) await new Promise((resolve) => setTimeout(resolve, 60_000))
  })
  console.log(`a minute of a trial's time: ${microseconds(start, count)} µs`)
  start = performance.now()
  for (let nth = 0; nth < count; nth++) await setImmediate()
  console.log(`a turn of the event loop: ${microseconds(start, count)} µs`)
}

function microseconds(start: number, count: number): string {
  return (((performance.now() - start) / count) * 1000).toFixed(1)
}

async function inOne(agent: () => unknown): Promise<void> {
  const outcome = await play({
    target: functionTarget(agent),
    case: { v: 1, id: 'world', input: '', tags: [] },
    trial: 0,
    user: 'none',
    timeoutMs: 600_000,
    now: () => 0,
  })
  if (outcome.status !== 'completed') throw new Error(outcome.reason)
}

function measured(): Map<string, number> {
  return new Map(
    Object.entries(calls).map(([what, call]) => {
      for (let round = 0; round < rounds / 10; round++) call()
      // Not `performance`: in a trial that is the trial's.
      const start = process.hrtime.bigint()
      for (let round = 0; round < rounds; round++) call()
      return [what, Math.round(Number(process.hrtime.bigint() - start) / rounds)]
    }),
  )
}
