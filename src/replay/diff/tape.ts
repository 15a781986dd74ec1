import type { Provenance } from '../../schema/call.ts'
import type { Act } from './acts.ts'

const madeUp: ReadonlySet<Provenance> = new Set(['injected', 'simulated', 'miss'])

/**
 * Which steps of a run left its recording: what comes after them is another world's, and no difference there says
 * anything of the agent. As fidelity counts it (`replay/counts.ts`): a live model is what such a run is for, and so are
 * live tools where all of them are.
 */
export function leavesTape(acts: readonly Act[]): (act: Act) => boolean {
  const tools = acts.filter(({ shown }) => shown.kind === 'tool' && shown.served !== undefined)
  const isLiveRun = tools.every(({ shown }) => shown.served === 'live')
  return ({ shown: { kind, served } }) => {
    if (served === undefined) return false
    if (madeUp.has(served)) return true
    if (kind === 'human') return served === 'live' || served === 'stale-state'
    return served === 'live' && kind === 'tool' && !isLiveRun
  }
}
