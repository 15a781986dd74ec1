import type { Store, TraceChange } from '../store/store.ts'

/** Where a collector puts traces: they are stored at once, packed and searchable a little later. */
export interface PackedLater {
  /** Stores traces, all or none. Where too many wait, some of them are packed first. */
  put(changes: readonly TraceChange[]): Promise<void>
  /**
   * Packs what waits if nothing came since it was last asked, or if it was asked some times in vain. Called twice a second,
   * what was stored is searchable three seconds later, and the time it takes to pack what waits.
   */
  whenQuiet(): Promise<void>
  /** Packs all there is, what an earlier process left included. */
  catchUp(): Promise<void>
}

/** Traces that wait. */
const mostWaiting = 4000
/** Traces that are packed before anything else has its turn. */
const packedAtOnce = 64
/** How often it is put off. */
const mostInVain = 6

/** `turn` lets everything else go first that is due. */
export function packedLater(
  store: Pick<Store, 'replaceTraces' | 'indexWords'>,
  turn: () => Promise<void>,
): PackedLater {
  let waiting = 0
  let came = true
  let inVain = mostInVain
  let working: Promise<void> | undefined

  async function pack(): Promise<number> {
    const packed = await store.indexWords(packedAtOnce)
    waiting = packed < packedAtOnce ? 0 : Math.max(0, waiting - packed)
    return packed
  }

  async function packAll(): Promise<void> {
    while ((await pack()) === packedAtOnce) await turn()
  }

  const catchUp = (): Promise<void> => (working ??= packAll().finally(() => (working = undefined)))
  return {
    catchUp,
    async put(changes) {
      while (waiting > mostWaiting) await pack()
      await store.replaceTraces(changes)
      waiting += changes.length
      came = true
    },
    async whenQuiet() {
      const quiet = !came
      came = false
      if (!quiet && ++inVain < mostInVain) return
      inVain = 0
      if (waiting > 0 || !quiet) await catchUp()
    },
  }
}
