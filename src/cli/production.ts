import { featuresOfTrace, type RunFeatures } from '../dataset/coverage.ts'
import { oneLine } from '../lib/text.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { Trace } from '../schema/trace.ts'
import { recordedConditions } from './conditions.ts'
import type { Io } from './io.ts'
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

/** Write patterns rest on what tools do to the world: where that is guessed from their names, it is said. */
export function warnOfGuessedWrites(
  { err }: Pick<Io, 'err'>,
  file: string,
  tools: Iterable<string>,
  known: KnownTools,
): void {
  const guessed = [...new Set(tools)].filter((name) => {
    const { from, effect } = known(name)
    return from === 'name' && effect === 'write'
  })
  if (guessed.length === 0) return
  const shown = guessed.sort().slice(0, 5)
  const more = guessed.length > shown.length ? `, and ${guessed.length - shown.length} more` : ''
  const names = shown.map((name) => oneLine(name, 60)).join(', ')
  err(`That these tools write is guessed from their names: ${names}${more}. Say it in ${file}.\n`)
}
