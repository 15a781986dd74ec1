import type { SpoolRecord } from '../../schema/spool.ts'
import { assembleTrace } from '../../schema/assemble.ts'
import type { Span, Trace } from '../../schema/trace.ts'
import { createRedactor } from '../../lib/redact.ts'
import { redactWith } from '../redact.ts'
import { createSession, type Session, type SessionOptions } from '../session.ts'

/** A session that keeps what it records; its clock moves by a millisecond with each look at it. */
export function recordingSession(more: Partial<SessionOptions> = {}): {
  readonly session: Session
  readonly records: SpoolRecord[]
  /** The traces so far, in order of their ids. */
  traces(): Promise<readonly Trace[]>
} {
  const records: SpoolRecord[] = []
  let ms = Date.UTC(2026, 10, 21)
  let ids = 0
  const session = createSession({
    sinks: [
      {
        name: 'memory',
        async write(written) {
          records.push(...written)
        },
      },
    ],
    redact: redactWith(createRedactor({})),
    now: () => ms++,
    newId: () => `t_${++ids}`,
    ambientName: 'agent.ts',
    ...more,
  })
  return {
    session,
    records,
    async traces() {
      await session.flush()
      const byTrace = Map.groupBy(records, (record) => record.trace)
      return [...byTrace.values()].flatMap((own) => assembleTrace(own) ?? [])
    },
  }
}

/** A trace as an outline: kind, name and status, indented by depth. */
export function outlineOf({ spans }: Trace): readonly string[] {
  const under = (parent: string | null, depth: number): readonly string[] =>
    spans
      .filter((span) => span.parent === parent)
      .flatMap((span) => [`${'  '.repeat(depth)}${lineOf(span)}`, ...under(span.id, depth + 1)])
  return under(null, 0)
}

function lineOf(span: Span): string {
  const attempts = 'attempts' in span ? (span.attempts?.length ?? 0) : 0
  const counted = attempts === 0 ? '' : ` x${attempts}`
  return `${span.kind} ${span.name}${span.status === 'ok' ? '' : ' error'}${counted}`
}
