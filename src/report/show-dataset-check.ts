import { padTo, wrap } from '../lib/columns.ts'
import { oneLine, withoutCommands } from '../lib/text.ts'
import type { CheckedDataset, DatasetFinding } from '../schema/dataset-report.ts'
import { count, plural } from './format.ts'
import type { Style } from './reporter.ts'

/** Findings of one kind and severity that are shown of a dataset; the rest is in `--json`. */
const mostAlike = 8

const order: readonly DatasetFinding['severity'][] = ['error', 'warning', 'note']

/** What is wrong with datasets, one after the other, worst first, each with its place and what to do. */
export function showDatasetCheck(datasets: readonly CheckedDataset[], { width }: Style): string {
  const lines = datasets.flatMap((dataset, index) => [
    ...(index === 0 ? [] : ['']),
    ...datasetLines(dataset, Math.max(40, width)),
  ])
  return withoutCommands(`${lines.join('\n')}\n`)
}

function datasetLines({ file, cases, evals, findings }: CheckedDataset, width: number): readonly string[] {
  const asked = evals.length === 0 ? '' : `, asked by ${evals.map((one) => oneLine(one, 60)).join(', ')}`
  const of = (severity: DatasetFinding['severity']) => findings.filter((one) => one.severity === severity)
  return [
    `${oneLine(file, 200)}: ${plural(cases, 'case')}${asked}`,
    ...order.flatMap((severity) => groupsOf(of(severity)).flatMap((group) => groupLines(group, width))),
    `  ${verdictOf(of('error').length, of('warning').length)}`,
  ]
}

/** Findings of one kind together, in the order in which the kinds first came. */
function groupsOf(findings: readonly DatasetFinding[]): readonly (readonly DatasetFinding[])[] {
  const groups = new Map<string, DatasetFinding[]>()
  for (const finding of findings) {
    const group = groups.get(finding.kind)
    if (group === undefined) groups.set(finding.kind, [finding])
    else group.push(finding)
  }
  return [...groups.values()]
}

function groupLines(findings: readonly DatasetFinding[], width: number): readonly string[] {
  const shown = findings.slice(0, mostAlike)
  const more = findings.length - shown.length
  return [
    ...shown.flatMap((finding, index) => {
      // What helps one helps all that are alike.
      const last = shown[index + 1]?.hint !== finding.hint
      return findingLines(finding, last, width)
    }),
    ...(more === 0 ? [] : [`${indent}… and ${count(more)} more like this (--json has all)`]),
  ]
}

const indent = ' '.repeat(11)

function findingLines(
  { severity, kind, file, line, case: id, what, hint }: DatasetFinding,
  withHint: boolean,
  width: number,
): readonly string[] {
  const place = line === undefined ? '' : `${oneLine(file, 200)}:${line} `
  const about = id === undefined ? '' : `case "${oneLine(id, 128)}": `
  const text = wrap(`${place}${kind} · ${about}${oneLine(what, 1000)}`, width - indent.length)
  return [
    ...text.map((part, at) => (at === 0 ? `  ${padTo(severity, 7)}  ${part}` : indent + part)),
    ...(hint === undefined || !withHint
      ? []
      : wrap(`→ ${oneLine(hint, 500)}`, width - indent.length).map((part) => indent + part)),
  ]
}

function verdictOf(errors: number, warnings: number): string {
  if (errors + warnings === 0) return 'nothing found'
  return [
    ...(errors === 0 ? [] : [plural(errors, 'error')]),
    ...(warnings === 0 ? [] : [plural(warnings, 'warning')]),
  ].join(', ')
}
