import pc from 'picocolors'
import { wrap } from '../lib/columns.ts'
import { oneLine, withoutCommands } from '../lib/text.ts'
import type { JudgeComparison, ListedJudge } from '../schema/calibration-report.ts'
import { percent, plural } from './format.ts'
import type { Style } from './reporter.ts'
import { fixed, rateLine, toneOf } from './show-calibration.ts'
import { table } from './table.ts'

/** The judges of a project's evals, and what is known of each. */
export function showJudges(judges: readonly ListedJudge[], style: Style): string {
  const colours = pc.createColors(style.colour)
  const width = Math.max(60, style.width)
  if (judges.length === 0) return 'No eval has a judge.\n'
  const lines = judges.flatMap((one) => [
    `${colours.bold(`${one.eval}/${oneLine(one.judge, 100)}`)}  ${one.kind}, ${toneOf(one.standing, colours)(one.standing)}${one.gating ? '' : ' (the eval: advisory)'}`,
    `  ${one.models.map((model) => oneLine(model, 200)).join(', ')} · fingerprint ${one.fingerprint}`,
    `  ${plural(one.labels.pass + one.labels.fail, 'label')} (${one.labels.pass} pass, ${one.labels.fail} fail; ${one.labels.test} in the test split) · ${plural(one.recorded, 'recorded verdict')}`,
    ...wrap(oneLine(one.why, 1_000), width - 2).map((line) => colours.dim(`  ${line}`)),
  ])
  return withoutCommands(`${lines.join('\n')}\n`)
}

/** Judges side by side on the same labels. */
export function showJudgeComparison({ labels, judges, pairs }: JudgeComparison, style: Style): string {
  const colours = pc.createColors(style.colour)
  const width = Math.max(60, style.width)
  const counts = labels.split === 'test' ? '' : `; the ${labels.split} split does not count for a calibration`
  const head = `${plural(labels.common, 'label')} of "${oneLine(labels.of, 100)}" (${labels.split}) have a verdict of every judge, of ${labels.all}${counts}.`
  const rows = judges.map((one) => [
    oneLine(one.name, 60),
    oneLine(one.model, 60),
    rateLine(one.tpr),
    rateLine(one.tnr),
    fixed(one.tpr.of === 0 || one.tnr.of === 0 ? null : one.j),
    fixed(one.kappa),
    percent(one.agreement),
    String(one.unscored),
    { text: one.standing, paint: toneOf(one.standing, colours) },
  ])
  const drawn = table(
    [
      { title: 'judge', flexible: true },
      { title: 'model', drop: 3 },
      { title: 'TPR' },
      { title: 'TNR' },
      { title: 'J', right: true },
      { title: 'κ', right: true, drop: 1 },
      { title: 'agree', right: true, drop: 2 },
      { title: 'silent', right: true, drop: 4 },
      { title: 'standing' },
    ],
    rows,
    width,
    (text) => colours.dim(text),
  )
  const tests = pairs.flatMap(({ a, b, onlyA, onlyB, p }) =>
    wrap(
      `${oneLine(a, 60)} alone is right on ${onlyA}, ${oneLine(b, 60)} alone on ${onlyB}: ${p < 0.05 ? 'a difference' : 'no difference that can be told from chance'} (McNemar, exact, p ${p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`})`,
      width,
      '  ',
    ),
  )
  return withoutCommands(`${[...wrap(head, width), '', drawn, '', ...tests].join('\n')}\n`)
}
