import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import { openCollector } from '../../src/collect/collector.ts'
import { makerHere } from '../../src/collect/maker.ts'
import { requestIn } from '../../src/collect/packed-request.ts'
import { openReceiver } from '../../src/collect/receiver.ts'
import type { RequestFolder } from '../../src/collect/requests.ts'
import { createRedactor } from '../../src/lib/redact.ts'
import type { Trace } from '../../src/schema/trace.ts'
import { mutated, type Seed } from './mutate.ts'
import { randomFrom } from './random.ts'
import { longest, type Outcome, pollution, wrongWith } from './subject.ts'

/** A receiver that is given changed requests. */
export interface ReceiverSubject {
  /** Posts an input, closes what it opened, and looks at the answer and at the traces that became of it. */
  tried(request: ChangedRequest): Promise<Outcome>
  close(): Promise<void>
}

export interface ChangedRequest {
  readonly name: string
  readonly bytes: Uint8Array
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** What a receiver may say to a request that was broken on its way. */
const answers: ReadonlySet<number> = new Set([200, 400, 413, 415])

/** The request of this number: always the same for the same seed. Some say they are something else than they are. */
export function requestOf(seeds: readonly Seed[], seed: number, index: number): ChangedRequest {
  const random = randomFrom(Math.imul(seed, 0x85ebca6b) ^ index)
  const chosen = random.of(seeds)
  const bytes = mutated(chosen, seeds, random)
  const isProto = chosen.name.endsWith('.pb') !== (random.below(20) === 0)
  const encoding = random.of(['identity', 'identity', 'gzip', 'deflate'] as const)
  const isPacked = random.below(20) > 0
  return {
    name: chosen.name,
    bytes: isPacked ? packers[encoding](bytes) : bytes,
    path: random.below(6) === 0 ? '/v1/logs' : '/v1/traces',
    headers: {
      'content-type': isProto ? 'application/x-protobuf' : 'application/json',
      'content-encoding': encoding,
    },
  }
}

const packers = {
  identity: (body: Uint8Array): Uint8Array => body,
  gzip: (body: Uint8Array): Uint8Array => gzipSync(body),
  deflate: (body: Uint8Array): Uint8Array => deflateSync(body),
} as const

/** Opens a receiver on this machine whose requests and traces stay in memory. An hour passes with each input. */
export async function openReceiverSubject(): Promise<ReceiverSubject> {
  const folder = await mkdtemp(join(tmpdir(), 'fuzz-receiver-'))
  let time = 1
  let stored: readonly Trace[] = []
  const requests = inMemory()
  const maker = makerHere({
    requests,
    commit: (changes) => {
      stored = [...stored, ...changes.map(({ trace }) => trace)]
      return Promise.resolve()
    },
  })
  const collector = await openCollector({ folder, requests, now: () => time, maker })
  const receiver = await openReceiver({ collector, redactor: createRedactor({}) })
  return {
    async tried({ bytes, path, headers }) {
      const before = process.cpuUsage()
      const start = performance.now()
      const { status } = await fetch(`${receiver.origin}${path}`, {
        method: 'POST',
        headers,
        body: Buffer.from(bytes),
      })
      time += 3_600_000
      await collector.tick()
      const { user, system } = process.cpuUsage(before)
      const ms = Math.min(performance.now() - start, (user + system) / 1000)
      const traces = stored
      stored = []
      const broken =
        (answers.has(status) ? undefined : `was answered with ${status}`) ??
        traces.map((trace) => wrongWith({ trace })).find((what) => what !== undefined) ??
        pollution() ??
        (ms > longest ? `took ${Math.round(ms)} ms` : undefined)
      const outcome = { traces: traces.length, problems: 0, refused: status !== 200, ms }
      return broken === undefined ? outcome : { ...outcome, broken }
    },
    async close() {
      await receiver.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function inMemory(): RequestFolder {
  const kept = new Map<string, string>()
  let count = 0
  return {
    keep(parts) {
      const name = String(++count).padStart(12, '0')
      kept.set(name, parts.join('\n'))
      return Promise.resolve({ name, bytes: 1 })
    },
    all: () => Promise.resolve([...kept.keys()].map((name) => ({ name, bytes: 1 }))),
    read: (name) => Promise.resolve(requestIn(kept.get(name) ?? '')),
    remove(names) {
      for (const name of names) kept.delete(name)
      return Promise.resolve()
    },
  }
}
