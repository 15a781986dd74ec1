import { canonicalJson } from '../../src/lib/json.ts'
import type { Trace } from '../../src/schema/trace.ts'
import { type Figures, type NamedFigures, rounded, type Section } from './figures.ts'
import { importedFiles, type ToolSpan, toolSpans } from './imported.ts'

const crossTrial =
  'gpt-4o-airline cross-trial replay (fixtures of trial i, calls of trial j, each fixture used once, all ordered pairs)'

/** How well recordings can serve calls: repeats within a run, and the calls of one trial from another's. */
export const replayFixtures: Section = {
  name: 'replay-fixtures',
  async compute(directory) {
    const figures: Record<string, Figures> = {}
    for (const folder of ['tau-bench/trajectories', 'tau2/simulations']) {
      for await (const { path, traces } of importedFiles(directory, folder)) {
        figures[path] = repeats(traces)
        if (path.endsWith('gpt-4o-airline.json')) figures[crossTrial] = crossTrialHits(traces)
      }
    }
    return figures
  },
}

/** Calls a run makes again with the same arguments, against the latest earlier result. */
export function repeats(traces: readonly Trace[]): NamedFigures {
  let repeated = 0
  let changed = 0
  let runsChanged = 0
  for (const trace of traces) {
    const latest = new Map<string, string>()
    const before = changed
    for (const call of toolSpans([trace])) {
      const key = keyOf(call)
      const result = canonicalJson(call.reply?.response)
      const earlier = latest.get(key)
      if (earlier !== undefined) {
        repeated++
        if (earlier !== result) changed++
      }
      latest.set(key, result)
    }
    if (changed > before) runsChanged++
  }
  return {
    tool_calls: toolSpans(traces).length,
    repeated_same_name_and_args_in_run: repeated,
    of_those_result_changed: changed,
    runs_with_a_changed_repeat: runsChanged,
  }
}

/** How many calls of one trial find a recorded one in another trial of its task, each recorded call used once. */
export function crossTrialHits(traces: readonly Trace[]): NamedFigures {
  const totals = { pairs: 0, calls: 0, exact: 0, named: 0, served: 0 }
  for (const runs of Map.groupBy(traces, ({ task }) => task?.id).values()) {
    for (const recorded of runs) {
      for (const asking of runs) {
        if (recorded === asking) continue
        const fixtures = toolSpans([recorded])
        const calls = toolSpans([asking])
        const exact = inCommon(fixtures.map(keyOf), calls.map(keyOf))
        totals.pairs++
        totals.calls += calls.length
        totals.exact += exact
        // "Used once" holds for the exact hits only. EXPECTED.json does not define its tool_name_hits; asking whether
        // the recording has the tool at all gives its 2643, using each recorded call once would give 2314.
        const names = new Set(fixtures.map(({ name }) => name))
        totals.named += calls.filter(({ name }) => names.has(name)).length
        if (exact === calls.length) totals.served++
      }
    }
  }
  return {
    pairs: totals.pairs,
    calls: totals.calls,
    exact_name_and_args_hits: totals.exact,
    hit_rate: rounded(totals.exact / totals.calls),
    tool_name_hits: totals.named,
    pairs_fully_served: totals.served,
  }
}

/** The identity of a call: its name and its arguments, whatever order their keys came in. */
function keyOf({ request }: ToolSpan): string {
  return canonicalJson([request.name, request.arguments])
}

/** Size of the intersection of two bags. */
function inCommon(bag: readonly string[], wanted: readonly string[]): number {
  const left = new Map<string, number>()
  for (const key of bag) left.set(key, (left.get(key) ?? 0) + 1)
  let found = 0
  for (const key of wanted) {
    const there = left.get(key) ?? 0
    if (there === 0) continue
    left.set(key, there - 1)
    found++
  }
  return found
}
