import { describe, expect, it } from 'vitest'
import type { Report } from '../schema/report.ts'
import { commentOf } from './comment.ts'
import { reporters } from './index.ts'
import { samples } from './report.sample.ts'

const what =
  'Settled after 1 of up to 5 trials a case: about 400 model calls and about $3.20 not spent. Looks: 1 trial pass.'

/** A green run whose gate looked several times. */
function escalated(): Report {
  const { report } = samples()['green'] ?? {}
  if (report?.verdict?.comparison === undefined) throw new Error('no such sample')
  const { verdict } = report
  return {
    ...report,
    verdict: {
      ...verdict,
      sentence: 'no regression',
      reasons: [...verdict.reasons, { code: 'escalation', what }],
      comparison: { ...report.verdict.comparison, level: 0.0214 },
      escalation: {
        looks: [1, 3, 5],
        level: 0.0214,
        taken: [{ trials: 1, word: 'pass', sentence: 'no regression' }],
        ended: 'settled',
        saved: { trials: 48, modelCalls: 400, costUsd: 3.2 },
      },
    },
  }
}

describe('a verdict of several looks', () => {
  it.each(['terminal', 'markdown', 'comment', 'summary', 'html'] as const)(
    'says its own level and what it saved: %s',
    (name) => {
      const style = { colour: false, width: 120 }
      const text = reporters[name].render(escalated(), { style, traces: {} }).replaceAll(/\s+/g, ' ')
      expect(text).toContain('95.7 % CI')
      expect(text).not.toContain('90 % CI')
      expect(text).toMatch(/about 400 model calls and about \\?\$3\.20 not spent/)
    },
  )

  it('is beside one of a single look with the level of each', () => {
    const { report } = samples()['green'] ?? {}
    if (report === undefined) throw new Error('no such sample')
    const text = commentOf([escalated(), { ...report, eval: 'once' }], { suite: 'evals' })
    expect(text).toContain('| eval | base | this PR | points | CI | verdict |')
    expect(text).toContain(' (95.7 % CI) |')
    expect(text).toContain(' (90 % CI) |')
  })
})
