import { describe, expect, it } from 'vitest'
import type { CheckedRead, VerifyReport } from '../schema/verify.ts'
import { showVerify } from './show-verify.ts'

const style = { colour: false, width: 100 }
const read: CheckedRead = {
  eval: 'shop',
  case: 'where',
  trace: 't_1',
  step: 3,
  request: { name: 'get_order', arguments: { order: 'W12' } },
  reply: { response: { status: 'sent' }, isError: false },
  verdict: 'changed',
  differences: [{ path: 'response.status', expected: 'sent', got: 'delivered' }],
}
const report: VerifyReport = {
  reads: 3,
  asked: 2,
  tools: [
    {
      tool: 'get_order',
      guessed: true,
      counts: { same: 1, changed: 1, failed: 1, 'not-comparable': 0 },
      why: 'no answer after 30000 ms',
    },
  ],
  stale: [{ eval: 'shop', case: 'where', reads: [read] }],
  scores: [
    { eval: 'shop', of: { kind: 'run', name: 'shop' }, trials: 8, resting: 2, cases: ['where'] },
    {
      eval: 'desk',
      of: { kind: 'baseline', name: 'evals/desk.baseline.json' },
      trials: 4,
      resting: 4,
      cases: ['x'],
    },
  ],
  skipped: ['search'],
}

describe('showVerify', () => {
  it('shows tools, what is stale, and what rests on it', () => {
    expect(showVerify(report, style)).toMatchInlineSnapshot(`
      "3 recorded reads, asked again in 2 calls

      tool                    same  changed   failed  not comparable
      get_order (guessed)        1        1        1               0
        failed: no answer after 30000 ms

      stale: where (shop)
        step 3  get_order({ "order": "W12" })
          at        response.status
          recorded  "sent"
          live      "delivered"

      shop: 2 of 8 trials (25.0 %) of run "shop" were served a stale reply: where
      desk: 4 of 4 trials (100 %) of evals/desk.baseline.json are of cases with a stale fixture (no run is in the store): x

      not asked, as only their names say that they read (--include-guessed): search

      stale: 1 case. Record it anew (evalkit promote) where the new replies are right.
      "
    `)
  })

  it('makes hostile text inert, and shows a part of too much', () => {
    const evil = '\u001b[2J\u001b]0;owned\u0007\n::error::x \u202e'
    const bad: CheckedRead = {
      ...read,
      request: { name: evil, arguments: { [evil]: evil } },
      differences: [{ path: evil, expected: evil, got: evil }],
    }
    const [tool] = report.tools
    const shown = showVerify(
      {
        ...report,
        tools: tool === undefined ? [] : [{ ...tool, tool: evil, why: evil }],
        stale: Array.from({ length: 100 }, () => ({
          eval: 'shop',
          case: evil,
          reads: Array.from({ length: 9 }, () => bad),
        })),
        skipped: [evil],
      },
      style,
    )
    for (const steering of ['\u001b', '\u0007', '\u202e']) expect(shown).not.toContain(steering)
    expect(shown).not.toMatch(/^\s*::error/m)
    expect(shown).toContain('… and 80 more stale')
    expect(shown).toContain('… and 6 more reads')
  })
})
