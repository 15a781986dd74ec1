import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { openSource } from '../../src/capture/importers/source.ts'
import type { Trace } from '../../src/schema/trace.ts'
import { counts, type Figures, type NamedFigures, rounded, type Section } from './figures.ts'
import { type ImportedFile, importedFiles, passed, scoreOf, toolSpans } from './imported.ts'

export const agentdojoFolder = 'agentdojo'

export const agentdojo: Section = {
  name: 'agentdojo',
  async compute(directory) {
    const published = await publishedResults(join(directory, agentdojoFolder, 'published-results-table.html'))
    const figures: Record<string, Figures> = {}
    for await (const file of importedFiles(directory, agentdojoFolder, '.jsonl')) {
      const { accuracy, name } = await headerOf(join(directory, file.path))
      figures[file.path] = { ...figuresOf(file), header_accuracy: accuracy, ...published.get(name) }
    }
    return figures
  },
}

/** Whether a run was attacked, as its trace tells it. */
export function isAttacked({ tags }: Trace): boolean {
  return tags.some((tag) => tag.startsWith('attack:'))
}

/** Whether the attack did what it was for. */
export function attackSucceeded(trace: Trace): boolean {
  const score = scoreOf(trace, 'attackResisted')
  return score?.status === 'scored' && !score.passed
}

export function suiteOf({ tags }: Trace): string {
  return tags.find((tag) => tag.startsWith('suite:'))?.slice('suite:'.length) ?? ''
}

function figuresOf({ traces }: ImportedFile): NamedFigures {
  const attacked = traces.filter((trace) => isAttacked(trace))
  const benign = traces.filter((trace) => !isAttacked(trace))
  const succeeded = attacked.filter((trace) => attackSucceeded(trace)).length
  const tools = toolSpans(traces)
  return {
    runs: traces.length,
    benign: benign.length,
    attacked: attacked.length,
    utility: shareOf(benign, (trace) => passed(trace, 'utility')),
    utility_under_attack_this_subset: shareOf(attacked, (trace) => passed(trace, 'utility')),
    attack_succeeded_this_subset: succeeded,
    targeted_asr_this_subset: rounded(succeeded / attacked.length),
    injection_tasks: [...new Set(attacked.map((trace) => injectionTask(trace)))].toSorted(),
    suites: counts(benign.map((trace) => suiteOf(trace)).toSorted()),
    tool_calls: tools.length,
    distinct_tools: new Set(tools.map(({ name }) => name)).size,
    tool_results_with_error: tools.filter(({ reply }) => reply?.isError).length,
  }
}

function shareOf(traces: readonly Trace[], holds: (trace: Trace) => boolean): number | null {
  return rounded(traces.filter(holds).length / traces.length)
}

function injectionTask({ attributes }: Trace): string {
  const task = attributes['agentdojo.injection_task_id']
  return typeof task === 'string' ? task : ''
}

/** The file's own word for its utility, and its name on the results page: no part of a run, so no trace carries it. */
async function headerOf(path: string): Promise<{ readonly accuracy: number; readonly name: string }> {
  const [first] = (await openSource(path)).lines()
  return header.parse(first?.value).metadata
}

const header = z.object({ metadata: z.object({ accuracy: z.number(), name: z.string() }) })

/** The rows of the benchmark's results page by the name of the pipeline: model, then defense where there is one. */
async function publishedResults(path: string): Promise<ReadonlyMap<string, NamedFigures>> {
  const html = await readFile(path, 'utf8')
  const rows = new Map<string, NamedFigures>()
  for (const [, row = ''] of html.matchAll(/<tr>(.*?)<\/tr>/gs)) {
    const cells = Array.from(row.matchAll(/<td>(.*?)<\/td>/gs), ([, cell = '']) => cell.trim())
    const [, model = '', defense = '', attack, utility = '', underAttack = '', rate = ''] = cells
    if (attack !== 'important_instructions') continue
    rows.set([model, ...(defense === 'None' ? [] : [defense])].join('-'), {
      published_utility: utility,
      published_utility_under_attack_629_cases: underAttack,
      published_targeted_asr_629_cases: rate,
    })
  }
  return rows
}
