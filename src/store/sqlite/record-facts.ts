import type { Trace } from '../../schema/trace.ts'
import { sessionOf, userOf } from '../../schema/trace-origin.ts'
import { factsOf } from '../facts.ts'
import { decompress } from './codec.ts'
import type { Packed } from './record.ts'

/**
 * What migration 4 makes columns of, as JSON text: members of the summary, the bodies a record needs, and the positions of
 * model calls whose cost nobody knows. A migration once released is never edited, so what this gives never changes.
 * A record that cannot be read has none of it: the store opens, and reading that trace says it is damaged.
 */
export function recordFacts(codec: unknown, content: unknown): string {
  try {
    const packed = JSON.parse(decompress({ codec: Number(codec), content: content as Uint8Array })) as Packed
    const bodies = packed.values.filter((value) => typeof value === 'number')
    // Facts are made of no message and no argument, which are all that stands elsewhere.
    const trace = { ...packed.trace, spans: packed.spans.map(({ span }) => span) } as unknown as Trace
    const facts = factsOf(trace)
    const unpriced = facts.spans.flatMap((span, position) => (span.unpriced === true ? [position] : []))
    const { prompt, code, unpriced: calls } = facts.summary
    const summary = { session: sessionOf(trace), user: userOf(trace), prompt, code, unpriced: calls }
    return JSON.stringify({ summary, bodies: [...new Set(bodies)], unpriced })
  } catch {
    return '{"summary":{},"bodies":[],"unpriced":[]}'
  }
}
