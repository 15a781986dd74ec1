import { Worker } from 'node:worker_threads'
import { defined } from '../lib/defined.ts'
import type { PriceOverrides } from '../lib/price.ts'
import { catalogue, type ErrorCode, type ErrorPlace, EvalkitError } from '../schema/errors.ts'
import { type Maker, type Making, onlyShare } from './maker.ts'
import { makerPool } from './maker-pool.ts'

/** What the thread works with. */
export interface MakerThreadOptions {
  /** The file of the store. */
  readonly store: string
  /** Where requests are kept. */
  readonly folder: string
  /** What the project says models cost. */
  readonly prices: PriceOverrides
}

/** Makers in threads of their own, which also pack what they have stored, and make it searchable. Disposed of, they close the store. */
export interface MakerThreads extends Maker, AsyncDisposable {
  /** Packs what waits, where nothing came lately (`PackedLater`). */
  packWhenQuiet(): Promise<void>
  packAll(): Promise<void>
  /** Why one ended before it was closed. */
  readonly died: Promise<Error>
}

/** One of them. */
export interface MakerThread extends MakerThreads, Making {}

/** What is asked of the thread: a method of `Work`, by name. `id` is missing where nobody waits for an answer. */
export interface Call {
  readonly id?: number
  readonly name: string
  readonly args: readonly unknown[]
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: Told }

/** What an error says, in a form that crosses over. */
export interface Told {
  readonly message: string
  readonly code?: string
  readonly hint?: string
  readonly at?: ErrorPlace
}

interface Waiting {
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}

/** Built, it is JavaScript as this file is. */
const file = new URL(
  new URL('./maker-worker.ts', import.meta.url).href.replace(
    /\.ts$/,
    import.meta.url.endsWith('.ts') ? '.ts' : '.js',
  ),
)

/**
 * Starts the thread. Where it dies, all that is asked of it is rejected from then on, and nothing is lost: what was not stored is
 * in the folder. Errors of the store keep their codes.
 */
export async function openMakerThread(options: MakerThreadOptions): Promise<MakerThread> {
  const worker = new Worker(file, { workerData: options })
  const waiting = new Map<number, Waiting>()
  let count = 0
  let dead: Error | undefined
  const died = Promise.withResolvers<Error>()
  const fail = (error: Error): void => {
    dead = error
    died.resolve(error)
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  worker.on('message', (answer: Answer) => {
    const waits = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('value' in answer) waits?.resolve(answer.value as never)
    else waits?.reject(errorOf(answer.error))
  })
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', () => fail(dead ?? new Error('The thread that stores traces has ended.')))

  const tell = (call: Call): void => worker.postMessage(call)
  const ask = <T>(name: string, ...args: readonly unknown[]): Promise<T> => {
    if (dead !== undefined) return Promise.reject(dead)
    const id = ++count
    return new Promise<T>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      tell({ id, name, args })
    })
  }
  try {
    await ask('open')
  } catch (error) {
    await worker.terminate()
    throw error
  }
  return {
    ...onlyShare({
      make: (due) => ask('make', due),
      commit: (replaces) => ask('commit', replaces),
    }),
    give: (name, parts) => tell({ name: 'give', args: [name, parts] }),
    drop: (names) => tell({ name: 'drop', args: [names] }),
    packWhenQuiet: () => ask('packWhenQuiet'),
    packAll: () => ask('packAll'),
    died: died.promise,
    async [Symbol.asyncDispose]() {
      try {
        if (dead === undefined) await ask('close')
      } finally {
        await worker.terminate()
      }
    },
  }
}

function errorOf({ message, code = '', hint, at }: Told): Error {
  if (Object.hasOwn(catalogue, code))
    return new EvalkitError(code as ErrorCode, message, defined({ hint, at }))
  return Object.assign(new Error(message), code === '' ? {} : { code })
}

/**
 * Several of them as one: each with a share of the traces and a connection of its own, for SQLite has one writer at a time, and
 * making a trace takes longer than writing it. The first packs what all have stored.
 */
export async function openMakerThreads(options: MakerThreadOptions, count: number): Promise<MakerThreads> {
  const first = await openMakerThread(options)
  const others: MakerThread[] = []
  const close = async (): Promise<void> => {
    for (const one of [...others, first]) await one[Symbol.asyncDispose]()
  }
  try {
    while (others.length < count - 1) others.push(await openMakerThread(options))
  } catch (error) {
    await close()
    throw error
  }
  return {
    ...makerPool([first, ...others]),
    packWhenQuiet: () => first.packWhenQuiet(),
    packAll: () => first.packAll(),
    died: Promise.race([first, ...others].map(({ died }) => died)),
    [Symbol.asyncDispose]: close,
  }
}
