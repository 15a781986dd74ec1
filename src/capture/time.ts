/** ISO 8601, of milliseconds since the epoch. */
export function iso(ms: number): string {
  return new Date(ms).toISOString()
}

/** Milliseconds between two looks at the clock; no finer than a hundredth, which is more than a clock can tell. */
export function elapsedMs(from: number, to: number): number {
  return Math.round(Math.max(0, to - from) * 100) / 100
}
