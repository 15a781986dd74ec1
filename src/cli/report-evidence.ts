import { toolsKnownTo, readToolsFile } from '../config/tools-file.ts'
import { hasFixture, readFixture } from '../dataset/fixture-file.ts'
import { diffTraces } from '../replay/diff/diff-traces.ts'
import { placedCases, trialsByWorth } from '../report/page-order.ts'
import { openJudgementsFile } from '../run/judgements-file.ts'
import { playedRecording, type World, worldIn } from '../run/units.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Judgement } from '../schema/judgement.ts'
import { traceOfRecording } from '../schema/recorded-trace.ts'
import type { Report, ReportEvidence, ReportTraces } from '../schema/report.ts'
import { onTape } from '../schema/run.ts'
import type { Trace } from '../schema/trace.ts'
import { jsonLength } from '../schema/trace-length.ts'
import type { TraceDiff } from '../schema/trace-diff.ts'
import type { Project } from './project.ts'

/** Traces a report shows at the most. */
const mostTraces = 400
/** Characters of JSON of what was gathered, after which no more is: twice what a page has room for. */
const mostCharacters = 40_000_000

/** What is shown of trials step by step. */
export interface Gathered {
  readonly traces: ReportTraces
  readonly evidence: ReportEvidence
}

/**
 * Traces, recordings and verdicts of the trials that are worth a page, most urgent first (`trialsByWorth`), until 400 are
 * gathered or what they hold fills a page twice: a run of any size takes the same memory. What cannot be read any more
 * (a fixture that was removed since) is left out: the verdict does not hang on it.
 */
export async function gatherEvidence(project: Project, report: Report): Promise<Gathered> {
  const traces: Record<string, Trace> = {}
  const recorded: Record<string, { trace: Trace; diff: TraceDiff }> = {}
  const { tools } = project.config
  const known = toolsKnownTo(readToolsFile(project.path(tools), tools))
  const worlds = worldsOf(project, report)
  let left = mostCharacters
  let count = 0
  for (const { found, trial } of trialsByWorth(report, placedCases(report))) {
    if (count >= mostTraces || left <= 0) break
    if (trial.trace === undefined || traces[trial.trace] !== undefined) continue
    const trace = await traceIn(project, trial.trace)
    if (trace === undefined) continue
    count++
    left -= jsonLength(trace)
    traces[trial.trace] = trace
    const recording = worlds(found.case)
    const played = recording && playedRecording(recording, trial.trial, report.mode)
    if (played === undefined) continue
    const before = traceOfRecording(played, report.eval)
    left -= jsonLength(before)
    recorded[trial.trace] = { trace: before, diff: diffTraces(before, trace, known) }
  }
  return { traces, evidence: { recorded, verdicts: await verdictsOf(project, report, traces) } }
}

/** A trace that is in the store: of a run that was put together from elsewhere, traces may have stayed there. */
async function traceIn({ store }: Project, id: string): Promise<Trace | undefined> {
  try {
    return await store.getTrace(id)
  } catch (error) {
    if (EvalkitError.is(error) && error.code === 'EVK_TRACE_NOT_FOUND') return undefined
    throw error
  }
}

/** The world of a case, read again only when another case was asked for in between. */
function worldsOf({ path, config }: Project, report: Report): (caseId: string) => World | undefined {
  const folder = path(config.fixtures)
  let last: { readonly id: string; readonly world: World | undefined } | undefined
  return (id) => {
    if (!onTape(report.mode)) return undefined
    if (last?.id !== id) last = { id, world: readable(() => worldFrom(folder, report.dataset, id)) }
    return last.world
  }
}

function worldFrom(folder: string, dataset: string, id: string): World | undefined {
  return hasFixture(folder, dataset, id) ? worldIn(readFixture(folder, dataset, id).fixture) : undefined
}

/** What judges said in the cases whose steps are shown: verdicts that a score of theirs rests on. */
async function verdictsOf(
  project: Project,
  report: Report,
  traces: ReportTraces,
): Promise<Record<string, Judgement[]>> {
  if (report.judges === undefined) return {}
  const wanted = new Map(
    report.cases.flatMap(({ case: id, trials }) =>
      trials.flatMap(({ trial, trace, scores }) =>
        scores.flatMap(({ name, judged }) =>
          judged === undefined || trace === undefined || traces[trace] === undefined
            ? []
            : [[verdictKey({ judge: name, criterion: judged.criterion, case: id, trial }), judged] as const],
        ),
      ),
    ),
  )
  const shownAs = `${project.config.evals}/${report.eval}.judgements.jsonl`
  const found: Record<string, Judgement[]> = {}
  for (const line of await linesOf(project.path(shownAs), shownAs)) {
    if (line.kind !== 'verdict' || !wanted.has(verdictKey(line))) continue
    const own = (found[line.case] ??= [])
    own.push(line)
  }
  return found
}

function verdictKey({
  judge,
  criterion,
  case: id,
  trial,
}: Pick<Judgement, 'judge' | 'criterion' | 'case' | 'trial'>): string {
  return JSON.stringify([id, trial, judge, criterion])
}

async function linesOf(path: string, shownAs: string) {
  try {
    return (await openJudgementsFile(path, shownAs)).lines
  } catch (error) {
    if (EvalkitError.is(error)) return []
    throw error
  }
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (EvalkitError.is(error)) return undefined
    throw error
  }
}
