import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { evalkitSpool } from '../capture/importers/evalkit-spool.ts'
import { sourceFrom } from '../capture/importers/source.ts'
import { otlpSink } from '../capture/sinks/otlp.ts'
import { createRedactor } from '../lib/redact.ts'
import type { SpoolRecord } from '../schema/spool.ts'
import type { Trace } from '../schema/trace.ts'
import { openCollector } from './collector.ts'
import { makerHere } from './maker.ts'
import { openReceiver } from './receiver.ts'
import { openRequestFolder } from './requests.ts'

const spool = readFileSync(new URL('../capture/importers/evalkit-spool.sample.jsonl', import.meta.url))

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'own-runs-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('a run that evalkit recorded', () => {
  it('is the same trace whether its spool is imported or it is sent over OTLP', async () => {
    const now = () => 1
    const stored: Trace[] = []
    const requests = await openRequestFolder(folder, now, () => 'processes')
    const collector = await openCollector({
      folder,
      requests,
      now,
      maker: makerHere({
        requests,
        commit: async (changes) => void stored.push(...changes.map(({ trace }) => trace)),
      }),
    })
    const receiver = await openReceiver({ collector, redactor: createRedactor({}) })
    const sink = otlpSink({ endpoint: receiver.origin, fetch: globalThis.fetch, now })
    const records = spool
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as SpoolRecord)
    await sink.write(records)
    await sink.close?.()
    await receiver.close()
    await collector.drain()

    const imported = [...evalkitSpool.read(sourceFrom('spool.jsonl', spool))].flatMap((item) =>
      'trace' in item ? [item.trace] : [],
    )
    const told = ({ source: { format }, ...trace }: Trace) => ({ ...trace, source: { format } })
    const byId = (traces: readonly Trace[]) =>
      Object.fromEntries(traces.map((trace) => [trace.id, told(trace)]))
    expect(byId(stored)).toEqual(byId(imported))
  })
})
