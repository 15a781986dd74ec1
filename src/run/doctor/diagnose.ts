import { defined } from '../../lib/defined.ts'
import type { Cure, Diagnosis, Source, SourceStatus } from '../../schema/doctor.ts'
import type { Json } from '../../schema/json.ts'
import type { Normalizers } from '../../schema/normalizers.ts'
import type { Divergence, Outcome } from '../../schema/outcome.ts'
import { withCures } from './cure.ts'
import { type Found, nondeterminism } from './nondeterminism.ts'

/**
 * Plays a case against its recording, with these normalizers. `first` is a run as replays are; `second` is another real
 * run: where clock and chance are held still, with another time and another seed.
 */
export type Rehearse = (which: 'first' | 'second', normalizers: Normalizers) => Promise<Outcome>

/** What is diagnosed. */
export interface Patient {
  readonly case: string
  readonly trial: number
  /** The recorded output, where it is known. */
  readonly output?: Json | undefined
  /** What its replay normalizes already. */
  readonly normalizers: Normalizers
}

/** A run shows one miss at a time: what it does not show after so many cures, is not looked for. */
const mostRounds = 12

/**
 * Finds the sources of nondeterminism of a case one after the other: two runs, what differs, the cures for it tried in
 * memory, two runs again, until nothing new is found. So what stands behind the first miss is found too, and of each
 * cure it is known whether it works.
 */
export async function diagnose(
  { case: caseId, trial, output, normalizers: given }: Patient,
  rehearse: Rehearse,
): Promise<Diagnosis> {
  const sources = new Map<string, { readonly found: Found; status: SourceStatus }>()
  const tried = new Set<string>()
  let normalizers = given
  let leaves: Divergence | undefined
  let failed: string | undefined
  for (let round = 1; ; round++) {
    const first = await rehearse('first', normalizers)
    const second = await rehearse('second', normalizers)
    if (first.status === 'aborted' && first.divergences.length === 0) {
      return finished(round, first.reason ?? 'The trial was stopped.')
    }
    const compared = nondeterminism(first, second, { normalizers: given, output })
    leaves = compared.leaves
    failed = first.divergences.some(({ kind }) => kind === 'end') ? first.reason : undefined
    const untried = compared.found.filter(
      (found) => found.does !== 'bound' && found.cure.kind !== 'advice' && !tried.has(keyOf(found)),
    )
    const isLast = untried.length === 0 || round === mostRounds
    for (const found of compared.found) note(found, isLast)
    if (isLast) return finished(round)
    for (const found of untried) tried.add(keyOf(found))
    normalizers = withCures(
      normalizers,
      untried.map(({ cure }) => cure),
    )
  }

  /** What shows itself again although its cure was tried is not cured, nor is what there is no round left to try. */
  function note(found: Found, isLast: boolean): void {
    const known = sources.get(keyOf(found))
    if (known === undefined) sources.set(keyOf(found), { found, status: statusOf(found) })
    const here = sources.get(keyOf(found))
    if (here?.status === 'cured' && found.does === 'breaks' && (isLast || tried.has(keyOf(found)))) {
      here.status = 'not-cured'
    }
  }

  function finished(rounds: number, aborted?: string): Diagnosis {
    const all = [...sources.values()].map(({ found, status }): Source => {
      const { does: _, ...source } = found
      return { ...source, status }
    })
    const helped = all.filter(({ status }) => status === 'cured').map(({ cure }): Cure => cure)
    return {
      case: caseId,
      trial,
      sources: all,
      ...defined({ leaves, aborted, failed }),
      normalizers: withCures(given, helped),
      rounds,
    }
  }
}

/** Until it shows itself again, a cure that is tried works. */
function statusOf({ does, cure }: Found): SourceStatus {
  if (does !== 'breaks') return does
  return cure.kind === 'advice' ? 'no-line' : 'cured'
}

function keyOf({ kind, name, path }: Found): string {
  return `${kind} ${name} ${path}`
}
