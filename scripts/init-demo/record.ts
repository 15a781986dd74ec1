import { createSession } from '../../src/capture/session.ts'
import { sha256 } from '../../src/lib/hash.ts'
import { createRedactor } from '../../src/lib/redact.ts'
import { assembleTrace } from '../../src/schema/assemble.ts'
import type { SpoolRecord } from '../../src/schema/spool.ts'
import type { Trace } from '../../src/schema/trace.ts'
import { withTap } from '../../src/tap/tap.ts'

/**
 * Records one run of an agent as production does: through evalkit's recorder and redaction, as records of a spool. But
 * for the clock and the ids, so that the same run is the same trace: an id is made of the question, and how long
 * anything took is left out.
 */
export async function record(question: string, agent: () => Promise<string>): Promise<Trace> {
  const records: SpoolRecord[] = []
  const session = createSession({
    sinks: [{ name: 'list', write: async (batch) => void records.push(...batch) }],
    redact: createRedactor({ key: 'demo' }),
    now: () => 0,
    newId: () => `t_${sha256(question).slice(0, 20)}`,
    ambientName: 'init-demo',
  })
  const recorder = session.start('demo', { input: question })
  const output = await withTap(recorder.tap, agent)
  recorder.end({ output })
  await session.flush()
  const trace = assembleTrace(records)
  const { dropped, queued } = session.counts()
  if (trace === undefined || dropped + queued > 0) throw new Error(`"${question}" was not recorded whole.`)
  return timeless(trace) as Trace
}

const timing = new Set(['startedAt', 'durationMs', 'firstByteMs'])

function timeless(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(timeless)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([key]) => !timing.has(key))
  return Object.fromEntries(members.map(([key, member]) => [key, timeless(member)]))
}
