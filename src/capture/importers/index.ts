import { tau2 } from './tau2.ts'
import { tauBench } from './tau-bench.ts'

/** The formats that can be imported: name and member, one line each. */
export const importers = {
  'tau-bench': tauBench,
  tau2,
} as const

export type ImporterName = keyof typeof importers
