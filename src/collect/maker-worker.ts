import { setImmediate as turn } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { loadPrices, type PriceOf } from '../lib/price.ts'
import { EvalkitError } from '../schema/errors.ts'
import { pricedTrace, wantsPrices } from '../schema/priced-trace.ts'
import type { TraceChange } from '../store/store.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import { type Maker, makerHere, type Making } from './maker.ts'
import type { Answer, Call, MakerThreadOptions, Told } from './maker-thread.ts'
import { packedLater } from './packed-later.ts'
import { readRequest } from './requests.ts'

/** The thread that `openMakerThread` starts: a maker with a store of its own, that does as it is told. */

interface Work extends Maker, Making {
  packWhenQuiet(): Promise<void>
  packAll(): Promise<void>
  close(): Promise<void>
}

async function opened({ store: path, folder, prices }: MakerThreadOptions): Promise<Work> {
  // Another thread may be writing a session of ten thousand turns.
  const store = await openSqliteStore(path, { busyTimeoutMs: 60_000 })
  const later = packedLater(store, turn)
  let table: Promise<PriceOf> | undefined
  const priced = async ({ trace, replaces }: TraceChange): Promise<TraceChange> => {
    if (!wantsPrices(trace)) return { trace, replaces }
    table ??= loadPrices(prices)
    return { trace: pricedTrace(trace, await table), replaces }
  }
  const maker = makerHere({
    requests: { read: (name) => readRequest(folder, name) },
    async commit(changes) {
      const all: TraceChange[] = []
      for (const change of changes) all.push(await priced(change))
      await later.put(all)
    },
  })
  return {
    ...maker,
    packWhenQuiet: () => later.whenQuiet(),
    packAll: () => later.catchUp(),
    close: () => store.close(),
  }
}

const opening = opened(workerData as MakerThreadOptions)
// Whoever asks first is told; until then, nobody has to know.
opening.catch(() => undefined)

async function done({ name, args }: Call): Promise<unknown> {
  const work = await opening
  if (name === 'open') return undefined
  const method = work[name as keyof Work] as (...given: readonly unknown[]) => unknown
  return await method(...args)
}

parentPort?.on('message', (call: Call) => {
  const { id } = call
  const answer = (given: Answer): void => parentPort?.postMessage(given)
  done(call).then(
    (value) => id !== undefined && answer({ id, value }),
    (error: unknown) => id !== undefined && answer({ id, error: told(error) }),
  )
})

function told(error: unknown): Told {
  if (EvalkitError.is(error)) {
    const { message, code, hint, at } = error
    return { message, code, hint, at }
  }
  if (!(error instanceof Error)) return { message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  return { message: error.message, ...code }
}
