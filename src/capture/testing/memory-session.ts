import { createRedactor } from '../../lib/redact.ts'
import { assembleTrace } from '../../schema/assemble.ts'
import { recordFrom } from '../../schema/read.ts'
import { spoolRecord, type SpoolRecord } from '../../schema/spool.ts'
import { type Trace, trace as traceSchema } from '../../schema/trace.ts'
import { createSession, type Session, type SessionOptions } from '../session.ts'

export interface MemorySession {
  readonly session: Session
  readonly records: SpoolRecord[]
  /** The traces of what was written so far. */
  readonly traces: () => readonly Trace[]
}

/** A session that keeps its records in memory, with a clock that goes a millisecond further at each look. */
export function memorySession(options: Partial<SessionOptions> = {}): MemorySession {
  const records: SpoolRecord[] = []
  let ids = 0
  let ms = 0
  const session = createSession({
    sinks: [{ name: 'memory', write: async (batch) => void records.push(...batch) }],
    redact: createRedactor(),
    now: () => ms++,
    newId: () => `t_${String(++ids).padStart(20, '0')}`,
    ambientName: 'process',
    ...options,
  })
  return { session, records, traces: () => tracesOf(records) }
}

/** The traces records tell of; each record and each trace is of its schema, as a file's would have to be. */
export function tracesOf(records: readonly SpoolRecord[]): readonly Trace[] {
  const at = { file: 'memory' }
  const known = records.map(
    (record) => recordFrom(spoolRecord, JSON.parse(JSON.stringify(record)), at) as SpoolRecord,
  )
  const byTrace = Map.groupBy(known, ({ trace }) => trace)
  return [...byTrace.values()].map((own) => {
    const assembled = JSON.parse(JSON.stringify(assembleTrace(own))) as unknown
    return recordFrom(traceSchema, assembled, at, 'trace')
  })
}
