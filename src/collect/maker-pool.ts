import type { OtlpLog, OtlpSpan } from '../capture/otlp/shape.ts'
import type { Maker } from './maker.ts'

/**
 * Several makers as one: each makes its share of the traces, told by their ids, at the same time as the others. Where one of them
 * cannot store its part, those of others may be in the store already: what is made again stays as it is there.
 */
export function makerPool(makers: readonly [Maker, ...Maker[]]): Maker {
  const [first, ...others] = makers
  if (others.length === 0) return first
  // Of a log, the id may be no number.
  const indexOf = (traceId: string): number => (Number.parseInt(traceId.slice(-6), 16) || 0) % makers.length
  /** Of what was made last: for each trace its maker. */
  let shares: readonly number[] = []

  return {
    parts({ spans, logs }) {
      const parts = makers.map(() => ({ spans: [] as OtlpSpan[], logs: [] as OtlpLog[] }))
      for (const span of spans) parts[indexOf(span.traceId)]?.spans.push(span)
      for (const log of logs) if (log.traceId !== undefined) parts[indexOf(log.traceId)]?.logs.push(log)
      return parts
    },
    give(name, parts) {
      for (const [index, text] of parts.entries()) if (text !== undefined) makers[index]?.give(name, [text])
    },
    drop(names) {
      for (const maker of makers) maker.drop(names)
    },
    async make(due) {
      shares = due.map(({ traceId }) => indexOf(traceId))
      const of = shares
      const made = await all(makers, (maker, index) => maker.make(due.filter((_, at) => of[at] === index)))
      const next = made.map((ids) => ids[Symbol.iterator]())
      return of.map((index) => next[index]?.next().value)
    },
    async commit(replaces) {
      const of = shares
      await all(makers, (maker, index) => maker.commit(replaces.filter((_, at) => of[at] === index)))
    },
  }
}

/** When all are done, also those that fail: nothing goes on behind the back of who asked. */
async function all<T>(
  makers: readonly Maker[],
  work: (maker: Maker, index: number) => Promise<T>,
): Promise<readonly T[]> {
  const results = await Promise.allSettled(makers.map(work))
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}
