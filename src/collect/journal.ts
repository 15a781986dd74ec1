import { appendFile, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { readJson } from '../lib/json.ts'
import { writeDurably } from './requests.ts'

/** A trace that was closed: under which id it went into the store, and which requests it was made of. */
export interface Closed {
  readonly trace: string
  /** Ids it has had in the store, the present one last. Empty where it made none. */
  readonly ids: readonly string[]
  readonly requests: readonly string[]
  /** How many spans it has. */
  readonly spans?: number
  /** Whether its root came. */
  readonly rooted?: boolean
  /** Milliseconds since 1970. */
  readonly at: number
}

/**
 * Which traces were closed, in a file of JSON lines. An entry is written before its trace goes into the store, and
 * confirmed behind it: after a crash between the two, nobody knows whether the trace is there, and it is closed again,
 * which changes nothing where it is.
 */
export interface Journal {
  /** What was read when it was opened, by trace; `sure`: its trace is in the store. */
  readonly before: ReadonlyMap<string, Closed & { readonly sure: boolean }>
  /** On disk when it resolves. */
  intend(closed: readonly Closed[]): Promise<void>
  /** Survives `kill -9` when it resolves. A power cut may take it back: the traces are then closed again. */
  confirm(traces: readonly string[]): Promise<void>
  /** Keeps only these, of which the `unsure` may have another version in the store by now. */
  rewrite(sure: Iterable<Closed>, unsure: Iterable<Closed>): Promise<void>
}

export async function openJournal(folder: string): Promise<Journal> {
  const path = join(folder, 'closed.jsonl')
  const before = new Map<string, Closed & { readonly sure: boolean }>()
  for (const line of (await textOf(path)).split('\n')) {
    const read = line === '' ? undefined : readJson(line)
    // The last line of a process that was killed may be half a line.
    if (read?.ok !== true) continue
    const entry = read.value as Closed | { readonly sure: string }
    if ('sure' in entry) {
      const known = before.get(entry.sure)
      if (known !== undefined) before.set(entry.sure, { ...known, sure: true })
    } else before.set(entry.trace, { ...entry, sure: false })
  }
  const lines = (entries: Iterable<object>): string =>
    [...entries].map((entry) => `${JSON.stringify(entry)}\n`).join('')
  // After half a line, a new one begins.
  await writeDurably(path, '\n', 'a')
  let writing: Promise<unknown> = Promise.resolve()
  /** A line is whole before another begins. */
  const inTurn = (write: () => Promise<void>): Promise<void> => {
    const next = writing.then(write)
    writing = next.catch(() => undefined)
    return next
  }
  return {
    before,
    intend: (closed) => inTurn(() => writeDurably(path, lines(closed), 'a')),
    confirm: (traces) => inTurn(() => appendFile(path, lines(traces.map((sure) => ({ sure }))))),
    async rewrite(sure, unsure) {
      const entries = [...sure].flatMap((entry) => [entry, { sure: entry.trace }])
      await writeDurably(`${path}.part`, lines([...entries, ...unsure]))
      await rename(`${path}.part`, path)
    },
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
