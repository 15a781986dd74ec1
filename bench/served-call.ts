import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { readFixture } from '../src/dataset/fixture-file.ts'
import { createRedactor } from '../src/lib/redact.ts'
import { matcher } from '../src/replay/match.ts'
import { createPlayer } from '../src/replay/player.ts'
import type { Call } from '../src/schema/call.ts'
import { knownTools } from '../src/schema/known-tools.ts'
import { unpackRecording } from '../src/schema/recording.ts'
import { longConversation } from '../src/schema/testing/recordings.ts'
import { toolsFile } from '../src/schema/tool.ts'
import { SpanLog } from '../src/tap/span-log.ts'
import { cross, withTap } from '../src/tap/tap.ts'
import { wires } from '../src/tap/wire/index.ts'

/** What a replay adds to a call it serves, in µs of real time: median and 99th percentile. */
export interface ServedCalls {
  readonly calls: number
  readonly median: number
  readonly p99: number
}

/** The promise, for a tool call at the median. */
const most = 50

const known = knownTools(toolsFile.parse({ tools: { get_order: { effect: 'read', resource: ['/order'] } } }))

/** Serves all calls of conversations of `turns` turns, through the tap as an agent meets it. */
export async function tools(turns: number, rounds: number): Promise<ServedCalls> {
  const recording = longConversation(turns)
  // Copies: an agent asks with objects of its own.
  const asked = recording.calls.filter(isTool).map((call) => structuredClone(call))
  const took: number[] = []
  for (let round = 0; round < rounds; round++) {
    const { tap } = createPlayer(recording, new SpanLog('bench'), { known })
    await withTap(tap, async () => {
      for (const { request } of asked) {
        const start = performance.now()
        await cross('tool', request)
        took.push((performance.now() - start) * 1000)
      }
    })
  }
  return summed(took)
}

/** Finds all model calls of such conversations: each says all that was said before. */
export function models(turns: number, rounds: number): ServedCalls {
  const recording = longConversation(turns)
  const { calls } = structuredClone(recording)
  const took: number[] = []
  for (let round = 0; round < rounds; round++) {
    const match = matcher(recording, { known })
    for (const [at, call] of calls.entries()) {
      if (call.kind !== 'llm') continue
      const start = performance.now()
      match.llm(at + 1, call.request, wires['openai-chat'])
      took.push((performance.now() - start) * 1000)
    }
  }
  return summed(took)
}

/** Serves every call of every recording of `<folder>/*.json` (`fixtures/<dataset>`), each as it was recorded. */
export async function recorded(folder: string): Promise<ServedCalls> {
  const redact = createRedactor().json
  const took: number[] = []
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const { fixture } = readFixture(dirname(folder), basename(folder), basename(file, '.json'))
    for (const recording of fixture.recordings.map(unpackRecording)) {
      const { calls } = structuredClone(recording)
      const player = createPlayer(recording, new SpanLog('bench'), { redact })
      for (const { kind, request } of calls) {
        const wire = kind === 'llm' ? wires['openai-chat'] : undefined
        const start = performance.now()
        await player.tap.handle(kind, request, wire === undefined ? {} : { wire })
        took.push((performance.now() - start) * 1000)
      }
    }
  }
  return summed(took)
}

export async function run(): Promise<void> {
  await tools(50, 20)
  const tool = await tools(50, 100)
  const model = models(50, 20)
  const airline = join(import.meta.dirname, '..', 'fixtures', 'airline')
  await recorded(airline)
  print('of airline', await recorded(airline))
  print('tool calls', tool)
  print('model calls', model)
  if (tool.median < most) return
  console.log(`a tool call takes ${tool.median.toFixed(1)} µs at the median: ${most} are promised`)
  process.exitCode = 1
}

function isTool(call: Call): call is Call & { readonly kind: 'tool' } {
  return call.kind === 'tool'
}

function summed(took: readonly number[]): ServedCalls {
  const sorted = took.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0
  return { calls: took.length, median: at(0.5), p99: at(0.99) }
}

function print(of: string, { calls, median, p99 }: ServedCalls): void {
  console.log(
    `${of.padEnd(12)} ${String(calls).padStart(6)}  p50 ${median.toFixed(1)} µs  p99 ${p99.toFixed(1)} µs`,
  )
}

if (import.meta.main ?? process.argv[1]?.endsWith('served-call.ts') === true) await run()
