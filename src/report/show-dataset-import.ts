import { wrap } from '../lib/columns.ts'
import { oneLine, withoutCommands } from '../lib/text.ts'
import type { ImportedDataset, LeftGroup } from '../schema/dataset-report.ts'
import { count, plural } from './format.ts'
import type { Style } from './reporter.ts'

/** Things that were left out that are named; the rest is in `--json`. */
const mostLeft = 30

/** What became of a foreign dataset: what is there now, and all that was left out, with the reason. */
export function showDatasetImport(
  { file, format, added, known, redacted, left }: ImportedDataset,
  { width }: Style,
): string {
  const secrets = Object.entries(redacted).map(([kind, times]) => `${count(times)} ${oneLine(kind, 40)}`)
  const more = left.length - mostLeft
  const lines = [
    `read as ${format}: ${plural(added, 'case')} added to ${oneLine(file, 200)}${known === 0 ? '' : `, ${count(known)} there already`}`,
    ...(secrets.length === 0 ? [] : [`taken out: ${secrets.join(', ')}`]),
    ...(left.length === 0 ? [] : ['left out:']),
    ...left.slice(0, mostLeft).flatMap((group) => groupLines(group, width)),
    ...(more > 0 ? [`  … and ${count(more)} more (--json has all)`] : []),
  ]
  return withoutCommands(`${lines.join('\n')}\n`)
}

function groupLines({ what, why, count: times, lines }: LeftGroup, width: number): readonly string[] {
  const rest = times > lines.length && lines.length > 0 ? ', …' : ''
  const where = lines.length === 0 ? '' : ` (line ${lines.join(', ')}${rest})`
  const often = times === 1 ? '' : `${count(times)} × `
  const text = `${often}${oneLine(what, 100)}${where}: ${oneLine(why, 300)}`
  return wrap(text, Math.max(40, width) - 2, '  ').map((line) => `  ${line}`)
}
