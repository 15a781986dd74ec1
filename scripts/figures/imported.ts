import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { detectImporter } from '../../src/capture/importers/detect.ts'
import type { Imported } from '../../src/capture/importers/importer.ts'
import { openSource } from '../../src/capture/importers/source.ts'
import { mcnemar } from '../../src/lib/stats/index.ts'
import type { Score } from '../../src/schema/score.ts'
import type { Trace } from '../../src/schema/trace.ts'
import { type NamedFigures, rounded } from './figures.ts'

export type Problem = Extract<Imported, { readonly problem: unknown }>['problem']
export type ToolSpan = Extract<Trace['spans'][number], { readonly kind: 'tool' }>

/** A data file as `evalkit import` reads it, format detected. `path` is its name in EXPECTED.json. */
export interface ImportedFile {
  readonly path: string
  readonly traces: readonly Trace[]
  readonly problems: readonly Problem[]
}

/** The files of a folder of the data directory that end so, by name, one at a time. */
export async function* importedFiles(
  directory: string,
  folder: string,
  ending = '.json',
): AsyncIterable<ImportedFile> {
  const names = (await readdir(join(directory, folder))).filter((name) => name.endsWith(ending))
  for (const name of names.toSorted()) {
    const path = `${folder}/${name}`
    const source = await openSource(join(directory, path))
    const found = [...detectImporter(source).read(source)]
    yield {
      path,
      traces: found.flatMap((item) => ('trace' in item ? [item.trace] : [])),
      problems: found.flatMap((item) => ('problem' in item ? [item.problem] : [])),
    }
  }
}

export function toolSpans(traces: readonly Trace[]): readonly ToolSpan[] {
  return traces.flatMap(({ spans }) => spans.flatMap((span) => (span.kind === 'tool' ? [span] : [])))
}

export function scoreOf(trace: Trace, name: string): Score | undefined {
  return trace.scores.find((score) => score.name === name)
}

export function passed(trace: Trace, name = 'reward'): boolean {
  const score = scoreOf(trace, name)
  return score?.status === 'scored' && score.passed
}

/** Everything somebody said, as the files count it: greetings, replies, user turns and results. */
export function messageCount(traces: readonly Trace[]): number {
  return traces.reduce((sum, { spans, dialogue }) => {
    const said = spans.filter((span) => ('reply' in span ? span.reply !== undefined : span.kind === 'custom'))
    return sum + said.length + (dialogue?.opening.length ?? 0)
  }, 0)
}

/** Pass or fail of the tasks of two files, one run each. */
export function pairFigures(baseline: readonly Trace[], candidate: readonly Trace[]): NamedFigures {
  const before = new Map(baseline.map((trace) => [trace.task?.id, passed(trace)]))
  const both = candidate.filter(({ task }) => before.has(task?.id))
  const fixed = both.filter((trace) => passed(trace) && before.get(trace.task?.id) === false).length
  const broken = both.filter((trace) => !passed(trace) && before.get(trace.task?.id) === true).length
  return {
    tasks: both.length,
    baseline_pass: both.filter(({ task }) => before.get(task?.id) === true).length,
    candidate_pass: both.filter((trace) => passed(trace)).length,
    fixed,
    broken,
    mcnemar_exact_two_sided_p: rounded(mcnemar(fixed, broken).twoSided, 8),
  }
}
