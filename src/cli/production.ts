import { featuresOfTrace, type RunFeatures } from '../dataset/coverage.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { Trace } from '../schema/trace.ts'
import { recordedConditions } from './conditions.ts'
import type { Project } from './project.ts'

/** What a production trace showed, and when it ran. */
export interface ProductionRun extends RunFeatures {
  readonly startedAt: string | undefined
  readonly trace: string
}

/**
 * The runs of the store that were recorded elsewhere, each as its features: one trace is in memory at a time. `where` as on
 * the command line; `take` decides which are wanted. Unless a format is asked for, what evalkit's own runs left is none.
 */
export async function* productionRuns(
  { store }: Pick<Project, 'store'>,
  options: { readonly where?: readonly string[] },
  known: KnownTools,
  take: (trace: Trace) => boolean = () => true,
): AsyncGenerator<ProductionRun> {
  const ids: string[] = []
  for await (const { id } of store.listTraces({ where: recordedConditions(options) })) ids.push(id)
  for (const id of ids) {
    const trace = await store.getTrace(id)
    if (take(trace)) yield { ...featuresOfTrace(trace, known), startedAt: trace.startedAt }
  }
}
