import { showTrace } from '../report/show-trace.ts'
import { EvalkitError } from '../schema/errors.ts'
import { gradeOf } from '../schema/grade.ts'
import { jsonLength } from '../schema/trace-length.ts'
import type { Trace } from '../schema/trace.ts'
import type { Store } from '../store/store.ts'
import { recordedOnly } from './conditions.ts'
import { type Io, outJson } from './io.ts'

/** Characters of JSON that are written as one document, before its indents: no text can be longer than 512 Mi. */
const longestDocument = 64 * 1024 ** 2

/** How a stored trace is printed. */
export interface Shown {
  readonly json?: boolean
}

/** Prints one run, step by step. Throws `EVK_TRACE_NOT_FOUND`, and with `json` `EVK_TRACE_TOO_LONG`. */
export async function showOne(io: Io, store: Store, id: string, { json }: Shown): Promise<void> {
  const trace = await store.getTrace(id)
  if (json !== true) io.out(`${showTrace(trace, io.style).trimEnd()}\n`)
  else {
    const { length: _, ...document } = graded(trace, longestDocument)
    outJson(io, document)
  }
}

/**
 * Prints the last `limit` runs of a session in the order they began, one in memory at a time, and says where earlier ones are
 * left out. Throws `EVK_TRACE_NOT_FOUND` where the session has none, and with `json` `EVK_TRACE_TOO_LONG`.
 */
export async function showSession(
  io: Io,
  store: Store,
  session: string,
  { json, limit }: Shown & { readonly limit: number },
): Promise<void> {
  const where = recordedOnly([{ field: 'session', op: '=', value: session }])
  const ids: string[] = []
  for await (const { id } of store.listTraces({ where, limit: limit + 1 })) ids.push(id)
  if (ids.length === 0) {
    throw new EvalkitError('EVK_TRACE_NOT_FOUND', 'No trace belongs to that session.', {
      hint: 'evalkit trace sessions lists them.',
    })
  }
  const isCut = ids.length > limit
  const shown = ids.slice(0, limit).reverse()
  if (json === true) {
    const traces: ReturnType<typeof graded>[] = []
    let left = longestDocument
    for (const id of shown) {
      const one = graded(await store.getTrace(id), left)
      left -= one.length
      traces.push(one)
    }
    outJson(io, {
      session,
      earlier: isCut,
      traces: traces.map(({ trace, replayGrade }) => ({ trace, replayGrade })),
    })
    return
  }
  if (isCut) io.out(`Earlier runs of the session are left out: --limit ${limit} shows the last ones.\n\n`)
  for (const [at, id] of shown.entries()) {
    if (io.signal.aborted) return
    const text = showTrace(await store.getTrace(id), io.style).trimEnd()
    io.out(`${at === 0 ? '' : '\n'}${text}\n`)
  }
}

function graded(trace: Trace, most: number) {
  const length = jsonLength(trace)
  if (length > most) {
    throw new EvalkitError(
      'EVK_TRACE_TOO_LONG',
      `Trace ${trace.id} is too long for one document: its model requests repeat the conversation, ${length} characters.`,
    )
  }
  return { trace, replayGrade: gradeOf(trace), length }
}
