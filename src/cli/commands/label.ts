import { Command } from 'commander'
import { loadEvals } from '../../config/load.ts'
import { readToolsFile, toolsKnownTo } from '../../config/tools-file.ts'
import { defined } from '../../lib/defined.ts'
import { byCodeUnit, canonicalJson } from '../../lib/json.ts'
import { nearestWord } from '../../lib/nearest.ts'
import { shellWord } from '../../lib/shell-word.ts'
import { oneLine } from '../../lib/text.ts'
import { showLabelView } from '../../report/show-label.ts'
import type { JudgeCheck } from '../../run/judge-labels.ts'
import { type KeptOutcomes, keptOutcomes } from '../../run/kept-outcomes.ts'
import {
  type LabelItem,
  type LabelProgress,
  labelProgress,
  labelQueue,
  unlabelled,
} from '../../run/label-queue.ts'
import { newestLabels, putLabel, readLabels } from '../../run/labels-file.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Label, LabelSplit } from '../../schema/label.ts'
import { splitOf } from '../../schema/label-split.ts'
import type { Run, Trial } from '../../schema/run.ts'
import type { Subject } from '../../score/check.ts'
import { gatingNeeds } from '../../score/judge/standing.ts'
import { datasetOf } from '../eval-inputs.ts'
import { type Io, outJson } from '../io.ts'
import { judgesOf } from '../judges.ts'
import { labelDialogue } from '../label-dialogue.ts'
import { splitAsked } from '../labelled.ts'
import { personOf } from '../person.ts'
import { collect, type CommonOptions, type Project, withCommonOptions, withProject } from '../project.ts'

interface Options extends CommonOptions {
  readonly judge?: string
  readonly run?: string
  readonly case?: readonly string[]
  readonly by?: string
  readonly split?: string
  readonly showVerdict?: boolean
  readonly again?: boolean
}

export function command(io: Io): Command {
  return withCommonOptions(
    new Command('label')
      .description(
        'Shows outcomes of a run one by one, and keeps what you say of them in evals/<eval>.labels.jsonl: what a judge is ' +
          'calibrated on. Keys: p pass, f fail, s skip, n note, b back, q quit; without a terminal one answer a line of stdin.',
      )
      .argument('<eval>', 'the eval whose outcomes are labelled')
      .option('--judge <name>', 'the judge whose criterion it is about (default: the only one)')
      .option('--run <run>', 'the run, by id or name (default: the newest finished one of the eval)')
      .option('--case <id>', 'only this case; may be given several times', collect)
      .option('--by <name>', 'who says so (default: as git signs)')
      .option('--split <split>', 'put these labels into train, dev or test (default: by a hash of the case)')
      .option('--show-verdict', 'show first what the judge says; you will agree with it more than you would')
      .option('--again', 'show what has a label, too'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  evalkit label support\n  evalkit label support --judge tone --by Ann',
    )
    .action((evalName: string, options: Options) =>
      withProject(io, options, (project) => labelRun(io, project, evalName, options)),
    )
}

/** An outcome that can be labelled, as far as it is kept in memory. */
interface Item extends LabelItem {
  readonly of: Trial
  readonly tags: readonly string[]
}

async function labelRun(io: Io, project: Project, evalName: string, options: Options): Promise<void> {
  const [loaded] = await loadEvals(project.folder, project.config, [evalName])
  if (loaded === undefined) throw new EvalkitError('EVK_USAGE', 'Which eval? Name it.')
  const check = judgeAsked(judgesOf(loaded), options.judge, loaded.eval.name)
  const split = splitAsked(options.split)
  const by = (options.by ?? personOf(io)).trim()
  if (by === '') throw new EvalkitError('EVK_USAGE', 'A label needs somebody who says so: --by <name>.')
  const shownAs = `${project.config.evals}/${loaded.eval.name}.labels.jsonl`
  const file = project.path(shownAs)
  let labels = await readLabels(file, shownAs)

  const run = await runAsked(project, loaded.eval.name, options.run)
  const dataset = await datasetOf(project, loaded.eval.name, loaded.eval.dataset, loaded.file)
  refuseUnknownCases(
    options.case ?? [],
    dataset.index.map(({ id }) => id),
  )
  const outcomes = await keptOutcomes({
    run,
    dataset,
    fixtures: project.path(project.config.fixtures),
    traceOf: (id) => project.store.getTrace(id),
    known: toolsKnownTo(readToolsFile(project.path(project.config.tools), project.config.tools)),
  })
  const { items, left } = await itemsOf(project, run, outcomes, check, { cases: options.case, split })
  const say = options.json === true ? io.err : io.out
  for (const [why, count] of left) say(`left out: ${count} (${why})\n`)
  if (items.length === 0) {
    throw new EvalkitError(
      'EVK_NOTHING_TO_LABEL',
      `The run "${run.name}" has no outcome that can be labelled.`,
      {
        details: [...left].map(([why, count]) => `${count}: ${why}`),
      },
    )
  }
  const queue = options.again === true ? items : unlabelled(items, labels, check.name)
  const progressNow = (): LabelProgress => labelProgress(items, labels, check.name)
  const first = items.length - queue.length

  const answers = io.answers()
  let kept = 0
  try {
    if (queue.length > 0)
      say(`run "${run.name}", judge "${oneLine(check.name, 100)}": ${progressLine(progressNow())}\n`)
    kept = await labelDialogue<Item>({
      items: queue,
      answers,
      say,
      async show(item, at) {
        const subject = await outcomes.subjectOf(item.of)
        if ('left' in subject) return undefined
        const place = { at: first + at + 1, of: items.length }
        return viewOf(subject, item, place, { check, labels, by, options, io })
      },
      async put(item, word, note) {
        const subject = await outcomes.subjectOf(item.of)
        const label: Label = {
          v: 1,
          judge: check.name,
          case: item.case,
          trial: item.trial,
          subject: item.subject,
          label: word,
          ...defined({ note, trace: item.of.trace }),
          ...('left' in subject ? {} : outputOf(subject)),
          split: item.split,
          tags: [...item.tags],
          by,
          at: new Date(io.now()).toISOString(),
        }
        labels = await putLabel(file, shownAs, label)
        return `${word}: ${progressLine(progressNow())}\n`
      },
    })
  } finally {
    answers.close()
  }
  const progress = progressNow()
  if (options.json === true) {
    outJson(io, { eval: loaded.eval.name, judge: check.name, run: run.id, file: shownAs, kept, progress })
    return
  }
  const rest = progress.of - progress.done
  const more =
    rest === 0 ? 'Every outcome of the run has a label.' : `${rest} of ${progress.of} have none yet.`
  const next = `evalkit judge calibrate ${shellWord(check.name)}`
  say(
    `${kept === 0 ? 'No label was added.' : `Kept ${kept} ${kept === 1 ? 'label' : 'labels'} in ${shownAs}.`} ${more} Next: ${next}\n`,
  )
}

function judgeAsked(judges: readonly JudgeCheck[], asked: string | undefined, evalName: string): JudgeCheck {
  const names = judges.map(({ name }) => name)
  const [only, second] = judges
  if (only === undefined) {
    throw new EvalkitError('EVK_JUDGE_NOT_FOUND', `The eval "${evalName}" has no judge.`, {
      hint: 'Labels say how good a judge is: docs/calibration.md.',
    })
  }
  if (asked === undefined && second === undefined) return only
  const found = judges.find(({ name }) => name === asked)
  if (found !== undefined) return found
  const near = asked === undefined ? undefined : nearestWord(asked, names)
  const what =
    asked === undefined
      ? `The eval "${evalName}" has several judges.`
      : `The eval "${evalName}" has no judge "${oneLine(asked, 100)}".`
  throw new EvalkitError(asked === undefined ? 'EVK_USAGE' : 'EVK_JUDGE_NOT_FOUND', what, {
    details: [near === undefined ? `it has ${names.join(', ')}` : `did you mean "${near}"?`],
    hint: 'Name one: --judge <name>.',
  })
}

/** Throws `EVK_RUN_NOT_FOUND`, `EVK_RUN_UNFINISHED`, and `EVK_NOTHING_TO_LABEL` where the eval was never run. */
async function runAsked({ store }: Project, evalName: string, asked: string | undefined): Promise<Run> {
  if (asked !== undefined) {
    const run = await store.getRun(asked)
    if (run.eval !== evalName)
      throw new EvalkitError('EVK_USAGE', `The run "${run.name}" is of the eval "${run.eval}".`)
    if (run.status === 'finished') return run
    throw new EvalkitError('EVK_RUN_UNFINISHED', `The run "${run.name}" (${run.id}) is not finished.`)
  }
  const runs = await store.listRuns()
  const newest = runs.find(
    (run) => run.eval === evalName && run.status === 'finished' && run.whatIf === undefined,
  )
  if (newest !== undefined) return newest
  throw new EvalkitError('EVK_NOTHING_TO_LABEL', `The store has no finished run of "${evalName}".`, {
    hint: `evalkit run ${evalName}`,
  })
}

function refuseUnknownCases(asked: readonly string[], known: readonly string[]): void {
  const unknown = asked.find((id) => !known.includes(id))
  if (unknown === undefined) return
  const near = nearestWord(unknown, known)
  throw new EvalkitError('EVK_CASE_NOT_FOUND', `There is no case "${oneLine(unknown, 100)}".`, {
    details: near === undefined ? [] : [`did you mean "${near}"?`],
  })
}

/** The outcomes of a run in the order they are asked of, and why others cannot be. */
async function itemsOf(
  { store }: Project,
  run: Run,
  outcomes: KeptOutcomes,
  { judge }: JudgeCheck,
  { cases, split }: { readonly cases: readonly string[] | undefined; readonly split: LabelSplit | undefined },
): Promise<{ readonly items: readonly Item[]; readonly left: ReadonlyMap<string, number> }> {
  const items: Item[] = []
  const left = new Map<string, number>()
  const leave = (why: string): void => void left.set(why, (left.get(why) ?? 0) + 1)
  for await (const trial of store.listTrials(run.id)) {
    if (cases !== undefined && !cases.includes(trial.case)) continue
    const subject = await outcomes.subjectOf(trial)
    if ('left' in subject) {
      leave(subject.left)
      continue
    }
    const [question] = judge.questionsOf(subject)
    if (question === undefined) {
      leave('the judge has nothing to judge there')
      continue
    }
    const { cluster, category, tags } = subject.case
    items.push({
      of: trial,
      case: trial.case,
      trial: trial.trial,
      subject: question.subject,
      split: split ?? splitOf({ id: trial.case, cluster }),
      tags: [...new Set([...tags, ...(category === undefined ? [] : [category])])].sort(byCodeUnit),
    })
  }
  return { items: labelQueue(items), left }
}

interface Viewing {
  readonly check: JudgeCheck
  readonly labels: readonly Label[]
  readonly by: string
  readonly options: Options
  readonly io: Io
}

/** What others said of it is not told, as little as what the judge says: each says for themselves. */
function viewOf(
  subject: Subject,
  item: Item,
  place: { readonly at: number; readonly of: number },
  { check: { name, judge }, labels, by, options, io }: Viewing,
): string {
  const [question] = judge.questionsOf(subject)
  const before = newestLabels(labels.filter((one) => one.by === by)).find(
    (one) => one.judge === name && one.case === item.case && one.subject === item.subject,
  )
  const score = item.of.scores.find((one) => one.name === name)
  const verdict =
    score === undefined
      ? 'nothing: the run has no score of it'
      : score.status === 'unscored'
        ? `nothing: ${score.reason}`
        : `${score.passed ? 'pass' : 'fail'}: ${score.reason ?? ''}`
  return showLabelView(
    {
      judge: name,
      criterion: judge.asks,
      case: item.case,
      trial: item.trial,
      split: item.split,
      place,
      caseNote: subject.case.note,
      // Steps stand below as people read them.
      parts: (question?.shown ?? []).filter(({ inCanary }) => inCanary === undefined),
      trace: subject.outcome.trace,
      earlier: before && `${before.label}${before.note === undefined ? '' : `: ${before.note}`}`,
      verdict: options.showVerdict === true ? verdict : undefined,
    },
    io.style,
  )
}

/** Characters. A longer output stays in the store alone. */
const longestOutput = 32_768

/** What was labelled, so that it can be judged where the store is not. */
function outputOf({ outcome: { output } }: Subject): Pick<Label, 'output'> {
  return output === undefined || canonicalJson(output).length > longestOutput ? {} : { output }
}

/** Where labelling stands, and what a calibration still lacks. */
function progressLine({ done, of, pass, fail, test }: LabelProgress): string {
  const fails = Math.max(0, gatingNeeds.fails - test.fail)
  const labels = Math.max(fails, gatingNeeds.labels - test.pass - test.fail)
  const needs =
    labels <= 0
      ? 'enough of the test split for a judge that gates'
      : `for a judge that gates ${labels} more of the test split, ${fails} of them fails`
  return `${done} of ${of} labelled · ${pass} pass, ${fail} fail · ${needs}`
}
