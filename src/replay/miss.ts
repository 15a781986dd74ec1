import { defined } from '../lib/defined.ts'
import type { Json } from '../schema/json.ts'
import type { Divergence } from '../schema/outcome.ts'
import type { Recording } from '../schema/recording.ts'
import type { Miss, NearMiss } from './near-misses.ts'

/** A miss as the outcome has it: what was asked, and the three recorded calls that come nearest. */
export function missAt(step: number, miss: Miss, recording: Recording | undefined): Divergence {
  if (recording === undefined) {
    return { step, kind: 'miss', what: 'A call was made, but this case has no recording.', differences: [] }
  }
  const [nearest] = miss.nearest
  const notes = miss.nearest.map(noteOf).filter((note) => note !== undefined)
  return {
    step,
    kind: nearest === undefined ? 'miss' : 'request',
    what: `At step ${step} ${miss.what}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}.`,
    differences: nearest === undefined ? [] : differencesOf(nearest),
    ...(miss.nearest.length === 0 ? {} : { nearest: miss.nearest.map(nearOf) }),
  }
}

function noteOf({ step, consumedBy, differences }: NearMiss, at: number): string | undefined {
  if (consumedBy !== undefined) return `recorded step ${step} was already served at step ${consumedBy}`
  return at === 0 ? undefined : `recorded step ${step} differs in ${differences.length}`
}

function nearOf(near: NearMiss): NonNullable<Divergence['nearest']>[number] {
  const { step, name, consumedBy } = near
  return { step, name, ...defined({ consumedBy }), differences: differencesOf(near) }
}

function differencesOf({ differences }: NearMiss): Divergence['differences'] {
  return differences.map(({ path, expected, got }) => ({
    path,
    ...(expected === undefined ? {} : { expected: expected as Json }),
    ...(got === undefined ? {} : { got: got as Json }),
  }))
}
