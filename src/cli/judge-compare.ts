import { shellWord } from '../lib/shell-word.ts'
import { showJudgeComparison } from '../report/show-judges.ts'
import { compareJudges, type JudgedBy } from '../run/calibrate.ts'
import { judgeLabels } from '../run/judge-labels.ts'
import { readJudgements } from '../run/judgements-file.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { JudgementLine } from '../schema/judgement.ts'
import type { LabelSplit } from '../schema/label.ts'
import { type Io, outJson } from './io.ts'
import { judgesAsked, type JudgeFlags, openVerdicts } from './judge-verdicts.ts'
import { type FoundJudge, judgeNamed, judgesIn } from './judges.ts'
import { answersIn, type JudgesLabels, labelsOf, outcomesOf, splitAsked } from './labelled.ts'
import type { CommonOptions, Project } from './project.ts'

export interface CompareOptions extends CommonOptions, JudgeFlags {
  readonly eval?: string
  readonly labels?: string
  readonly labelsOf?: string
  readonly split?: string
}

/** Sets judges side by side on the labels of one of them. */
export async function compareNamed(
  io: Io,
  project: Project,
  names: readonly string[],
  options: CompareOptions,
): Promise<void> {
  const split = splitAsked(options.split) ?? 'test'
  const { live, spendUsd } = judgesAsked(io, options, project.config.policy.spend?.usd)
  const known = await judgesIn(project, options.eval)
  const judges = names.map((name) => judgeNamed(known, name))
  if (new Set(judges.map(({ check }) => check)).size < judges.length || judges.length < 2) {
    throw new EvalkitError('EVK_USAGE', 'A comparison takes two judges or more, each once.')
  }
  const { of, labels } = await labelsAsked(project, judges, known, split, options)
  const outcomes = await outcomesOf(project, of)
  const more = await otherLines(project, judges)
  const command = `evalkit judge compare ${names.map(shellWord).join(' ')} --judges live`
  const judged: JudgedBy[] = []
  for (const { loaded, check } of judges) {
    const verdicts = await openVerdicts(io, project, loaded.eval.name, {
      live,
      spendUsd,
      command,
      answers: answersIn(labels.all),
      more,
    })
    try {
      judged.push({
        name: judges.some((one) => one.check !== check && one.check.name === check.name)
          ? `${loaded.eval.name}/${check.name}`
          : check.name,
        model: check.judge.models.map(({ model }) => model).join(', '),
        fingerprint: check.judge.fingerprint,
        judged: await judgeLabels(labels.holding, {
          check,
          judging: verdicts.judging,
          recorded: verdicts.recorded,
          outcomes,
        }),
      })
    } finally {
      await verdicts.close()
    }
  }
  const comparison = compareJudges(of.check.name, split, judged)
  if (options.json === true) outJson(io, { comparison })
  else io.out(showJudgeComparison(comparison, io.style))
}

/** The labels of the judge that was named for it; else of the first that has any. Throws `EVK_LABELS_TOO_FEW` where none has. */
async function labelsAsked(
  project: Project,
  judges: readonly FoundJudge[],
  known: readonly FoundJudge[],
  split: LabelSplit,
  options: CompareOptions,
): Promise<{ readonly of: FoundJudge; readonly labels: JudgesLabels }> {
  const candidates = options.labelsOf === undefined ? judges : [judgeNamed(known, options.labelsOf)]
  for (const of of candidates) {
    const labels = await labelsOf(project, of, split, options.labels)
    if (labels.holding.length > 0) return { of, labels }
  }
  const names = candidates.map(({ check }) => `"${check.name}"`).join(', ')
  throw new EvalkitError('EVK_LABELS_TOO_FEW', `There is no label of the ${split} split for ${names}.`)
}

/** Verdicts of all evals the judges stand in: a judge may have been asked in another one's. */
async function otherLines(
  { config, path }: Project,
  judges: readonly FoundJudge[],
): Promise<readonly JudgementLine[]> {
  const lines: JudgementLine[] = []
  for (const name of new Set(judges.map(({ loaded }) => loaded.eval.name))) {
    const shownAs = `${config.evals}/${name}.judgements.jsonl`
    lines.push(...(await readJudgements(path(shownAs), shownAs)).lines)
  }
  return lines
}
