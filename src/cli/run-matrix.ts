import type { LoadedEval } from '../config/load.ts'
import { readToolsFile, toolsKnownTo } from '../config/tools-file.ts'
import type { MatrixColumn } from '../replay/faults/matrix.ts'
import { showMatrix } from '../report/show-faults.ts'
import { policyOf } from '../run/define-eval.ts'
import { executeMatrix, type TrialMatrix } from '../run/execute.ts'
import { planRun, trialCount } from '../run/plan.ts'
import { byCodeUnit } from '../lib/json.ts'
import { oneLine } from '../lib/text.ts'
import { EvalkitError } from '../schema/errors.ts'
import { datasetOf, fixturesOf, warnOfGuesses } from './eval-inputs.ts'
import { worstExit } from './exit.ts'
import { type Io, outJson } from './io.ts'
import { budgetOfModels, openModels } from './modes.ts'
import { progressOf } from './progress.ts'
import type { Project } from './project.ts'
import { redactorOf } from './redactor.ts'
import { exitOfWords, quoted } from './replay-faults.ts'
import type { RunSettings } from './run-eval.ts'

export interface MatrixSettings extends Omit<RunSettings, 'name' | 'whatIf'> {
  readonly columns: readonly MatrixColumn[]
  readonly json: boolean
}

/**
 * Plays each call of a dataset's recordings with each fault, and prints one matrix for each eval. Nothing is kept: a cell is
 * told with the command that plays it again. Gives the exit code of `replay --faults`.
 */
export async function runMatrix(
  io: Io,
  project: Project,
  loaded: readonly LoadedEval[],
  settings: MatrixSettings,
): Promise<number> {
  const codes: number[] = []
  const documents: object[] = []
  for (const one of loaded) {
    const { matrices, left } = await matricesOf(io, project, one, settings)
    const cells = matrices.flatMap((matrix) => matrix.cells)
    const undecided = matrices.flatMap(({ case: of, trial, clean: { status, reason = '' } }) =>
      status === 'aborted' ? [{ case: of, trial, reason }] : [],
    )
    const cancelled = io.signal.aborted
    codes.push(cancelled ? 4 : exitOfWords(cells.map(({ verdict }) => verdict.word)))
    const { eval: of, file } = one
    if (settings.json) {
      documents.push({
        eval: of.name,
        trials: matrices.length,
        withoutRecording: left,
        undecided,
        cells,
        cancelled,
      })
      continue
    }
    const count = new Set(matrices.map((matrix) => matrix.case)).size
    const title = `faults on ${of.name}: ${count} ${count === 1 ? 'case' : 'cases'}${cancelled ? ', cut short' : ''}`
    io.out(
      showMatrix(
        title,
        cells,
        io.style,
        ({ rule, case: id = '' }) => `evalkit run ${file} --case ${id} --fault ${quoted(rule)}`,
      ),
    )
    if (left > 0) io.out(`${left} without a recording: nothing can be put in\n`)
    for (const { case: id, trial, reason } of undecided.slice(0, mostTold)) {
      io.out(`${id}, trial ${trial}, is not reproduced without faults: ${oneLine(reason, 300)}\n`)
    }
    if (undecided.length > mostTold) io.out(`and ${undecided.length - mostTold} more; --json lists all\n`)
  }
  if (settings.json) outJson(io, { matrices: documents, exit: worstExit(codes) })
  return worstExit(codes)
}

/** Trials that are told of one by one. */
const mostTold = 10

async function matricesOf(
  io: Io,
  project: Project,
  { eval: of, file }: LoadedEval,
  settings: MatrixSettings,
): Promise<{ readonly matrices: readonly TrialMatrix[]; readonly left: number }> {
  const { config, path } = project
  const policy = policyOf(settings.policy, of.gate, config.policy)
  const dataset = await datasetOf(project, of.name, of.dataset, file)
  const fixtures = await fixturesOf(project, dataset)
  const known = toolsKnownTo(readToolsFile(path(config.tools), config.tools))
  const { mode } = settings.modes
  const plan = planRun(of, dataset, fixtures, { ...settings, metric: policy.metric, mode, known, whatIf: {} })
  warnOfGuesses(io, config.tools, fixtures, known)
  const models = await openModels(
    io,
    project,
    settings.modes,
    await budgetOfModels(io, settings.modes, policy.spend?.usd),
  )
  const progress = progressOf(io, of.name, trialCount(plan), 0)
  const matrices: TrialMatrix[] = []
  try {
    const batches = executeMatrix(
      plan,
      {
        fixtures: path(config.fixtures),
        isDone: () => false,
        signal: io.signal,
        now: io.now,
        redact: redactorOf(io, config).json,
        known,
        models,
      },
      settings.columns,
    )
    for await (const batch of batches) {
      matrices.push(...batch)
      progress.update(matrices.length)
    }
  } finally {
    progress.end()
  }
  if (io.signal.aborted && matrices.length === 0) {
    throw new EvalkitError('EVK_RUN_INTERRUPTED', 'The matrix was stopped before a trial was played.')
  }
  // By case, whatever came first.
  matrices.sort((a, b) => byCodeUnit(a.case, b.case) || a.trial - b.trial)
  return { matrices, left: plan.unfit }
}
