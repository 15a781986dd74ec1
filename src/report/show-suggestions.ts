import { wrap } from '../lib/columns.ts'
import { oneLine, withoutCommands } from '../lib/text.ts'
import { type Feature, featureKinds, type Suggestions } from '../schema/dataset-report.ts'
import { count, plural } from './format.ts'
import type { Style } from './reporter.ts'
import { kindWords } from './show-dataset-stats.ts'

/** Features of one kind that are named. */
const mostNamed = 4

/** Which traces are worth a case, what each adds to those before it, and the command that promotes it. */
export function showSuggestions(
  { picked, missing, left }: Suggestions,
  {
    dataset,
    traces,
    refused,
  }: { readonly dataset: string; readonly traces: number; readonly refused: number },
  { width }: Style,
): string {
  const aside = refused === 0 ? '' : ` (${plural(refused, 'more trace')} cannot be promoted)`
  const among = `${plural(traces, 'production trace')}${aside}`
  if (picked.length === 0)
    return `Nothing in ${among} is missing in the dataset "${oneLine(dataset, 128)}".\n`
  const lines = [
    `${among} show ${plural(missing, 'thing')} that the dataset "${oneLine(dataset, 128)}" does not.`,
    ...picked.flatMap(({ trace, adds }, index) => [
      '',
      `${index + 1}. ${oneLine(trace, 128)} adds ${count(adds.length)}`,
      ...featureKinds.flatMap((kind) => {
        const named = adds.filter((one) => one.kind === kind)
        return named.length === 0
          ? []
          : indented(`${kindWords[kind]}: ${namesOf(named)}`, Math.max(40, width))
      }),
      `   evalkit promote ${oneLine(trace, 128)} --dataset ${oneLine(dataset, 128)}`,
    ]),
    '',
    left === 0
      ? 'With these, nothing is missing.'
      : `With these, ${plural(left, 'thing')} of ${count(missing)} would still be missing: --limit shows more.`,
  ]
  return withoutCommands(`${lines.join('\n')}\n`)
}

function namesOf(features: readonly Feature[]): string {
  const names = features.slice(0, mostNamed).map(({ name }) => oneLine(name, 160))
  const more = features.length - names.length
  return `${names.join('; ')}${more === 0 ? '' : `; ${count(more)} more`}`
}

function indented(text: string, width: number): readonly string[] {
  return wrap(text, width - 3, '  ').map((line) => `   ${line}`)
}
