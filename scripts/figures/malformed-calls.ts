import { callsAsked } from '../../src/score/asked-calls.ts'
import { wellFormedCalls } from '../../src/score/checks/index.ts'
import { score } from '../../src/score/score.ts'
import { type Figures, rounded, type Section } from './figures.ts'
import { importedFiles } from './imported.ts'
import { subjectOfTrace } from './subject-of-trace.ts'

const none = { malformed: 0, 'runs with one': 0, rate: 0 }

/**
 * Malformed calls in real runs. Their number stands in EXPECTED.json, too (`tool_calls_with_unparsable_json_arguments`);
 * the rate is what the check says: one minus its mean over the runs.
 */
export const malformedCalls: Section = {
  name: 'malformed-calls',
  expected: {
    'agentverify-retail-tool-calling-with-preconditions.json': {
      calls: 876,
      malformed: 99,
      'runs with one': 55,
      rate: 0.0929,
    },
    'agentverify-retail-tool-calling.json': { calls: 793, ...none },
    'gpt-4o-airline.json': { calls: 1164, ...none },
  },
  async compute(directory) {
    const figures: Record<string, Figures> = {}
    for await (const { path, traces } of importedFiles(directory, 'tau-bench/trajectories')) {
      const subjects = traces.map((trace) => subjectOfTrace(trace))
      const calls = subjects.flatMap(({ outcome }) => callsAsked(outcome))
      const scores = await Promise.all(subjects.map((subject) => score(subject, [wellFormedCalls()])))
      const values = scores.flat().flatMap((one) => (one.status === 'scored' ? [one.value] : []))
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      figures[path.replace(/^.*\//, '')] = {
        calls: calls.length,
        malformed: calls.filter(({ malformed }) => malformed === true).length,
        'runs with one': values.filter((value) => value < 1).length,
        rate: rounded(1 - mean, 4),
      }
    }
    return figures
  },
}
