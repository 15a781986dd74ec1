/** A moment as both of its spellings here: ISO 8601 in milliseconds, and nanoseconds since 1970, where the source had them. */
export interface Instant {
  readonly iso: string
  readonly nanos: bigint
}

/**
 * A moment in any spelling that sources use, sometimes two in one object: ISO 8601 with up to nine decimals (without a
 * zone it is UTC), or a number since 1970, in seconds, milliseconds, microseconds or nanoseconds, as a number or as text.
 * Which of these is told by its size: each is read as the unit that puts it between 1990 and 2100.
 */
export function instantOf(value: unknown): Instant | undefined {
  if (typeof value === 'number') return fromNumber(value)
  if (typeof value !== 'string' || value.length > 40) return undefined
  if (/^\d{9,20}(?:\.\d{1,9})?$/.test(value))
    return value.includes('.') ? fromNumber(Number(value)) : fromCount(BigInt(value))
  const [, day, clock, decimals = '', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?\d*(Z|[+-]\d\d:?\d\d)?$/.exec(value) ?? []
  if (day === undefined) return undefined
  const seconds = Date.parse(`${day}T${clock}${zone}`)
  return Number.isNaN(seconds)
    ? undefined
    : instant(BigInt(seconds) * 1_000_000n + BigInt(decimals.padEnd(9, '0')))
}

/** Milliseconds from one moment to another; absent where either is not known, or they are not in order. */
export function millisBetween(start: Instant | undefined, end: Instant | undefined): number | undefined {
  if (start === undefined || end === undefined || end.nanos < start.nanos) return undefined
  return Number(end.nanos - start.nanos) / 1e6
}

const units = [1_000_000_000n, 1_000_000n, 1_000n, 1n]
const earliest = BigInt(Date.UTC(1990, 0, 1)) * 1_000_000n
const latest = BigInt(Date.UTC(2100, 0, 1)) * 1_000_000n

function fromCount(count: bigint): Instant | undefined {
  const unit = units.find((each) => count * each >= earliest && count * each < latest)
  return unit === undefined ? undefined : instant(count * unit)
}

/** Numbers carry fractions: of a second, of a millisecond. */
function fromNumber(count: number): Instant | undefined {
  if (!Number.isFinite(count)) return undefined
  const unit = units.find(
    (each) => count * Number(each) >= Number(earliest) && count * Number(each) < Number(latest),
  )
  if (unit === undefined) return undefined
  const whole = Math.floor(count)
  return instant(BigInt(whole) * unit + BigInt(Math.round((count - whole) * Number(unit))))
}

function instant(nanos: bigint): Instant {
  return { iso: new Date(Number(nanos / 1_000_000n)).toISOString(), nanos }
}
