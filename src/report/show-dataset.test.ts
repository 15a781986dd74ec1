import { describe, expect, it } from 'vitest'
import type { DatasetCoverage, DatasetFinding, Feature } from '../schema/dataset-report.ts'
import { showDatasetCheck } from './show-dataset-check.ts'
import { showDatasetImport } from './show-dataset-import.ts'
import { showDatasetStats } from './show-dataset-stats.ts'
import { showSuggestions } from './show-suggestions.ts'

const style = { colour: false, width: 100 }
const hostile = '\u001b[2J\u202e##vso[task.complete]\n::error::x\u200b'
/** What a terminal or a CI runner would obey. */
const alive = /(?!\n)\p{Cc}|\p{Cf}|##vso\[|^\s*::error/mu

const finding: DatasetFinding = {
  severity: 'error',
  kind: 'duplicate',
  file: 'datasets/desk.csv',
  line: 3,
  case: 'momo',
  what: 'it is "emil" once more',
  hint: 'Keep one.',
}
const checked = (findings: readonly DatasetFinding[]) => ({
  name: 'desk',
  file: 'datasets/desk.csv',
  cases: 2,
  evals: ['desk'],
  findings,
})

describe('showDatasetCheck', () => {
  it('says where, what and what to do, once for all that are alike, worst first', () => {
    const warning: DatasetFinding = {
      severity: 'warning',
      kind: 'fixture-unused',
      file: 'x',
      what: 'a fixture of nobody',
    }
    const text = showDatasetCheck([checked([warning, finding, { ...finding, line: 4 }])], style)
    expect(text).toMatchInlineSnapshot(`
      "datasets/desk.csv: 2 cases, asked by desk
        error    datasets/desk.csv:3 duplicate · case "momo": it is "emil" once more
        error    datasets/desk.csv:4 duplicate · case "momo": it is "emil" once more
                 → Keep one.
        warning  fixture-unused · a fixture of nobody
        2 errors, 1 warning
      "
    `)
  })

  it('shows a few of many', () => {
    const many = Array.from({ length: 20 }, (_, line) => ({ ...finding, line: line + 1 }))
    const text = showDatasetCheck([checked(many)], style)
    expect(text.split('\n').length).toBeLessThan(15)
    expect(text).toContain('… and 12 more like this (--json has all)')
    expect(text).toContain('20 errors')
  })

  it('shows hostile text inert', () => {
    expect(
      showDatasetCheck(
        [checked([{ ...finding, file: hostile, case: hostile, what: hostile, hint: hostile }])],
        style,
      ),
    ).not.toMatch(alive)
  })
})

const coverage = (name: string): DatasetCoverage => ({
  name: 'desk',
  file: 'datasets/desk.csv',
  hash: '0123456789abcdef',
  stats: {
    cases: 2,
    categories: [{ name, cases: 2 }],
    tags: [],
    clusters: [],
    sources: [{ name: 'by hand', cases: 2 }],
    ages: [{ name: 'unknown', cases: 2 }],
    tools: [],
    recordings: 0,
    unrecorded: 2,
  },
  production: {
    traces: 3,
    features: [
      { kind: 'tool', name: 'find', traces: 3, examples: ['t_1'], covered: true },
      { kind: 'tool', name, traces: 2, examples: [name], covered: false },
    ],
  },
})

describe('showDatasetStats', () => {
  it('counts what is there, then what is missing', () => {
    expect(showDatasetStats([coverage('lend')], style)).toMatchInlineSnapshot(`
      "datasets/desk.csv: 2 cases, none recorded
        category  lend                                  2
        source    by hand                               2
        age       unknown                               2

      Beside 3 production traces of the store:
      production shows  kinds  in the dataset   share
      ───────────────────────────────────────────────
      tools                 2               1  50.0 %

      tools that the dataset lacks  traces  for example
      ─────────────────────────────────────────────────
      lend                               2  lend
      "
    `)
  })

  it('shows hostile text inert', () =>
    expect(showDatasetStats([coverage(hostile)], style)).not.toMatch(alive))
})

describe('showSuggestions', () => {
  const adds: readonly Feature[] = [
    { kind: 'tool', name: 'lend' },
    { kind: 'error', name: 'lend: <text> is not in' },
  ]
  const about = { dataset: 'desk', traces: 3, refused: 1 }

  it('says what each trace adds, and how it is promoted', () => {
    const text = showSuggestions({ picked: [{ trace: 't_1', adds }], missing: 3, left: 1 }, about, style)
    expect(text).toMatchInlineSnapshot(`
      "3 production traces (1 more trace cannot be promoted) show 3 things that the dataset "desk" does not.

      1. t_1 adds 2
         tools: lend
         errors of tools: lend: <text> is not in
         evalkit promote t_1 --dataset desk

      With these, 1 thing of 3 would still be missing: --limit shows more.
      "
    `)
  })

  it('shows hostile text inert', () => {
    const picked = [{ trace: hostile, adds: [{ kind: 'tool', name: hostile }] }] as const
    expect(showSuggestions({ picked, missing: 1, left: 0 }, about, style)).not.toMatch(alive)
  })
})

describe('showDatasetImport', () => {
  const done = {
    dataset: 'desk',
    file: 'datasets/desk.jsonl',
    format: 'promptfoo',
    added: 2,
    known: 1,
    redacted: { 'anthropic-key': 2 },
    left: [{ what: 'assert cost', why: 'ask it in the eval: maxCost({ usd })', count: 3, lines: [4, 9] }],
  }

  it('says what came in and what did not', () => {
    expect(showDatasetImport(done, style)).toMatchInlineSnapshot(`
      "read as promptfoo: 2 cases added to datasets/desk.jsonl, 1 there already
      taken out: 2 anthropic-key
      left out:
        3 × assert cost (line 4, 9, …): ask it in the eval: maxCost({ usd })
      "
    `)
  })

  it('shows hostile text inert', () => {
    const left = [{ what: hostile, why: hostile, count: 1, lines: [] }]
    expect(showDatasetImport({ ...done, file: hostile, left }, style)).not.toMatch(alive)
  })
})
