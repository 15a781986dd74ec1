/** A source of chance that gives the same for the same seed. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** A whole number below this one; 0 below 1. */
  below(limit: number): number
  /** One of these. Throws a `RangeError` where there is none. */
  of<T>(list: readonly T[]): T
}

/** Mulberry32, by Tommy Ettinger (public domain): small, fast, good enough to choose what to break. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * Math.max(1, limit))
  return {
    next,
    below,
    of(list) {
      const index = below(list.length)
      if (list.length === 0) throw new RangeError('nothing to choose from')
      return list[index] as (typeof list)[number]
    },
  }
}
