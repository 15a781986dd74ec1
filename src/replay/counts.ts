import type { CallKind, Provenance } from '../schema/call.ts'
import type { Fidelity } from '../schema/outcome.ts'
import type { Mode } from '../schema/run.ts'

/** Rungs whose reply is as good as recorded for this very call. */
const onTape: ReadonlySet<Provenance> = new Set(['exact', 'normalized', 'repeat-read', 'pure-live'])

/**
 * Rungs after which the run is no longer the recorded world's: nothing later can be counted on. A `stale-state` or
 * `pooled` reply was recorded for this call, in another state or another run: it does not count, and what comes after it
 * is judged by itself.
 */
const leavesTape: ReadonlySet<Provenance> = new Set(['injected', 'simulated', 'live', 'miss'])

/** A read that is stale may still be right; a turn that answers another question is acted on. */
function leaves(kind: CallKind | undefined, how: Provenance): boolean {
  return leavesTape.has(how) || (kind === 'human' && how === 'stale-state')
}

/** How the replies of one trial were found. */
export interface Counts {
  count(step: number, kind: CallKind, how: Provenance): void
  /** A call that was not answered. */
  missed(step: number): void
  fidelity(steps: number): Fidelity
}

/** Replies that the mode of the run takes from the world are named, and are no part of the share. */
export function createCounts(mode: Pick<Mode, 'llm' | 'tools'>): Counts {
  const counts: Partial<Record<Provenance, number>> = {}
  let asked = 0
  /** Steps that rest on the recording, in whatever order their replies came. */
  const rests: number[] = []
  let firstOffTape: number | undefined

  function isMeant(kind: CallKind, how: Provenance): boolean {
    const fromWorld = how === 'live' || how === 'cached'
    return fromWorld && (kind === 'llm' ? mode.llm !== 'recorded' : kind === 'tool' && mode.tools === 'live')
  }

  function add(step: number, kind: CallKind | undefined, how: Provenance): void {
    asked++
    if (onTape.has(how)) rests.push(step)
    if (leaves(kind, how)) firstOffTape = Math.min(step, firstOffTape ?? step)
  }

  return {
    count(step, kind, how) {
      counts[how] = (counts[how] ?? 0) + 1
      if (!isMeant(kind, how)) add(step, kind, how)
    },
    missed(step) {
      counts.miss = (counts.miss ?? 0) + 1
      add(step, undefined, 'miss')
    },
    fidelity(steps) {
      const end = firstOffTape ?? Infinity
      return {
        share: asked === 0 ? 1 : rests.filter((step) => step < end).length / asked,
        steps,
        ...(firstOffTape === undefined ? {} : { firstOffTape }),
        counts: { ...counts },
      }
    },
  }
}
