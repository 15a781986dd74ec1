/** A stretch of time: from `from` up to, not including, `until`, in ms since 1970 UTC. */
export interface TimeSpan {
  readonly from: number
  readonly until: number
}

const iso =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|z|[+-]\d{2}:?\d{2})?)?$/

/**
 * What an ISO 8601 date or time stands for: a date is its whole day, `10:30` its minute, `10:30:05` its second; a
 * time with a fraction is that millisecond. Without a zone it is UTC, never the machine's. `undefined` where the
 * text is not a time, or names a day that does not exist.
 */
export function timeSpanOf(text: string): TimeSpan | undefined {
  const match = iso.exec(text.trim())
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction, zone] = match
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day))
  const date = new Date(midnight)
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCFullYear() !== Number(year)) return undefined
  if (hour === undefined) return { from: midnight, until: midnight + 86_400_000 }
  // 23:59:60 is a leap second, and belongs to the next minute as far as anybody here can tell.
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 60) return undefined
  const clock = (Number(hour) * 60 + Number(minute)) * 60_000 + Number(second ?? 0) * 1000
  const from = midnight + clock + Number((fraction ?? '0').padEnd(3, '0').slice(0, 3)) - offsetOf(zone)
  const length = fraction !== undefined ? 1 : second !== undefined ? 1000 : 60_000
  return { from, until: from + length }
}

/** The moment of a recorded time in ms since 1970 UTC; `undefined` where the source wrote something else. */
export function momentOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : timeSpanOf(text)?.from
}

function offsetOf(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0
  const digits = zone.replace(':', '')
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5))
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}
