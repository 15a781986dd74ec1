import pc from 'picocolors'
import { wrap } from '../lib/columns.ts'
import { oneLine, withoutCommands } from '../lib/text.ts'
import type { JudgeStanding, RateShare } from '../schema/calibration.ts'
import type {
  CalibrationReport,
  CorrectedLevels,
  Disagreement,
  JudgeConfusion,
  LevelEstimate,
} from '../schema/calibration-report.ts'
import { percent, plural } from './format.ts'
import type { Style } from './reporter.ts'
import { type Paint, table } from './table.ts'

/** Disagreements and tags that are shown; `--json` has more. */
const mostShown = 5
const mostTags = 20
/** Labels a correlation is told from. */
const fewestLengths = 10

/** What was measured of a judge: rates, agreement, what it may do and why, and where a person should look. */
export function showCalibration(report: CalibrationReport, style: Style): string {
  const colours = pc.createColors(style.colour)
  const width = Math.max(60, style.width)
  const { calibration: of, split, byTag, disagreements, leaked } = report
  const tone = toneOf(of.standing, colours)
  const lines = [
    colours.bold(
      `judge "${oneLine(of.judge, 100)}" of ${of.eval}: ${tone(of.standing)}${split === 'test' ? '' : ` (${split} split: does not count)`}`,
    ),
    ...of.why.flatMap((why) => wrap(`- ${oneLine(why, 1_000)}`, width, '  ')),
    '',
    `model        ${oneLine(of.model, 200)}`,
    `instrument   fingerprint ${of.fingerprint}, criterion ${of.criterion}`,
    `labels       ${split}: ${of.labels.pass} pass, ${of.labels.fail} fail; without a verdict: ${silence(report)}`,
    `TPR          ${rateLine(of.tpr)} that people passed, it passed`,
    `TNR          ${rateLine(of.tnr)} that people failed, it failed`,
    `agreement    J ${fixed(of.j)} · κ ${fixed(of.kappa)} · α ${fixed(of.alpha)}`,
    ...levelLines(report.level),
    ...lengthLine(report),
    ...peopleLine(report),
    ...(leaked.length === 0
      ? []
      : wrap(
          `left out: ${plural(leaked.length, 'label')} of outcomes that stand in the judge's own prompt (${leaked.slice(0, 5).map(placeOf).join('; ')})`,
          width,
          '  ',
        )),
    ...tagTable(byTag, width, (text) => colours.dim(text)),
    ...disagreementLines(disagreements, width, (text) => colours.bold(text)),
  ]
  return withoutCommands(`${lines.map((line) => line.trimEnd()).join('\n')}\n`)
}

/** A rate with its interval, rounded outwards: `0.95 (0.87 … 0.99), 76 of 80`. */
export function rateLine({ passed, of, rate, low, high }: RateShare): string {
  if (of === 0) return 'nothing to tell from'
  // So that no bound looks better than it is.
  const [down, up] = [Math.floor(low * 100 + 1e-9) / 100, Math.ceil(high * 100 - 1e-9) / 100]
  return `${fixed(rate)} (${fixed(down)} … ${fixed(up)}), ${passed} of ${of}`
}

/** Two decimals; a dash where there is no number. */
export function fixed(value: number | null): string {
  if (value === null) return '–'
  const text = value.toFixed(2)
  return text === '-0.00' ? '0.00' : text
}

/** How a standing looks. */
export function toneOf(
  standing: JudgeStanding | 'uncalibrated',
  colours: ReturnType<typeof pc.createColors>,
): Paint {
  if (standing === 'can gate') return (text) => colours.green(text)
  return standing === 'refuse' ? (text) => colours.red(text) : (text) => colours.yellow(text)
}

function silence({ calibration: { labels }, unscored }: CalibrationReport): string {
  if (labels.unscored === 0) return 'none'
  const why = unscored.slice(0, 4).map(({ why, count }) => `${oneLine(why, 120)} ${count}`)
  return `${labels.unscored} (${why.join(', ')})`
}

function levelLines(level: CorrectedLevels | undefined): string[] {
  if (level === undefined) return []
  const { judged, roganGladen, predictionPowered, labels } = level
  const line = (name: string, estimate: LevelEstimate | undefined): string[] =>
    estimate === undefined
      ? []
      : [
          `             ${name.padEnd(26)}${percent(estimate.level)} (${percent(estimate.low)} … ${percent(estimate.high)})`,
        ]
  return [
    `pass rate    ${percent(judged.passed / judged.of)} of ${plural(judged.of, 'outcome')} nobody labelled, as the judge says; corrected:`,
    ...line('by PPI++', predictionPowered),
    ...line('by its errors (R.–Gladen)', roganGladen),
    ...line('labels alone', labels),
  ]
}

function lengthLine({ length: { of, judge, people } }: CalibrationReport): string[] {
  // Of fewer it says nothing.
  if (of < fewestLengths || judge === null) return []
  const more = judge - (people ?? 0) > 0.3 ? ': it likes long answers more than people do' : ''
  return [
    `length       correlation of its verdict with the answer's length ${fixed(judge)}, of people's ${fixed(people)}${more}`,
  ]
}

function peopleLine({ people: { names, shared, alpha } }: CalibrationReport): string[] {
  const who = names.slice(0, 5).map((name) => oneLine(name, 60))
  const more = names.length > who.length ? ` and ${names.length - who.length} more` : ''
  const together =
    shared === 0 ? '' : `; of ${plural(shared, 'outcome')} that several labelled, α ${fixed(alpha)}`
  return names.length === 0 ? [] : [`labelled by  ${who.join(', ')}${more}${together}`]
}

function tagTable(byTag: CalibrationReport['byTag'], width: number, head: Paint): string[] {
  if (byTag.length === 0) return []
  const shown = byTag.slice(0, mostTags)
  const rows = shown.map(({ tag, ...counts }) => [
    oneLine(tag, 60),
    String(counts.tp),
    String(counts.fn),
    String(counts.fp),
    String(counts.tn),
    agreementOf(counts),
  ])
  const drawn = table(
    [
      { title: 'tag', flexible: true },
      { title: 'both pass', right: true },
      { title: 'only people', right: true },
      { title: 'only judge', right: true },
      { title: 'both fail', right: true },
      { title: 'agree', right: true },
    ],
    rows,
    width,
    head,
  )
  const rest = byTag.length - shown.length
  return ['', drawn, ...(rest > 0 ? [`… ${plural(rest, 'more tag')}`] : [])]
}

function agreementOf({ tp, fn, fp, tn }: JudgeConfusion): string {
  const of = tp + fn + fp + tn
  return of === 0 ? '–' : percent((tp + tn) / of)
}

function disagreementLines(disagreements: readonly Disagreement[], width: number, head: Paint): string[] {
  if (disagreements.length === 0) return []
  const lines = disagreements
    .slice(0, mostShown)
    .flatMap((one) => [
      `${placeOf(one)}: ${oneLine(one.by, 60)} says ${one.person}, the judge ${one.judge}`,
      ...beside('judge', one.critique, 'no word of why', width),
      ...beside('person', one.note ?? '', 'no note', width),
    ])
  const rest = disagreements.length - mostShown
  return [
    '',
    head('Where they disagree, what the judge lets pass first'),
    ...lines,
    ...(rest > 0 ? [`… ${plural(rest, 'more disagreement')}`] : []),
  ]
}

/** What somebody said, in a column beside who it was. */
function beside(who: string, text: string, none: string, width: number): string[] {
  const lines = wrap(oneLine(text, 1_500) || none, width - 10)
  return lines.map((line, at) => `  ${(at === 0 ? who : '').padEnd(8)}${line}`)
}

function placeOf({ case: id, trial }: { readonly case: string; readonly trial: number }): string {
  return `case ${oneLine(id, 130)}, trial ${trial}`
}
