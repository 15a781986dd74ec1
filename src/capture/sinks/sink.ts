import type { SpoolRecord } from '../../schema/spool.ts'

/**
 * Where captured records go: a file, a collector, a function. One write is under way at a time, and records come in
 * the order they were made. A sink lives inside a production agent: it blocks nothing, its timers and sockets hold
 * no process alive, and it takes what it can: whoever calls it counts what it loses. `sink.contract.ts` is run by
 * every member.
 */
export interface Sink {
  readonly name: string
  /**
   * Takes a batch; resolves when it is safe (spool: handed to the operating system; OTLP: accepted). Rejects where
   * the batch is lost; with a `RecordsLost`, where as many as that says are. `signal` tells that nobody waits for
   * this write any more and its records were counted as lost: what has not gone out should not.
   */
  write(records: readonly SpoolRecord[], signal?: AbortSignal): Promise<void>
  /**
   * The process is going: takes what can still be taken without waiting, writes that are under way included, so it
   * may be called with no records. Throws what `write` rejects with. Absent where nothing can be done.
   */
  writeSync?(records: readonly SpoolRecord[]): void
  /** Hands on what it still holds and lets go of its files and sockets. Rejects like `write`. */
  close?(): Promise<void>
}

const brand = Symbol.for('evalkit.records-lost')

/** A sink lost some of what it was given; the rest is safe. */
export class RecordsLost extends Error {
  /** How many records. Those a sink took in an earlier write and held back may be among them. */
  readonly lost: number
  /** The same, with the losses that these records were to tell of (`dropped`): nobody will learn of them now. */
  readonly untold: number
  readonly [brand] = true

  constructor(what: string, lost: number, untold: number) {
    super(what)
    this.name = 'RecordsLost'
    this.lost = lost
    this.untold = untold
  }

  static of(what: string, records: readonly SpoolRecord[]): RecordsLost {
    return new RecordsLost(what, records.length, untoldBy(records))
  }

  static is(value: unknown): value is RecordsLost {
    return typeof value === 'object' && value !== null && brand in value
  }
}

/** What nobody learns of when these records are lost: the records, and the losses they tell of. */
export function untoldBy(records: readonly SpoolRecord[]): number {
  return records.reduce((sum, { dropped }) => sum + 1 + (dropped ?? 0), 0)
}
