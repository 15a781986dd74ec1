import { meanOverCases, passAtK, passHatK, wilson } from '../../src/lib/stats/index.ts'
import type { Trace } from '../../src/schema/trace.ts'
import { counts, type Figures, type NamedFigures, rounded, type Section } from './figures.ts'
import { type ImportedFile, importedFiles, messageCount, pairFigures, passed, toolSpans } from './imported.ts'

const folder = 'tau-bench/trajectories'
const baseline = `${folder}/agentverify-retail-tool-calling.json`
const candidate = `${folder}/agentverify-retail-tool-calling-with-preconditions.json`

export const tauBench: Section = {
  name: 'tau-bench',
  async compute(directory) {
    const figures: Record<string, Figures> = {}
    const compared = new Map<string, readonly Trace[]>()
    for await (const file of importedFiles(directory, folder)) {
      figures[file.path] = figuresOf(file)
      if (file.path === baseline || file.path === candidate) compared.set(file.path, file.traces)
    }
    figures[`compare ${baseline} -> ${candidate}`] = pairFigures(
      compared.get(baseline) ?? [],
      compared.get(candidate) ?? [],
    )
    return figures
  },
}

function figuresOf({ traces, problems }: ImportedFile): NamedFigures {
  const tools = toolSpans(traces)
  const tasks = [...Map.groupBy(traces, ({ task }) => task?.id).values()].map((runs) => ({
    trials: runs.length,
    passed: runs.filter((run) => passed(run)).length,
  }))
  const trials = Math.max(...tasks.map((task) => task.trials))
  const passes = traces.filter((trace) => passed(trace)).length
  const { low, high } = wilson(passes, traces.length)
  const withK = (estimator: typeof passAtK) =>
    Object.fromEntries(
      Array.from({ length: trials }, (_, index) => index + 1).map((k) => [
        String(k),
        rounded(meanOverCases(estimator, tasks, k)),
      ]),
    )
  const empty = problems.filter(({ reason }) => reason.startsWith('the run has no messages'))
  return {
    runs: traces.length + problems.filter(({ action }) => action === 'skipped').length,
    tasks: tasks.length,
    trials_per_task: trials,
    passed: passes,
    pass_hat_k: withK(passHatK),
    pass_at_k: withK(passAtK),
    wilson95_pass_rate: [rounded(low), rounded(high)],
    // The system message is the request's `system` in a trace.
    messages: messageCount(traces) + traces.filter(hasSystem).length,
    tool_calls: tools.length,
    distinct_tools: new Set(tools.map(({ name }) => name)).size,
    tool_results_starting_with_Error: tools.filter(({ reply }) => reply?.isError).length,
    tool_calls_with_unparsable_json_arguments: tools.filter(({ request }) => request.malformed).length,
    tool_calls_without_id: problems.filter(({ reason }) => reason.startsWith('the call has no id')).length,
    runs_with_empty_traj: empty.length,
    runs_with_info_error: traces.filter(({ status }) => status === 'error').length,
    user_cost_sum: rounded(traces.reduce((sum, trace) => sum + userCost(trace), 0)),
    tool_call_histogram: counts(tools.map(({ name }) => name)),
  }
}

function hasSystem({ spans }: Trace): boolean {
  return spans.some((span) => span.kind === 'llm' && span.request.system !== undefined)
}

function userCost({ attributes }: Trace): number {
  const cost = attributes['tau-bench.user_cost']
  return typeof cost === 'number' ? cost : 0
}
