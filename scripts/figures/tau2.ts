import { mean, quantile, wilson } from '../../src/lib/stats/index.ts'
import type { Trace } from '../../src/schema/trace.ts'
import { counts, type Figures, type NamedFigures, rounded, type Section } from './figures.ts'
import { type ImportedFile, importedFiles, messageCount, pairFigures, passed, toolSpans } from './imported.ts'

const folder = 'tau2/simulations'

/** Baseline and candidate over the same tasks. */
const pairs = [
  ['airline20__gpt-4.1', 'airline20__gpt-4.1-finetuned'],
  ['retail40__gpt-4.1', 'retail40__gpt-4.1-finetuned'],
  ['telecom40-solo__gpt-4.1', 'telecom40-solo__gpt-4.1-finetuned'],
  ['airline__claude-sonnet-4-5-thinking', 'airline__qwen2.5-7b'],
  ['airline__azure-gpt-4o-2024-11-20', 'airline__claude-sonnet-4-5-thinking'],
] as const

export const tau2: Section = {
  name: 'tau2',
  async compute(directory) {
    const figures: Record<string, Figures> = {}
    const outcomes = new Map<string, readonly Trace[]>()
    for await (const file of importedFiles(directory, folder)) {
      figures[file.path] = figuresOf(file)
      // Comparing needs scores only; the spans of nine files are not kept.
      outcomes.set(
        file.path,
        file.traces.map((trace) => ({ ...trace, spans: [] })),
      )
    }
    const outcomesOf = (name: string) => outcomes.get(`${folder}/${name}.json`) ?? []
    for (const [before, after] of pairs) {
      figures[`compare ${before} -> ${after}`] = pairFigures(outcomesOf(before), outcomesOf(after))
    }
    return figures
  },
}

function figuresOf({ traces }: ImportedFile): NamedFigures {
  const tools = toolSpans(traces)
  const passes = traces.filter((trace) => passed(trace)).length
  const { low, high } = wilson(passes, traces.length)
  const seconds = traces.flatMap(({ durationMs }) => (durationMs === undefined ? [] : [durationMs / 1000]))
  const costs = traces.flatMap(({ attributes }) => {
    const cost = attributes['tau2.agent_cost']
    return typeof cost === 'number' ? [cost] : []
  })
  return {
    domain: one(traces.map(({ name }) => name.replace(/^tau2 /, ''))),
    agent: one(traces.map(({ versions }) => versions.model)),
    agent_implementation: one(traces.map((trace) => textAttribute(trace, 'tau2.agent'))),
    user_sim: one(traces.map((trace) => textAttribute(trace, 'tau2.user_llm'))),
    runs: traces.length,
    have_task_id: traces.every(({ task }) => task !== undefined),
    passed: passes,
    pass_1: rounded(passes / traces.length),
    wilson95: [rounded(low), rounded(high)],
    db_match_true: traces.filter((trace) => passed(trace, 'db_check')).length,
    mean_agent_cost: rounded(mean(costs), 8),
    runs_with_null_agent_cost: traces.length - costs.length,
    messages: messageCount(traces),
    tool_calls: tools.length,
    tool_calls_by_requestor: counts(
      tools.map(({ attributes }) => (attributes?.requestor === 'user' ? 'user' : 'assistant')),
    ),
    distinct_tools: new Set(tools.map(({ name }) => name)).size,
    tool_results: tools.filter(({ reply }) => reply !== undefined).length,
    tool_results_with_error_true: tools.filter(({ reply }) => reply?.isError).length,
    // The benchmark's prompt tokens are all that was read; ours tell cached ones apart.
    assistant_prompt_tokens: sumOf(traces, ({ usage }) =>
      usage === undefined ? 0 : usage.input + usage.cacheRead + usage.cacheWrite,
    ),
    assistant_completion_tokens: sumOf(traces, ({ usage }) => usage?.output ?? 0),
    termination_reasons: counts(traces.map(({ ended }) => ended ?? 'unknown')),
    duration_s_mean: rounded(mean(seconds), 3),
    duration_s_p95_linear: rounded(quantile(seconds, 0.95), 3),
  }
}

/** What all runs of a file share; a list where they do not, so that it shows. */
function one(values: readonly (string | undefined)[]): Figures {
  const distinct = [...new Set(values.map((value) => value ?? null))]
  return distinct.length === 1 ? (distinct[0] ?? null) : distinct
}

function textAttribute({ attributes }: Trace, name: string): string | undefined {
  const value = attributes[name]
  return typeof value === 'string' ? value : undefined
}

function sumOf(traces: readonly Trace[], number: (trace: Trace) => number): number {
  return traces.reduce((sum, trace) => sum + number(trace), 0)
}
