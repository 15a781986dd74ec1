import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { detectImporter } from '../../src/capture/importers/detect.ts'
import type { Imported } from '../../src/capture/importers/importer.ts'
import { openSource } from '../../src/capture/importers/source.ts'
import { gradeOf } from '../../src/schema/grade.ts'
import { toolCallsOf } from '../../src/schema/message.ts'
import { totalOf } from '../../src/schema/totals.ts'
import type { Span, Trace } from '../../src/schema/trace.ts'
import { jsonFrom } from '../../src/schema/read.ts'
import { counts, type NamedFigures, rounded, type Section } from './figures.ts'

const golden = new URL('./imports.golden.json', import.meta.url)
const folders = ['trace-formats', 'other-traces', 'wire']
const documents = new Set(['README.md', 'MANIFEST.json'])

/**
 * Every file of these folders, imported: the samples of trace formats, runs of other benchmarks, recordings of HTTP. The figures are
 * our own, accepted by a person: `UPDATE=1` writes them anew. What stands in EXPECTED.json of tau-bench, tau2 and AgentDojo is in
 * sections of their own.
 */
export const imports: Section = {
  name: 'imports',
  expected: existsSync(golden)
    ? (jsonFrom(readFileSync(golden, 'utf8'), { file: 'imports.golden.json' }) as NamedFigures)
    : {},

  async compute(directory) {
    const figures: Record<string, NamedFigures> = {}
    for (const folder of folders) {
      for (const path of await filesIn(directory, folder)) {
        const source = await openSource(join(directory, path))
        const importer = detectImporter(source)
        figures[path] = { format: importer.name, ...figuresOf([...importer.read(source)]) }
      }
    }
    if (process.env['UPDATE'] === '1') writeFileSync(golden, `${JSON.stringify(figures, undefined, 2)}\n`)
    return figures
  },
}

async function filesIn(directory: string, folder: string): Promise<readonly string[]> {
  const found = await readdir(join(directory, folder), { withFileTypes: true })
  const paths: string[] = []
  for (const entry of found.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) paths.push(...(await filesIn(directory, path)))
    else if (!documents.has(entry.name)) paths.push(path)
  }
  return paths
}

function figuresOf(found: readonly Imported[]): NamedFigures {
  const traces = found.flatMap((item) => ('trace' in item ? [item.trace] : []))
  const problems = found.flatMap((item) => ('problem' in item ? [item.problem.action] : []))
  const spans = traces.flatMap((trace) => trace.spans)
  const of = <K extends Span['kind']>(kind: K) =>
    spans.filter((span): span is Extract<Span, { kind: K }> => span.kind === kind)
  const tools = of('tool')
  const models = of('llm')
  const { usage, costUsd } = totalOf(traces)
  return {
    traces: traces.length,
    ...(problems.length === 0 ? {} : { problems: counts(problems) }),
    turns_of_the_user: of('human').length,
    model_calls: models.length,
    model_calls_without_reply: models.filter(({ reply }) => reply === undefined).length,
    tools_asked_for: models.reduce(
      (sum, { reply }) => sum + (reply === undefined ? 0 : toolCallsOf(reply.message).length),
      0,
    ),
    tool_calls: tools.length,
    tool_results: tools.filter(({ reply }) => reply !== undefined).length,
    tool_errors: tools.filter(({ status }) => status === 'error').length,
    tokens:
      usage === undefined
        ? null
        : `${usage.input} + ${usage.cacheRead} read + ${usage.cacheWrite} written, ${usage.output} out`,
    cost_usd: rounded(costUsd, 8),
    grades: gradesOf(traces),
  }
}

function gradesOf(traces: readonly Trace[]): NamedFigures {
  return counts(traces.map((trace) => gradeOf(trace).grade))
}
