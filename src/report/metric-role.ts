import type { MetricStats, Report } from '../schema/report.ts'
import type { Comparison } from '../schema/verdict.ts'

/** What a metric does to the verdict, as it stands behind its name: ` (gate)`, ` (secondary)`, ` (shown only)`, or nothing. */
export function roleOf(report: Report, { name, gating }: Pick<MetricStats, 'name' | 'gating'>): string {
  if (name === report.metric) return ' (gate)'
  if (secondaryOf(report, name)?.gates === true) return ' (secondary)'
  return gating ? '' : ' (shown only)'
}

/** What a metric was compared with: the primary one, and secondary ones that could be asked. */
export function comparisonOf(report: Report, name: string): Comparison | undefined {
  const primary = report.verdict?.comparison
  return primary?.metric === name ? primary : secondaryOf(report, name)?.comparison
}

function secondaryOf({ verdict }: Report, name: string) {
  return verdict?.secondary?.find((part) => part.metric === name)
}
