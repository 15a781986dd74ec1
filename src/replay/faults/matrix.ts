import type { FaultCell } from '../../schema/fault.ts'
import type { KnownTools } from '../../schema/known-tools.ts'
import type { Outcome } from '../../schema/outcome.ts'
import type { Recording } from '../../schema/recording.ts'
import type { Play } from '../play.ts'
import { faultableCalls } from './calls.ts'
import { faults } from './kinds/index.ts'
import { playFaulted } from './play-faulted.ts'
import { type FaultRule, type FaultUse, writeFault, writeRule } from './schedule.ts'
import { faultVerdict } from './verdict.ts'

/** A fault of a matrix, and whether it stays. */
export interface MatrixColumn extends FaultUse {
  /** It happens from this call on, for good: what shows agents that never give up. */
  readonly forGood?: true
}

/** Each fault once, and the other side down for good. */
export function allColumns(): readonly MatrixColumn[] {
  const down = faults.find(({ name }) => name === 'server-error')
  const each = faults.map((fault) => ({ fault, argument: fault.argument?.fallback ?? 0 }))
  return down === undefined ? each : [...each, { fault: down, argument: 503, forGood: true }]
}

/** The trials of a matrix: each call of the recording with each fault that can happen to it. */
export function matrixRules(
  recording: Pick<Recording, 'calls'>,
  columns: readonly MatrixColumn[],
): readonly { readonly rule: FaultRule; readonly column: string }[] {
  return faultableCalls(recording).flatMap(({ place, name, nth }) =>
    columns.flatMap((use) => {
      if (!use.fault.places.includes(place)) return []
      const { fault, argument, forGood } = use
      const where = { place, ...(place === 'tool' ? { name } : {}), nth }
      const rule: FaultRule = { ...where, fault, argument, times: forGood === true ? 'always' : 1 }
      return [{ rule, column: columnName(use) }]
    }),
  )
}

/** `503`, `503 x*`. */
export function columnName(column: MatrixColumn): string {
  return `${writeFault(column)}${column.forGood === true ? ' x*' : ''}`
}

/**
 * Plays each call with each fault, one trial after the other: none may change what another meets. Faults that a reply cannot
 * have are left out; a trial that was cancelled ends the matrix with what is there. `fresh` makes a trial that was not played.
 */
export async function playMatrix(
  fresh: () => Play & { readonly recording: Recording },
  columns: readonly MatrixColumn[],
  { clean, known }: { readonly clean: Outcome; readonly known: KnownTools },
): Promise<readonly FaultCell[]> {
  const cells: FaultCell[] = []
  for (const { rule, column } of matrixRules(fresh().recording, columns)) {
    const trial = fresh()
    if (isCancelled(trial.signal)) break
    const { outcome: faulted, injected, impossible } = await playFaulted(trial, { rules: [rule] })
    if (isCancelled(trial.signal)) break
    if (impossible) continue
    cells.push({
      rule: writeRule(rule),
      place: rule.place === 'any' ? 'tool' : rule.place,
      name: rule.name ?? rule.place,
      nth: rule.nth ?? 1,
      fault: column,
      verdict: faultVerdict({ clean, faulted, injected, known }),
    })
  }
  return cells
}

function isCancelled(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}
