import type { Call } from '../../schema/call.ts'
import type { FaultPlace } from '../../schema/fault.ts'
import type { Recording } from '../../schema/recording.ts'

/** A recorded call that a fault can happen to. */
export interface FaultableCall {
  readonly place: FaultPlace
  /** The tool; else the place. */
  readonly name: string
  /** Among the calls of this place and name, from 1. */
  readonly nth: number
}

/** The calls of a recording but those of people, and of who plays one, in their order. */
export function faultableCalls({ calls }: Pick<Recording, 'calls'>): readonly FaultableCall[] {
  const seen = new Map<string, number>()
  return calls.flatMap((call): readonly FaultableCall[] => {
    const place = placeOf(call.kind)
    if (place === undefined || (call.kind === 'llm' && call.by !== undefined)) return []
    const name = call.kind === 'tool' ? call.request.name : place
    const key = `${place} ${name}`
    const nth = (seen.get(key) ?? 0) + 1
    seen.set(key, nth)
    return [{ place, name, nth }]
  })
}

/** Where a call of this kind has its faults; people have none. */
export function placeOf(kind: Call['kind']): FaultPlace | undefined {
  return ({ llm: 'model', custom: 'http', tool: 'tool', human: undefined } as const)[kind]
}
