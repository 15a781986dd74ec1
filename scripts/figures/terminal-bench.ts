import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { variance } from '../../src/lib/stats/index.ts'
import { runStats } from '../../src/report/summarize.ts'
import { metricOf, successMetric } from '../../src/schema/metric.ts'
import type { RunStats } from '../../src/schema/report.ts'
import type { Trial } from '../../src/schema/run.ts'
import { counts, type Figures, type NamedFigures, rounded, type Section } from './figures.ts'

/** A trial of Terminal-Bench, as far as figures need it. `is_resolved` is null where its tests did not run or parse. */
const outcome = z.object({
  run: z.string(),
  id: z.string().nullable(),
  trial_name: z.string(),
  task_id: z.string(),
  is_resolved: z.boolean().nullable(),
  failure_mode: z.string().nullable(),
  total_input_tokens: z.number().nullable(),
})
type Outcome = z.infer<typeof outcome>

/** What a trial without an outcome is: by the official rule it is not resolved, by ours nobody knows. */
type NullIs = 'not resolved' | 'unscored'

const folder = 'terminal-bench'

/** Outcomes of eight agents on 80 tasks, five trials each, by the official rule. */
export const terminalBench: Section = {
  name: 'terminal-bench',
  compute: (directory) => byFile(directory, officialFigures),
}

/**
 * The same by our rule: a trial without an outcome is unscored, so pass^k reaches only as far as every task has scored trials, and a
 * task that was never scored is in no mean. Expected are values of an independent computation. The rows that one file holds twice
 * are named.
 */
export const terminalBenchUnscored: Section = {
  name: 'terminal-bench-unscored',
  expected: {
    '20250711_openhands_claude-4-sonnet': ours(17, 0, 0.430809, [0.421875], [0.421875]),
    '20250825_swe-agent-mini_claude-4-sonnet': {
      ...ours(150, 4, 0.204, [0.174342], [0.174342]),
      copied: {
        rows: 80,
        from: '2025-08-15__16-23-45',
        to: '2025-08-15__19-28-24/2025-08-15__16-23-45',
        first: 'play-zork.1-of-1.2025-08-15__16-23-45',
        last: 'vim-terminal-task.1-of-1.2025-08-15__16-23-45',
      },
    },
    '20250829_goose_claude-4-sonnet': ours(14, 0, 0.427461, [0.42375], [0.42375]),
    '20250902_orchestrator_claude-4-sonnet': ours(29, 1, 0.38814, [0.393249], [0.393249]),
    '20250906_orchestrator_claude-4.1-opus': ours(18, 1, 0.41623, [0.414557], [0.414557]),
    '20250923_droid_claude-4-1-opus': ours(9, 1, 0.601023, [0.605063, 0.550633], [0.605063, 0.659494]),
    '20250923_droid_claude-4-sonnet': ours(11, 1, 0.51928, [0.521519], [0.521519]),
    'ob1-09-10-25': ours(38, 2, 0.627072, [0.612179], [0.612179]),
  },
  async compute(directory) {
    const figures = await byFile(directory, unscoredFigures)
    const short = (path: string): string => path.slice(folder.length + 1).replace('.outcomes.jsonl', '')
    return Object.fromEntries(Object.entries(figures).map(([path, of]) => [short(path), of]))
  },
}

/** Rows that stand twice in a file, each as the later one: a trial that was copied is one observation. */
export function copiedRows(rows: readonly Outcome[]): { readonly of: Outcome; readonly copy: Outcome }[] {
  const first = new Map<string, Outcome>()
  return rows.flatMap((row) => {
    const of = first.get(keyOf(row))
    if (of === undefined) first.set(keyOf(row), row)
    return of === undefined ? [] : [{ of, copy: row }]
  })
}

async function byFile(
  directory: string,
  figuresOf: (rows: readonly Outcome[]) => NamedFigures,
): Promise<Record<string, Figures>> {
  const names = (await readdir(join(directory, folder))).filter((name) => name.endsWith('.jsonl'))
  const figures: Record<string, Figures> = {}
  for (const name of names.toSorted()) {
    const text = await readFile(join(directory, folder, name), 'utf8')
    const rows = text.split('\n').filter((line) => line !== '')
    figures[`${folder}/${name}`] = figuresOf(rows.map((line) => outcome.parse(JSON.parse(line))))
  }
  return figures
}

function officialFigures(rows: readonly Outcome[]): NamedFigures {
  const single = withoutCopies(rows)
  const trials = trialsOf(single, 'not resolved')
  const stats = runStats(trials, successMetric)
  const passes = [...Map.groupBy(trials, (trial) => trial.case).values()].map((of) => ({
    trials: of.length,
    passed: of.filter((one) => isPass(one)).length,
  }))
  const runs = [...Map.groupBy(single, ({ run }) => run)].map(
    ([name, of]) => [name, of.filter((row) => row.is_resolved === true).length / of.length] as const,
  )
  const means = runs.map(([, share]) => share)
  return {
    rows: rows.length,
    rows_with_duplicate_id: copiedRows(rows).length,
    runs: runs.length,
    tasks: stats.cases,
    trials_per_task: [...new Set(passes.map((task) => task.trials))],
    accuracy: rounded(stats.passRate?.rate),
    accuracy_per_run: Object.fromEntries(runs.map(([name, share]) => [name, rounded(share)])),
    standard_error_of_run_means: means.length < 2 ? null : rounded(Math.sqrt(variance(means) / means.length)),
    pass_hat_k: roundedAll(stats.passHatK),
    pass_at_k: roundedAll(stats.passAtK),
    always_pass_tasks: passes.filter((task) => task.passed === task.trials).length,
    never_pass_tasks: passes.filter((task) => task.passed === 0).length,
    flaky_tasks: passes.filter((task) => task.passed > 0 && task.passed < task.trials).length,
    failure_modes: counts(rows.map((row) => row.failure_mode ?? 'null')),
    total_input_tokens: rows.reduce((sum, row) => sum + (row.total_input_tokens ?? 0), 0),
  }
}

function unscoredFigures(rows: readonly Outcome[]): NamedFigures {
  const trials = trialsOf(withoutCopies(rows), 'unscored')
  const stats = runStats(trials, successMetric)
  const scored = new Set(trials.filter((trial) => trial.status === 'completed').map((trial) => trial.case))
  return {
    ...statsFigures(stats, stats.cases - scored.size),
    ...copiesIn(rows),
  }
}

function statsFigures({ unscored, passRate, passHatK, passAtK }: RunStats, never: number): NamedFigures {
  return {
    unscored,
    tasks_never_scored: never,
    pass_rate: rounded(passRate?.rate),
    pass_hat_k: roundedAll(passHatK),
    pass_at_k: roundedAll(passAtK),
  }
}

function copiesIn(rows: readonly Outcome[]): NamedFigures {
  const copies = copiedRows(rows)
  const [first, last] = [copies[0], copies.at(-1)]
  if (first === undefined || last === undefined) return {}
  const runsOf = (side: 'of' | 'copy'): string => [...new Set(copies.map((one) => one[side].run))].join(', ')
  return {
    copied: {
      rows: copies.length,
      from: runsOf('of'),
      to: runsOf('copy'),
      first: first.copy.trial_name,
      last: last.copy.trial_name,
    },
  }
}

function ours(
  unscored: number,
  never: number,
  rate: number,
  hat: readonly number[],
  at: readonly number[],
): NamedFigures {
  const byK = (values: readonly number[]) =>
    Object.fromEntries(values.map((value, index) => [String(index + 1), value]))
  return {
    unscored,
    tasks_never_scored: never,
    pass_rate: rate,
    pass_hat_k: byK(hat),
    pass_at_k: byK(at),
  }
}

function withoutCopies(rows: readonly Outcome[]): readonly Outcome[] {
  const copies = new Set(copiedRows(rows).map(({ copy }) => copy))
  return rows.filter((row) => !copies.has(row))
}

/** Some agents have no ids: there the trial's name is its own. */
function keyOf({ id, trial_name: name }: Outcome): string {
  return id ?? name
}

function trialsOf(rows: readonly Outcome[], nullIs: NullIs): Trial[] {
  const trials = new Map<string, number>()
  return rows.map(({ task_id: id, is_resolved: resolved }) => {
    const trial = trials.get(id) ?? 0
    trials.set(id, trial + 1)
    const base = { run: 'run', case: id, caseHash: 'h', trial, tags: [], divergences: [], durationMs: 0 }
    const fidelity = { share: 1, steps: 0, counts: {} }
    if (resolved === null && nullIs === 'unscored')
      return { ...base, fidelity, status: 'aborted', reason: 'no outcome', scores: [] }
    const passed = resolved === true
    const score = { name: 'resolved', source: 'check', gating: true, status: 'scored' } as const
    return { ...base, fidelity, status: 'completed', scores: [{ ...score, value: Number(passed), passed }] }
  })
}

function isPass(trial: Trial): boolean {
  const worth = metricOf(trial, successMetric)
  return 'value' in worth && worth.passed
}

function roundedAll(values: Readonly<Record<string, number>>): NamedFigures {
  return Object.fromEntries(Object.entries(values).map(([k, value]) => [k, rounded(value)]))
}
