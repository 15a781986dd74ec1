import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What one process of the agent measured, as `capture/agent.ts` prints it. */
interface Arm {
  readonly how: string
  readonly calls: number
  readonly cpuMsPerCall: number
  readonly firstByteMs: Quantiles
  readonly wholeMs: Quantiles
  readonly heapMiB: readonly number[]
  readonly rssMiB: number
  readonly written: number
  readonly dropped: number
}
interface Quantiles {
  readonly p50: number
  readonly p90: number
  readonly p99: number
}

const here = join(import.meta.dirname, 'capture')

/**
 * What being recorded costs a streaming agent at 200 calls a second. Client and server share the machine, so the plain
 * agent is measured before and after: what the tap adds counts only beyond what differs between those two.
 */
export async function main(calls = 2000, many = 100_000): Promise<void> {
  const { server, origin } = await serve()
  try {
    const arms: Arm[] = []
    for (const how of ['plain', 'tap', 'plain', 'tap', 'plain']) arms.push(await arm(origin, how, calls, 200))
    console.log('200 calls a second, 24 words a stream in 7 pieces')
    for (const { how, firstByteMs, wholeMs, cpuMsPerCall, rssMiB, dropped } of arms) {
      const ms = ({ p50, p90, p99 }: Quantiles): string =>
        [p50, p90, p99].map((value) => value.toFixed(2).padStart(7)).join('')
      console.log(
        `${how.padEnd(6)} first byte${ms(firstByteMs)}  whole${ms(wholeMs)}  CPU ${cpuMsPerCall.toFixed(2)} ms a call  ${rssMiB} MiB${dropped > 0 ? `  ${dropped} dropped` : ''}`,
      )
    }
    for (const what of ['firstByteMs', 'wholeMs'] as const) {
      for (const share of ['p50', 'p99'] as const) {
        const values = (how: string): number[] =>
          arms.filter((one) => one.how === how).map((one) => one[what][share])
        const plain = values('plain')
        const added = mean(values('tap')) - mean(plain)
        const spread = Math.max(...plain) - Math.min(...plain)
        console.log(
          `${what} ${share}: the tap adds ${added.toFixed(2)} ms; plain runs differ by ${spread.toFixed(2)} ms`,
        )
      }
    }
    if (many > 0) {
      const { heapMiB, written, dropped, cpuMsPerCall } = await arm(origin, 'tap', many, 0)
      console.log(`${many} calls, 16 at a time: heap in MiB at each tenth ${heapMiB.join(' ')}`)
      console.log(`${written} records written, ${dropped} dropped, CPU ${cpuMsPerCall.toFixed(2)} ms a call`)
    }
  } finally {
    server.kill()
  }
}

async function serve(): Promise<{ server: ChildProcess; origin: string }> {
  const server = spawn(process.execPath, [join(here, 'server.ts')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [port] = (await once(createInterface({ input: server.stdout }), 'line')) as [string]
  return { server, origin: `http://127.0.0.1:${port}` }
}

async function arm(origin: string, how: string, calls: number, rate: number): Promise<Arm> {
  const args = ['--expose-gc', join(here, 'agent.ts'), origin, how, String(calls), String(rate)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return JSON.parse(line) as Arm
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

if (import.meta.main ?? process.argv[1]?.endsWith('capture.ts') === true) {
  const [calls, many] = process.argv.slice(2).map(Number)
  await main(calls, many)
}
