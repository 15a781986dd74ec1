/** What a kept request takes: on the disk, and in memory while a trace is open that it belongs to. */
export interface Size {
  readonly bytes: number
  readonly open: number
}

/** Which kept requests are needed: for how many traces that are open or may get late spans, and how many that are open. */
export interface KeptRequests {
  /** Bytes on the disk of all that are needed. */
  readonly keptBytes: () => number
  /** What those take in memory that some open trace is made of. */
  readonly openBytes: () => number
  readonly add: (name: string, size: Size) => void
  /** One more trace that is open is made of it; `again` where it was counted before it was closed. */
  readonly open: (name: string, how?: 'again') => void
  /** One that was open is not: whether it was the last. */
  readonly close: (name: string) => boolean
  /** A closed trace that an earlier process has stored may get late spans. */
  readonly need: (name: string) => void
  /** A trace needs it no more: whether nobody does, and it is forgotten. */
  readonly release: (name: string) => boolean
  /** Forgets it if nobody needs it, and says so. */
  readonly isUnneeded: (name: string) => boolean
}

export function keptRequests(): KeptRequests {
  const known = new Map<string, { readonly size: Size; uses: number; opens: number }>()
  let keptBytes = 0
  let openBytes = 0

  function isUnneeded(name: string): boolean {
    const one = known.get(name)
    if (one === undefined || one.uses > 0) return false
    known.delete(name)
    keptBytes -= one.size.bytes
    return true
  }

  return {
    keptBytes: () => keptBytes,
    openBytes: () => openBytes,
    isUnneeded,
    add(name, size) {
      known.set(name, { size, uses: 0, opens: 0 })
      keptBytes += size.bytes
    },
    open(name, how) {
      const one = known.get(name)
      if (one === undefined) return
      if (how !== 'again') one.uses++
      if (one.opens++ === 0) openBytes += one.size.open
    },
    close(name) {
      const one = known.get(name)
      if (one === undefined || one.opens === 0 || --one.opens > 0) return false
      openBytes -= one.size.open
      return true
    },
    need(name) {
      const one = known.get(name)
      if (one !== undefined) one.uses++
    },
    release(name) {
      const one = known.get(name)
      if (one === undefined) return false
      one.uses--
      return isUnneeded(name)
    },
  }
}
