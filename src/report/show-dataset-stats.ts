import { padTo } from '../lib/columns.ts'
import { oneLine, withoutCommands } from '../lib/text.ts'
import {
  type Count,
  type Covered,
  type DatasetCoverage,
  type FeatureKind,
  featureKinds,
} from '../schema/dataset-report.ts'
import { count, percent, plural } from './format.ts'
import type { Style } from './reporter.ts'
import { table } from './table.ts'

/** Lines of a list that are shown; the rest is in `--json`. */
const mostCounted = 10
const mostMissing = 10

/** What kinds of features are called, where they are counted. */
export const kindWords: Readonly<Record<FeatureKind, string>> = {
  tool: 'tools',
  pair: 'pairs of calls',
  error: 'errors of tools',
  writes: 'write patterns',
  category: 'categories',
  score: 'failed scores',
}

/** What a dataset holds, and what production showed that it does not. */
export function showDatasetStats(datasets: readonly DatasetCoverage[], style: Style): string {
  const texts = datasets.map((one) => datasetLines(one, style).join('\n'))
  return withoutCommands(`${texts.join('\n\n')}\n`)
}

function datasetLines({ file, stats, production }: DatasetCoverage, style: Style): readonly string[] {
  const recorded =
    stats.recordings === 0
      ? 'none recorded'
      : `${plural(stats.recordings, 'recording')}${stats.unrecorded === 0 ? '' : `, ${count(stats.unrecorded)} without one`}`
  return [
    `${oneLine(file, 200)}: ${plural(stats.cases, 'case')}, ${recorded}`,
    ...countLines('category', stats.categories),
    ...countLines('tag', stats.tags),
    ...countLines('cluster', stats.clusters),
    ...countLines('source', stats.sources),
    ...countLines('age', stats.ages),
    ...countLines('tool', stats.tools),
    '',
    ...productionLines(production, style),
  ]
}

function countLines(title: string, counts: readonly Count[]): readonly string[] {
  const shown = counts.slice(0, mostCounted)
  const more = counts.length - shown.length
  return [
    ...shown.map(
      ({ name, cases }, at) =>
        `  ${padTo(at === 0 ? title : '', 8)}  ${padTo(oneLine(name, 48), 32)} ${count(cases).padStart(6)}`,
    ),
    ...(more === 0 ? [] : [`${' '.repeat(12)}… and ${count(more)} more`]),
  ]
}

function productionLines(
  { traces, features }: DatasetCoverage['production'],
  { width, colour }: Style,
): readonly string[] {
  if (traces === 0) {
    return ['The store holds no production trace to compare with: evalkit import reads them.']
  }
  const kinds = featureKinds.flatMap((kind) => {
    const of = features.filter((one) => one.kind === kind)
    const held = of.filter((one) => one.covered).length
    return of.length === 0
      ? []
      : [[kindWords[kind], count(of.length), count(held), percent(held / of.length)]]
  })
  const plainHead = (text: string) => text
  const head = colour ? (text: string) => `\u001b[1m${text}\u001b[22m` : plainHead
  const missing = featureKinds.flatMap((kind) => missingLines(kind, features, width, head))
  return [
    `Beside ${plural(traces, 'production trace')} of the store:`,
    table(
      [
        { title: 'production shows', flexible: true },
        { title: 'kinds', right: true },
        { title: 'in the dataset', right: true },
        { title: 'share', right: true },
      ],
      kinds,
      width,
      head,
    ),
    ...(missing.length === 0 ? ['Nothing that production shows is missing.'] : missing),
  ]
}

function missingLines(
  kind: FeatureKind,
  features: readonly Covered[],
  width: number,
  head: (text: string) => string,
): readonly string[] {
  const missing = features.filter((one) => one.kind === kind && !one.covered)
  if (missing.length === 0) return []
  const rows = missing
    .slice(0, mostMissing)
    .map(({ name, traces, examples }) => [oneLine(name, 200), count(traces), oneLine(examples[0] ?? '', 40)])
  const more = missing.length - rows.length
  return [
    '',
    table(
      [
        { title: `${kindWords[kind]} that the dataset lacks`, flexible: true },
        { title: 'traces', right: true },
        { title: 'for example', drop: 1 },
      ],
      rows,
      width,
      head,
    ),
    ...(more === 0 ? [] : [`… and ${count(more)} more (--json has all)`]),
  ]
}
