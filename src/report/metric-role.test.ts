import { describe, expect, it } from 'vitest'
import type { Report } from '../schema/report.ts'
import { htmlPage } from './html.ts'
import { markdown } from './markdown.ts'
import { samples } from './report.sample.ts'
import { terminal } from './terminal.ts'

/** A red run in which tone gates beside the primary metric, and fell as that did. */
function withSecondary(gates: boolean): Report {
  const { report } = samples()['red'] ?? {}
  const verdict = report?.verdict
  if (report === undefined || verdict?.comparison === undefined)
    throw new Error('the sample has a comparison')
  const comparison = { ...verdict.comparison, metric: 'tone' }
  return {
    ...report,
    verdict: {
      ...verdict,
      secondary: [{ word: 'fail', gates, metric: 'tone', margin: 0.05, p: 0.01, comparison }],
    },
  }
}

const options = { traces: {}, style: { colour: false, width: 120 } }

describe('a secondary metric in the table of metrics', () => {
  it.each([terminal, markdown, htmlPage])('is said to be one, and compared: $name', (reporter) => {
    const line = (gates: boolean): string => {
      const text = reporter.render(withSecondary(gates), options)
      const lines = text.split(/\n|<\/tr>/).filter((one) => one.includes('tone ('))
      return lines.find((one) => one.includes('-41.7')) ?? lines.join('\n')
    }
    expect(line(true)).toContain('tone (secondary)')
    expect(line(true)).toContain('-41.7')
    expect(line(false)).toContain('tone (shown only)')
  })
})
