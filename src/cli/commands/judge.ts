import { Command } from 'commander'
import { showJudges } from '../../report/show-judges.ts'
import { calibrationFor, readCalibrations } from '../../run/calibrations-file.ts'
import { recordedCount } from '../../run/judge-labels.ts'
import { policyOf } from '../../run/define-eval.ts'
import { type Demanded, standingsOf, uncalibrated } from '../../run/judge-standings.ts'
import { readJudgements } from '../../run/judgements-file.ts'
import { newestLabels, readLabels } from '../../run/labels-file.ts'
import type { CalibrationsFile } from '../../schema/calibration.ts'
import type { ListedJudge } from '../../schema/calibration-report.ts'
import type { Label } from '../../schema/label.ts'
import { type Io, outJson } from '../io.ts'
import { type CalibrateOptions, calibrateJudge } from '../judge-calibrate.ts'
import { compareNamed, type CompareOptions } from '../judge-compare.ts'
import { type FoundJudge, judgesIn } from '../judges.ts'
import { type CommonOptions, type Project, withCommonOptions, withProject } from '../project.ts'

export function command(io: Io): Command {
  return new Command('judge')
    .description('Judges as instruments: what they are, how good they are, which is better.')
    .addCommand(list(io))
    .addCommand(calibrate(io))
    .addCommand(compare(io))
    .addHelpText('after', '\nExample:\n  evalkit judge list\n  evalkit judge calibrate accuracy --accept')
}

interface ListOptions extends CommonOptions {
  readonly eval?: string
}

function list(io: Io): Command {
  return withCommonOptions(
    new Command('list')
      .description(
        'The judges of all evals: model, fingerprint, what each may do, its labels and recorded verdicts.',
      )
      .option('--eval <name>', 'only the judges of this eval'),
  )
    .addHelpText('after', '\nExample:\n  evalkit judge list --eval support')
    .action((options: ListOptions) =>
      withProject(io, options, async (project) => {
        const judges = await listed(io, project, options.eval)
        if (options.json === true) outJson(io, { judges })
        else io.out(showJudges(judges, io.style))
      }),
    )
}

function calibrate(io: Io): Command {
  return withJudgeFlags(
    withCommonOptions(
      new Command('calibrate')
        .description(
          'Measures a judge on the labels of people: how often it passes what they pass (TPR) and fails what they fail ' +
            '(TNR), what it may do because of that, and where it is wrong.',
        )
        .argument('<judge>', 'the judge, by its score’s name; <eval>/<judge> where several evals have one')
        .option('--eval <name>', 'the eval it stands in')
        .option('--labels <file>', 'labels (default: evals/<eval>.labels.jsonl)')
        .option(
          '--labels-of <judge>',
          'whose labels, where another one was asked the same (default: its own)',
        )
        .option('--split <split>', 'dev, to work on a prompt: it does not count (default: test)')
        .option('--accept', 'file it in evals/calibrations.json and evals/decisions.jsonl; not in CI')
        .option('--reason <text>', 'with --accept: why; it stands in the decisions log for ever'),
    ),
  )
    .addHelpText(
      'after',
      '\nExample:\n  evalkit judge calibrate accuracy\n  evalkit judge calibrate accuracy --accept',
    )
    .action((name: string, options: CalibrateOptions) =>
      withProject(io, options, (project) => calibrateJudge(io, project, name, options)),
    )
}

function compare(io: Io): Command {
  return withJudgeFlags(
    withCommonOptions(
      new Command('compare')
        .description('Sets judges, or prompts, side by side on the labels all of them have a verdict on.')
        .argument('<judge...>', 'two or more, by name or as <eval>/<judge>')
        .option('--eval <name>', 'the eval they stand in')
        .option('--labels <file>', 'labels (default: evals/<eval>.labels.jsonl)')
        .option('--labels-of <judge>', 'whose labels (default: the first that has any)')
        .option('--split <split>', 'train, dev or test (default: test)'),
    ),
  )
    .addHelpText('after', '\nExample:\n  evalkit judge compare accuracy accuracy-strict --labels-of accuracy')
    .action((names: readonly string[], options: CompareOptions) =>
      withProject(io, options, (project) => compareNamed(io, project, names, options)),
    )
}

function withJudgeFlags(of: Command): Command {
  return of
    .option('--judges <mode>', 'recorded (default), or live: ask for what is not recorded, and record it')
    .option('--spend <usd>', 'with live judges: stop before more is spent')
}

async function listed(
  io: Io,
  project: Project,
  evalName: string | undefined,
): Promise<readonly ListedJudge[]> {
  const today = new Date(io.now()).toISOString().slice(0, 10)
  const { config, path } = project
  const found = await judgesIn(project, evalName)
  const shownAs = `${config.evals}/calibrations.json`
  const calibrations = readCalibrations(path(shownAs), shownAs)
  const judges: ListedJudge[] = []
  for (const one of found) {
    const { name } = one.loaded.eval
    const labels = `${config.evals}/${name}.labels.jsonl`
    const judgements = `${config.evals}/${name}.judgements.jsonl`
    const { lines } = await readJudgements(path(judgements), judgements)
    judges.push({
      ...factsOf(one, calibrations, {
        demand: policyOf(one.loaded.eval.gate, config.policy).judges,
        today,
      }),
      labels: countsOf(await readLabels(path(labels), labels), one.check.name),
      recorded: recordedCount(lines, one.check.judge),
    })
  }
  return judges
}

function factsOf(
  { loaded, check }: FoundJudge,
  calibrations: CalibrationsFile,
  demanded: Demanded,
): Omit<ListedJudge, 'labels' | 'recorded'> {
  const { name, gating, judge } = check
  const { name: of } = loaded.eval
  const calibration = calibrationFor(calibrations, judge)
  const { advisory, refused } = standingsOf(of, [check], calibrations, demanded)
  const why =
    calibration === undefined
      ? uncalibrated(judge, of, name, calibrations)
      : (advisory[0]?.why ?? calibration.why.join(' '))
  return {
    eval: of,
    judge: name,
    kind: judge.kind,
    models: judge.models.map(({ model }) => model),
    fingerprint: judge.fingerprint,
    criterion: judge.criterion,
    gating,
    standing: refused.length > 0 ? 'advisory' : (calibration?.standing ?? 'uncalibrated'),
    why,
  }
}

function countsOf(labels: readonly Label[], judge: string): ListedJudge['labels'] {
  const own = newestLabels(labels).filter((one) => one.judge === judge)
  return {
    pass: own.filter(({ label }) => label === 'pass').length,
    fail: own.filter(({ label }) => label === 'fail').length,
    test: own.filter(({ split }) => split === 'test').length,
  }
}
