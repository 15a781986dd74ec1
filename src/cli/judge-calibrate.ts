import { join } from 'node:path'
import { shellWord } from '../lib/shell-word.ts'
import { showCalibration } from '../report/show-calibration.ts'
import { appendDecision } from '../run/baseline-file.ts'
import { calibrate } from '../run/calibrate.ts'
import {
  calibrationFor,
  readCalibrations,
  withCalibration,
  writeCalibrations,
} from '../run/calibrations-file.ts'
import { judgeLabels, unlabelledVerdicts } from '../run/judge-labels.ts'
import { uncalibrated } from '../run/judge-standings.ts'
import { policyOf } from '../run/define-eval.ts'
import type { Calibration } from '../schema/calibration.ts'
import type { CalibrationReport } from '../schema/calibration-report.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Decision } from '../schema/run.ts'
import { instrumentsOf } from '../score/judge/instruments.ts'
import { judgeDoubts, refuseAliases } from '../score/judge/judge-warnings.ts'
import { inCi, type Io, outJson } from './io.ts'
import { judgesAsked, type JudgeFlags, openVerdicts } from './judge-verdicts.ts'
import { type FoundJudge, judgeNamed, judgesIn } from './judges.ts'
import { answersIn, type JudgesLabels, labelsOf, outcomesOf, splitAsked } from './labelled.ts'
import { personOf } from './person.ts'
import type { CommonOptions, Project } from './project.ts'

export interface CalibrateOptions extends CommonOptions, JudgeFlags {
  readonly eval?: string
  readonly labels?: string
  readonly labelsOf?: string
  readonly split?: string
  readonly accept?: boolean
  readonly reason?: string
}

/** Measures a judge on labels, prints what came of it, and files it where it is to be accepted. */
export async function calibrateJudge(
  io: Io,
  project: Project,
  name: string,
  options: CalibrateOptions,
): Promise<void> {
  const split = splitAsked(options.split) ?? 'test'
  refuseAccepting(io, options, split)
  const { live, spendUsd } = judgesAsked(io, options, project.config.policy.spend?.usd)
  const known = await judgesIn(project, options.eval)
  const found = judgeNamed(known, name)
  const of = options.labelsOf === undefined ? found : judgeNamed(known, options.labelsOf)
  warnOfAliases(io, project, found)
  const shownAs = `${project.config.evals}/calibrations.json`
  // A file that cannot be read is said before models are paid.
  const earlier = readCalibrations(project.path(shownAs), shownAs)
  const report = await measured(io, project, found, { of, split, live, spendUsd, file: options.labels })
  const { calibration } = report
  const before = calibrationFor(earlier, calibration)
  const changed =
    before === undefined && earlier.calibrations.some((one) => isOf(one, calibration))
      ? uncalibrated(found.check.judge, calibration.eval, calibration.judge, earlier)
      : undefined

  if (options.accept === true) {
    writeCalibrations(project.path(shownAs), withCalibration(earlier, calibration))
    appendDecision(
      join(project.path(project.config.evals), 'decisions.jsonl'),
      decisionOf(calibration, before, options.reason),
    )
  }
  const accepted = options.accept === true ? shownAs : undefined
  if (options.json === true) {
    outJson(io, {
      report,
      ...(accepted === undefined ? {} : { accepted }),
      ...(changed === undefined ? {} : { changed }),
    })
    return
  }
  io.out(showCalibration(report, io.style))
  if (changed !== undefined && accepted === undefined) io.out(`\nNow ${changed} --accept\n`)
  if (accepted !== undefined)
    io.out(`\nAccepted: ${accepted}. Commit it with ${project.config.evals}/decisions.jsonl.\n`)
  else if (split === 'test') io.out(`\nIt counts once it is accepted: --accept writes ${shownAs}.\n`)
}

interface Measuring {
  /** Whose labels. */
  readonly of: FoundJudge
  readonly split: CalibrationReport['split']
  readonly live: boolean
  readonly spendUsd: number | undefined
  readonly file: string | undefined
}

async function measured(
  io: Io,
  project: Project,
  found: FoundJudge,
  { of, split, live, spendUsd, file }: Measuring,
): Promise<CalibrationReport> {
  const { loaded, check } = found
  const labels = await labelsOf(project, of, split, file)
  refuseOneSided(labels, split, of)
  const outcomes = await outcomesOf(project, of)
  const command = `evalkit judge calibrate ${shellWord(check.name)} --judges live`
  const verdicts = await openVerdicts(io, project, loaded.eval.name, {
    live,
    spendUsd,
    command,
    answers: answersIn(labels.all),
  })
  const asking = { check, judging: verdicts.judging, recorded: verdicts.recorded, outcomes }
  let judged
  try {
    judged = await judgeLabels(labels.holding, asking)
  } finally {
    await verdicts.close()
  }
  const lines = [...verdicts.lines, ...verdicts.judging.added()]
  const { fingerprint, criterion, models } = check.judge
  return calibrate({
    judge: {
      eval: loaded.eval.name,
      judge: check.name,
      fingerprint,
      criterion,
      model: models.map(({ model }) => model).join(', '),
      instruments: [...instrumentsOf(check.judge)],
    },
    split,
    judged,
    labels: labels.all,
    unlabelled: await unlabelledVerdicts(lines, labels.all, asking),
    at: new Date(io.now()).toISOString(),
    by: personOf(io),
  })
}

/** What is measured of a name that stands for another model tomorrow does not hold tomorrow. */
function warnOfAliases(io: Io, { config }: Project, { loaded, check }: FoundJudge): void {
  const doubts = judgeDoubts([check], [])
  if (policyOf(loaded.eval.gate, config.policy).judgeAliases === 'refuse') refuseAliases(doubts)
  for (const doubt of doubts.aliases) io.err(`${doubt}\n`)
}

/** Nothing can be measured without passes, or without fails: that is said before models are paid. */
function refuseOneSided(
  { all, holding, file }: JudgesLabels,
  split: string,
  { loaded, check }: FoundJudge,
): void {
  const words = new Set(holding.map(({ label }) => label))
  if (words.size === 2) return
  const what = words.has('pass') ? 'fail' : words.has('fail') ? 'pass' : 'label'
  const others = all.length - holding.length
  throw new EvalkitError(
    'EVK_LABELS_TOO_FEW',
    `There is no ${what} in the ${split} split for the judge "${check.name}".`,
    {
      at: { file },
      details: [
        `${holding.length} labels of the ${split} split${others === 0 ? '' : `, ${others} of others`}`,
      ],
      hint: `evalkit label ${loaded.eval.name} --judge ${shellWord(check.name)}`,
    },
  )
}

function refuseAccepting(io: Io, { accept, reason }: CalibrateOptions, split: string): void {
  if (accept !== true) {
    if (reason !== undefined) throw new EvalkitError('EVK_USAGE', '--reason goes with --accept.')
    return
  }
  if (inCi(io))
    throw new EvalkitError('EVK_CALIBRATION_IN_CI', 'A calibration is not accepted where CI is set.')
  if (split !== 'test') {
    throw new EvalkitError(
      'EVK_USAGE',
      `The ${split} split does not count: a judge is accepted on test labels.`,
      {
        hint: 'What a prompt was worked on with says nothing about outcomes it was not made for.',
      },
    )
  }
}

function decisionOf(
  { at, by, eval: of, judge, fingerprint, criterion, standing, j }: Calibration,
  before: Calibration | undefined,
  reason: string | undefined,
): Decision {
  return {
    v: 1,
    at,
    by,
    eval: of,
    action: 'calibration-accept',
    judge,
    fingerprint,
    criterion,
    ...(reason === undefined ? {} : { reason }),
    ...(before === undefined ? {} : { before: before.standing }),
    after: standing,
    j,
  }
}

function isOf(one: Calibration, other: Calibration): boolean {
  return one.eval === other.eval && one.judge === other.judge
}
