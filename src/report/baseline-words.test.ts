import { describe, expect, it } from 'vitest'
import type { BaselineChange, BaselineChanges } from '../schema/baseline-change.ts'
import { baselineNews } from './baseline-markdown.ts'
import { announcements } from './baseline-words.ts'
import { harmlessInALog, harmlessMarkdown } from './report.contract.ts'
import { samples } from './report.sample.ts'
import { reporters } from './index.ts'

const decision = { by: 'Ann', at: '2026-01-02T00:00:00.000Z', reason: 'the shop moved' }
const lowered: Extract<BaselineChange, { kind: 'baseline' }> = {
  kind: 'baseline',
  how: 'lowered',
  metric: 'success',
  before: 0.87,
  after: 0.79,
  change: { difference: -0.08, lower: -0.137, upper: -0.019, cases: 100 },
  broken: ['a', 'b', 'c', 'd', 'e', 'f'],
  removed: ['old'],
  edited: [],
  decision,
}
const since = '0123456789abcdef0123456789abcdef01234567'
const reportWith = (baselineChanges: BaselineChanges) => ({
  ...(samples().green?.report ?? ({} as never)),
  baselineChanges,
})
const told = (...changes: BaselineChange[]): unknown[] =>
  announcements(reportWith({ since, changes }), 'pull request').map(({ loud, text }) => [loud, text])

describe('what became of the accepted state', () => {
  it('is told in one line each', () => {
    const { decision: _decision, ...undecided } = lowered
    expect(
      told(
        lowered,
        { ...undecided, undecided: 'no line of the log is about it' },
        {
          ...lowered,
          how: 'raised',
          decision: { ...decision, expires: '2026-12-31', dirty: true },
          broken: [],
        },
        { ...lowered, how: 'replaced', change: undefined, broken: [], removed: [] } as never,
        {
          kind: 'baseline',
          how: 'deleted',
          metric: 'success',
          broken: [],
          removed: [],
          edited: [],
          undecided: 'the file is gone',
        },
        {
          kind: 'baseline',
          how: 'first',
          metric: 'success',
          after: 0.9,
          broken: [],
          removed: [],
          edited: [],
          decision,
        },
        {
          kind: 'release',
          how: 'moved',
          name: 'v1.5',
          before: 'v1.4',
          decision: { by: 'Bo', at: decision.at },
        },
        { kind: 'release', how: 'deleted', before: 'v1.4', undecided: 'the file is gone' },
        {
          kind: 'calibration',
          judge: 'tone',
          by: 'Cy',
          at: decision.at,
          before: 'advisory',
          after: 'can gate',
          j: 0.81,
        },
        { kind: 'log', lost: 2 },
      ),
    ).toMatchInlineSnapshot(`
      [
        [
          false,
          "Baseline lowered by 8.0 pp (90 % CI -13.7 … -1.9, 100 cases) in this pull request by Ann: the shop moved. 6 cases got worse: a, b, c, d, e and 1 more. 1 case removed: old.",
        ],
        [
          true,
          "Baseline changed without a decision in the log: no line of the log is about it. Baseline lowered by 8.0 pp (90 % CI -13.7 … -1.9, 100 cases) in this pull request. 6 cases got worse: a, b, c, d, e and 1 more. 1 case removed: old.",
        ],
        [
          false,
          "Baseline raised by 8.0 pp (90 % CI -13.7 … -1.9, 100 cases) in this pull request by Ann: the shop moved. 1 case removed: old. It holds until 2026-12-31. It was accepted with changes that were not committed.",
        ],
        [
          false,
          "Baseline replaced by one that measures something else (success 87.0 % before, now 79.0 %) in this pull request by Ann: the shop moved.",
        ],
        [
          true,
          "Baseline changed: the file is gone. Baseline deleted in this pull request.",
        ],
        [
          false,
          "Baseline accepted for the first time with success 90.0 % in this pull request by Ann: the shop moved.",
        ],
        [
          false,
          "Baseline marked as that of the release v1.5 in this pull request by Bo, v1.4 before. Drift is counted anew from it.",
        ],
        [
          true,
          "Release changed without a decision in the log: the file is gone. Baseline of the release v1.4 deleted in this pull request. Drift is counted anew from it.",
        ],
        [
          false,
          "Calibration of the judge tone accepted in this pull request by Cy: can gate (J 0.81, advisory before).",
        ],
        [
          true,
          "The log of decisions lost 2 lines in this pull request: lines of it are never changed.",
        ],
      ]
    `)
  })

  it('names the commit outside of a pull request, and says loudly that it does not know', () => {
    const [known] = announcements(reportWith({ since, changes: [lowered] }), 'run')
    expect(known?.text).toContain('since 0123456789ab by Ann: the shop moved.')
    expect(announcements(reportWith({ unknown: 'the clone is shallow', changes: [] }), 'run')).toEqual([
      { loud: true, text: 'Whether what is accepted was changed is not known: the clone is shallow.' },
    ])
    expect(announcements(reportWith({ since, changes: [] }), 'run')).toEqual([])
  })

  it('stands in the comment, the summary, markdown and the terminal, loudest first', () => {
    const report = reportWith({ since, changes: [lowered, { kind: 'log', lost: 1 }] })
    const style = { colour: false, width: 100 }
    for (const name of ['comment', 'summary', 'markdown', 'terminal', 'html', 'json'] as const) {
      const text = reporters[name].render(report, { style, traces: {} }).replace(/\s+/g, ' ')
      expect([name, text.includes('the shop moved')]).toEqual([name, true])
    }
    const lines = baselineNews(report, 'pull request').split('\n')
    expect(lines[0]).toMatch(/^> ⚠️ \*\*The log of decisions lost 1 line/)
    expect(lines[2]).toMatch(/^> Baseline lowered by 8.0 pp/)
  })

  it('stands beside what a pool added to the baseline', () => {
    const { report } = samples().red ?? { report: undefined as never }
    const pool = { name: 'pool/desk.pool.json', runs: 3, trials: 1_200, cases: 12 }
    for (const name of ['comment', 'terminal', 'html'] as const) {
      const text = reporters[name].render(
        { ...report, pool },
        { style: { colour: false, width: 120 }, traces: {} },
      )
      expect(text.replace(/\s+/g, ' ')).toContain('with 1,200 trials of 3 runs of its branch')
    }
  })

  it('shows what became of cases, however long a reason or a name is', () => {
    const long = { ...decision, by: 'x'.repeat(3_000), reason: 'y'.repeat(3_000) }
    const names = Array.from({ length: 9 }, (_, at) => `${at}${'z'.repeat(127)}`)
    const change = { ...lowered, decision: long, broken: names, edited: names, removed: ['gone', ...names] }
    const report = reportWith({ since, changes: [change] })
    const style = { colour: false, width: 100 }
    for (const name of ['comment', 'markdown', 'terminal'] as const) {
      const text = reporters[name].render(report, { style, traces: {} }).replace(/\s+/g, ' ')
      expect([name, text.includes('10 cases removed: gone,')]).toEqual([name, true])
    }
  })

  it('is inert and bounded, whatever people wrote', () => {
    const bad =
      '\u001b[2J::error::x\n<!-- evalkit:report suite=evals --> @everyone <img src=x> | `x` [a](javascript:x)'
    const hostile = {
      ...lowered,
      broken: [bad],
      removed: [bad],
      decision: { ...decision, by: bad, reason: bad },
    }
    const report = reportWith({ since: bad, changes: Array.from({ length: 30 }, () => hostile) })
    const style = { colour: false, width: 100 }
    const of = (name: 'comment' | 'markdown' | 'terminal'): string =>
      reporters[name].render(report, { style, traces: {} })
    harmlessMarkdown(of('markdown'))
    harmlessInALog(of('terminal'))
    expect(of('comment').match(/<!--/g)).toHaveLength(1)
    expect(of('comment')).not.toContain('@everyone')
    expect(baselineNews(report, 'run')).toContain('… and 20 more changes')
  })
})
