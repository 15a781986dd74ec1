import type { TraceWeight } from './store.ts'

/** How long traces are kept; what is left out limits nothing. Ages in ms, sizes in bytes. */
export interface Retention {
  readonly olderThan?: number
  /** By tag, instead of `olderThan`; of several tags of a trace the longest counts. */
  readonly tags?: Readonly<Record<string, number>>
  /** The newest so many are kept, however old. Without another limit, no more than these. */
  readonly keepLast?: number
  readonly maxTraces?: number
  readonly maxSize?: number
}

/** Why a trace goes. */
export type Cause = 'age' | 'tag' | 'count' | 'size'

/** What is to be removed, oldest first, and what would be, were it not for something that needs it. */
export interface RetentionPlan {
  readonly remove: readonly { readonly id: string; readonly cause: Cause; readonly bytes: number }[]
  readonly held: readonly { readonly id: string; readonly cause: Cause; readonly by: string }[]
  /** Traces that no limit of age reaches, because nobody knows when they started. */
  readonly undated: number
  readonly kept: number
}

/**
 * Decides what goes. `newestFirst` is every trace of the store, `heldBy` says what needs a trace: that one stays, and
 * counts in number and size. Limits of age leave a trace alone whose start nobody knows; those of number and size take it
 * first. Sizes are estimates: what traces share goes with the last of them.
 */
export function planRetention(
  newestFirst: readonly TraceWeight[],
  retention: Retention,
  heldBy: (id: string) => string | undefined,
  now: number,
): RetentionPlan {
  const { keepLast, maxTraces, maxSize } = retention
  const remove: { id: string; cause: Cause; bytes: number }[] = []
  const held: { id: string; cause: Cause; by: string }[] = []
  const aged = retention.olderThan !== undefined || Object.keys(retention.tags ?? {}).length > 0
  const onlyLast = keepLast !== undefined && !aged && maxTraces === undefined && maxSize === undefined
  let undated = 0
  let left = newestFirst.length
  let bytes = newestFirst.reduce((sum, trace) => sum + trace.bytes, 0)
  // From the oldest: what limits of number and size take depends on what went before.
  for (let at = newestFirst.length - 1; at >= 0; at--) {
    const trace = newestFirst[at] as TraceWeight
    if (trace.started === undefined && aged) undated++
    if (keepLast !== undefined && at < keepLast) continue
    const cause: Cause | undefined =
      ageCause(trace, retention, now) ??
      (onlyLast || left > (maxTraces ?? Number.POSITIVE_INFINITY) ? 'count' : undefined) ??
      (bytes > (maxSize ?? Number.POSITIVE_INFINITY) ? 'size' : undefined)
    if (cause === undefined) continue
    const by = heldBy(trace.id)
    if (by !== undefined) {
      held.push({ id: trace.id, cause, by })
      continue
    }
    remove.push({ id: trace.id, cause, bytes: trace.bytes })
    left--
    bytes -= trace.bytes
  }
  return { remove, held, undated, kept: left }
}

function ageCause({ started, tags }: TraceWeight, retention: Retention, now: number): Cause | undefined {
  if (started === undefined) return undefined
  const age = now - started
  const own = tags.flatMap((tag) =>
    retention.tags !== undefined && Object.hasOwn(retention.tags, tag) ? [retention.tags[tag] as number] : [],
  )
  if (own.length > 0) return age > Math.max(...own) ? 'tag' : undefined
  return retention.olderThan !== undefined && age > retention.olderThan ? 'age' : undefined
}

const units = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_557_600_000 } as const
const sizes = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 } as const

/** `30d`, `12h`, `2w`, `90m`, `1y` in ms; `forever` is longer than any. `undefined` for anything else. */
export function ageOf(text: string): number | undefined {
  if (text === 'forever') return Number.POSITIVE_INFINITY
  const match = /^(\d{1,9}(?:\.\d{1,3})?)([mhdwy])$/.exec(text)
  return match === null ? undefined : Number(match[1]) * units[match[2] as keyof typeof units]
}

/** `2GB`, `500 MB` in bytes, a kilobyte being 1,000. `undefined` for anything else. */
export function bytesOf(text: string): number | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,3})?) ?(b|kb|mb|gb|tb)$/i.exec(text)
  return match === null ? undefined : Number(match[1]) * sizes[match[2]?.toLowerCase() as keyof typeof sizes]
}
