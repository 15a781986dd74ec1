import { defined } from '../lib/defined.ts'
import { byCodeUnit } from '../lib/json.ts'
import type { JudgeStanding } from '../schema/calibration.ts'
import { metricOf } from '../schema/metric.ts'
import { type CaseReport, type NamedPool, type Report, reportVersion } from '../schema/report.ts'
import type { Baseline, Run, Tallies, Trial } from '../schema/run.ts'
import type { Score } from '../schema/score.ts'
import type { Verdict } from '../schema/verdict.ts'
import {
  consumption,
  fidelityOf,
  meanShare,
  metricStats,
  missesOf,
  outcomeCounts,
  runStats,
  statsBy,
} from './summarize.ts'
import { judgesOf } from './judges.ts'
import { whatIfOf } from './what-if-words.ts'

export interface ReportParts {
  readonly run: Run
  /** The file of its eval. */
  readonly evalFile?: string | undefined
  readonly trials: Iterable<Trial>
  readonly verdict?: Verdict | undefined
  /** What the run was compared with, and where that came from: a file or a run's name. */
  readonly baseline?: (Tallies & Partial<Pick<Baseline, 'accepted'>>) | undefined
  readonly baselineName?: string | undefined
  /** What stands in `baseline` beside what was accepted. */
  readonly pool?: NamedPool | undefined
  /** Version of evalkit. */
  readonly evalkit?: string | undefined
  /** The primary metric. */
  readonly metric: string
  /** `record` is kept only where it helps: calls were missed, and no model was live. */
  readonly commands?: Report['commands']
  /** How judges stand, by the name of their score. */
  readonly standings?: ReadonlyMap<string, JudgeStanding> | undefined
}

/** Everything a reporter may print of a run. The same parts give the same report, in whatever order trials come. */
export function buildReport(parts: ReportParts): Report {
  const { run, verdict, baseline, baselineName, metric } = parts
  const trials = [...parts.trials].sort((a, b) => byCodeUnit(a.case, b.case) || a.trial - b.trial)
  const { id, name, startedAt, finishedAt } = run
  return {
    schemaVersion: reportVersion,
    eval: run.eval,
    ...defined({ evalFile: parts.evalFile }),
    dataset: run.dataset,
    mode: run.mode,
    hashes: run.hashes,
    versions: run.versions,
    metric,
    stats: runStats(trials, metric),
    byCategory: statsBy(trials, metric, ({ category }) => (category === undefined ? [] : [category])),
    byTag: statsBy(trials, metric, ({ tags }) => tags),
    metrics: metricStats(trials),
    ...defined({ judges: judgesOf(trials, parts.standings) }),
    outcomes: outcomeCounts(trials),
    fidelity: fidelityOf(trials),
    ...defined({ whatIf: run.whatIf && whatIfOf(run.whatIf, trials) }),
    misses: missesOf(trials),
    ...consumption(trials),
    ...(verdict === undefined ? {} : { verdict }),
    ...(baselineName === undefined ? {} : { baseline: baselineName }),
    ...defined({ baselineOf: baseline && standOf(baseline), pool: parts.pool, evalkit: parts.evalkit }),
    cases: caseReports(trials, metric, baseline),
    commands: commandsThatHelp(parts.commands ?? {}, run, trials),
    run: {
      id,
      name,
      startedAt,
      ...(finishedAt === undefined ? {} : { finishedAt, ...duration(startedAt, finishedAt) }),
    },
  }
}

function standOf({
  run,
  mode,
  hashes,
  versions,
  accepted,
}: NonNullable<ReportParts['baseline']>): NonNullable<Report['baselineOf']> {
  return { run, mode, hashes, versions, ...defined({ accepted }) }
}

function caseReports(trials: readonly Trial[], metric: string, baseline: Tallies | undefined): CaseReport[] {
  const before = new Map(baseline?.cases.map((tally) => [tally.case, tally]))
  const byCase = new Map<string, Trial[]>()
  for (const trial of trials) {
    const known = byCase.get(trial.case)
    if (known === undefined) byCase.set(trial.case, [trial])
    else known.push(trial)
  }
  return [...byCase].map(([id, own]) => {
    const [first] = own
    const tally = before.get(id)
    // A case that was edited is another case: its old mean says nothing about it.
    const same = tally !== undefined && own.every(({ caseHash }) => caseHash === tally.hash)
    const tallied = same ? tally.metrics[metric] : undefined
    const values = own.map((trial) => metricOf(trial, metric)).filter((worth) => 'value' in worth)
    return {
      case: id,
      ...(first?.category === undefined ? {} : { category: first.category }),
      tags: [...(first?.tags ?? [])],
      ...(values.length === 0
        ? {}
        : { mean: values.reduce((sum, { value }) => sum + value, 0) / values.length }),
      ...(tallied === undefined || tallied.n === 0 ? {} : { baseline: tallied.sum / tallied.n }),
      ...(same ? { before: tally.metrics } : {}),
      fidelity: meanShare(own),
      trials: own.map(trialReport),
    }
  })
}

/** A judge that nobody asked, and nobody recorded. */
function isUnrecorded({ source, status, reason = '' }: Score): boolean {
  return source === 'judge' && status === 'unscored' && reason.startsWith('not recorded')
}

/** Where a model is live already, running it once more records no tool that was missed. */
function commandsThatHelp(
  { record, judge, ...others }: Report['commands'],
  { mode }: Run,
  trials: readonly Trial[],
): Report['commands'] {
  const helps = record !== undefined && mode.llm === 'recorded' && missesOf(trials) > 0
  const asks = judge !== undefined && trials.some(({ scores }) => scores.some(isUnrecorded))
  return { ...others, ...(helps ? { record } : {}), ...(asks ? { judge } : {}) }
}

function trialReport({
  run: _run,
  caseHash: _hash,
  cluster: _cluster,
  category: _category,
  tags: _tags,
  ...rest
}: Trial): CaseReport['trials'][number] {
  return rest
}

/** Wall time in ms; absent where the times cannot be read. */
function duration(startedAt: string, finishedAt: string): { durationMs?: number } {
  const durationMs = Date.parse(finishedAt) - Date.parse(startedAt)
  return Number.isFinite(durationMs) && durationMs >= 0 ? { durationMs } : {}
}
