import type { OtlpLog, OtlpSpan } from '../capture/otlp/shape.ts'
import type { Maker, Making } from './maker.ts'

/** Several makers as one: each has a share of the traces, told by their ids, and works on it at the same time as the others. */
export function makerPool(makers: readonly (Maker & Making)[]): Maker {
  // Of a log, the id may be no number.
  const shareOf = (traceId: string): number => (Number.parseInt(traceId.slice(-6), 16) || 0) % makers.length
  return {
    shares: makers,
    shareOf,
    parts({ spans, logs }) {
      const parts = makers.map(() => ({ spans: [] as OtlpSpan[], logs: [] as OtlpLog[] }))
      for (const span of spans) parts[shareOf(span.traceId)]?.spans.push(span)
      for (const log of logs) if (log.traceId !== undefined) parts[shareOf(log.traceId)]?.logs.push(log)
      return parts
    },
    give(name, parts) {
      for (const [index, text] of parts.entries()) if (text !== undefined) makers[index]?.give(name, [text])
    },
    drop(names) {
      for (const maker of makers) maker.drop(names)
    },
  }
}
