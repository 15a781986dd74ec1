import { inertJson } from '../lib/text.ts'
import { type Report, reportVersion } from '../schema/report.ts'
import { sentenceOf } from './format.ts'
import type { Reporter } from './reporter.ts'

/**
 * One JSON document a line, for what reads as it comes and for what counts lines: a line `type: 'trial'` for each trial,
 * by case and number, then one line `type: 'verdict'`. Where that last line is missing, the text was cut off.
 */
export const jsonl: Reporter = {
  name: 'jsonl',
  description: 'one JSON document a line: every trial, then the verdict',
  wantsTraces: false,
  render: linesOf,
  together: (reports) => reports.map(linesOf).join(''),
}

function linesOf(report: Report): string {
  return `${[...trialsOf(report), verdictOf(report)].map(lineOf).join('\n')}\n`
}

function trialsOf({ eval: name, run, cases }: Report): readonly object[] {
  return cases.flatMap(({ category, tags, trials }) =>
    trials.map((trial) => ({
      schemaVersion: reportVersion,
      type: 'trial',
      eval: name,
      run: run.id,
      category,
      tags,
      ...trial,
    })),
  )
}

/** A run that nothing judged is `not gated`, never silent. */
function verdictOf(report: Report): object {
  const { eval: name, run, metric, stats, outcomes, metrics, baseline, verdict } = report
  return {
    schemaVersion: reportVersion,
    type: 'verdict',
    eval: name,
    run: run.id,
    metric,
    stats,
    outcomes,
    metrics,
    baseline,
    ...(verdict ?? { word: 'not gated', sentence: sentenceOf(report), reasons: [] }),
  }
}

function lineOf(document: object): string {
  return inertJson(JSON.stringify(document))
}
