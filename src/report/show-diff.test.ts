import { describe, expect, it } from 'vitest'
import { columnsOf } from '../lib/columns.ts'
import { plain, withoutCommands } from '../lib/text.ts'
import type { RunDiff } from '../schema/run-diff.ts'
import type { DiffRow, DiffStep, TraceDiff } from '../schema/trace-diff.ts'
import { hostileTexts } from './report.sample.ts'
import { showDiff } from './show-diff.ts'
import { showRunDiff } from './show-run-diff.ts'

const style = { colour: false, width: 80 }

function step(number: number, says: string, over: Partial<DiffStep> = {}): DiffStep {
  return { step: number, span: `s${number}`, kind: 'tool', name: 'get_order', effect: 'read', says, ...over }
}

function same(number: number): DiffRow {
  const one = step(number, `get_order(order: "W${number}")`)
  return { left: one, right: one, class: 'identical', differences: [] }
}

const refund = { kind: 'tool', name: 'refund', effect: 'write' } as const

const rows: readonly DiffRow[] = [
  {
    left: step(1, 'Hi!', { kind: 'human', name: 'user' }),
    right: step(1, 'Hello!', { kind: 'human', name: 'user' }),
    class: 'model drift',
    differences: [{ path: 'text', left: 'Hi!', right: 'Hello!' }],
  },
  ...[2, 3, 4, 5, 6].map(same),
  { left: step(7, 'list_rules()'), class: 'commuted', movedTo: 8, differences: [] },
  {
    left: step(8, 'refund(cents: 500)', refund),
    right: step(7, 'refund(cents: 900)', refund),
    class: 'argument drift',
    note: 'without get_stock before it',
    differences: [{ path: 'arguments.cents', left: 500, right: 900 }],
  },
  { right: step(8, 'list_rules()'), class: 'commuted', movedTo: 6, differences: [] },
  { right: step(9, 'refund(cents: 900)', { ...refund, failed: true }), class: 'read drift', differences: [] },
]

const diff: TraceDiff = {
  left: {
    trace: 't_left',
    name: 'shop',
    task: 'refund',
    trial: 0,
    status: 'ok',
    llmCalls: 3,
    toolCalls: 7,
    costUsd: 0.5,
  },
  right: {
    trace: 't_right',
    name: 'shop',
    status: 'ok',
    llmCalls: 4,
    toolCalls: 8,
    costUsd: 0.75,
    durationMs: 12,
  },
  severity: 'divergence',
  counts: { identical: 5, commuted: 1, 'read drift': 1, 'argument drift': 1, 'model drift': 1 },
  writes: { same: 0, changed: 1, removed: 0, added: 0, reordered: 0 },
  firstDifference: 0,
  firstDivergence: 7,
  ends: [
    { path: 'scores.reward', left: 1, right: 0 },
    { path: 'output', left: 'a', right: 'b' },
  ],
  settings: [{ path: 'model', left: 'small', right: 'large' }],
  guessed: [
    { tool: 'refund', effect: 'write' },
    { tool: 'get_order', effect: 'read' },
  ],
  rows: [...rows],
}

describe('showDiff', () => {
  it('sets two runs side by side, folds what is equal, and ends with what it comes to', () => {
    expect(showDiff(diff, style)).toMatchInlineSnapshot(`
      "diff  t_left (shop, task refund, trial 0)
      to    t_right (shop)

       1 user: Hi!                            ~  1 user: Hello!
       2 get_order(order: "W2")               =  2 get_order(order: "W2")
         … 3 equal steps
       6 get_order(order: "W6")               =  6 get_order(order: "W6")
       7 list_rules()                         v
      ── first divergence ────────────────────────────────────────────────────────────
       8 refund(cents: 500)                  !~  7 refund(cents: 900)
         argument drift: without get_stock before it
         arguments.cents  500 → 900
                                              ^  8 list_rules()
                                              +  9 ✗ refund(cents: 900)

      divergence at step 8 (7 on the right): refund with other arguments (without
        get_stock before it)
      writes: 1 changed
      steps:  5 identical, 1 commuted, 1 read drift, 1 argument drift, 1 model drift
      ended:  scores.reward  1 → 0
      asked:  model  "small" → "large"
      took:   3 → 4 model calls · 7 → 8 tool calls · $0.50 → $0.75
      Taken by name: refund for writes, get_order for reads. evals/tools.json says for
        sure what a tool does.
      "
    `)
  })

  it('badges each step by how its reply was found, where that is known', () => {
    const left = step(1, 'get_order()')
    const replayed: DiffRow = {
      left,
      right: { ...left, served: 'exact' },
      class: 'identical',
      differences: [],
    }
    const text = showDiff({ ...diff, rows: [replayed], firstDivergence: undefined }, style)
    expect(text).toMatch(/^ 1 get_order\(\) {2,}= {2}1 exact get_order\(\)$/m)
  })

  it.each([
    ['same', {}, 'identical in every step'],
    ['note', {}, 'no divergence: what was done to the world is the same'],
    ['excluded', { 'off-tape': 2 }, 'identical as far as the tape goes; 2 steps off tape, not judged'],
  ] as const)('%s: one sentence', (severity, counts, sentence) => {
    const { firstDivergence: _, ...rest } = diff
    expect(showDiff({ ...rest, severity, counts, rows: [] }, style)).toContain(sentence)
  })

  it.each([40, 60, 77, 80, 131, 200])('keeps within %i columns (60 at the least)', (width) => {
    const wide = '工具 '.repeat(60)
    const long: DiffRow = {
      left: step(1, wide),
      right: step(2, 'x'.repeat(500)),
      class: 'read drift',
      note: wide,
      differences: [{ path: 'arguments.'.repeat(30), left: wide, right: { [wide]: wide } }],
    }
    const text = showDiff(
      { ...diff, rows: [...rows, long], ends: long.differences, settings: long.differences },
      { ...style, width },
    )
    for (const line of text.split('\n')) expect(columnsOf(line)).toBeLessThanOrEqual(Math.max(60, width))
  })

  it('paints only where colour is wanted', () => {
    expect(showDiff(diff, style)).not.toContain('\u001b')
    expect(showDiff(diff, { ...style, colour: true })).toContain('\u001b[31m')
  })
})

const runs: RunDiff = {
  left: { run: 'run-1', name: 'main', eval: 'shop' },
  right: { run: 'run-2', name: 'branch', eval: 'shop' },
  severity: 'regression',
  counts: { identical: 9, 'write drift': 1 },
  writes: { same: 3, changed: 0, removed: 0, added: 1, reordered: 0 },
  identical: 4,
  trials: [
    {
      case: 'refund',
      trial: 0,
      left: 't_0123456789abcdef',
      right: 't_fedcba9876543210',
      severity: 'regression',
      counts: { 'write drift': 1 },
      writes: { same: 1, changed: 0, removed: 0, added: 1, reordered: 0 },
      ends: [{ path: 'scores.reward', left: 1, right: 0 }],
      first: {
        right: step(4, 'refund()', refund),
        class: 'write drift',
        note: 'written once more than before',
        differences: [],
      },
    },
    {
      case: 'greet',
      trial: 1,
      left: 't_1',
      right: 't_2',
      severity: 'note',
      counts: { 'model drift': 1 },
      writes: { same: 0, changed: 0, removed: 0, added: 0, reordered: 0 },
      ends: [],
      caseChanged: true,
    },
  ],
  uncompared: [{ case: 'lost', trial: 0, reason: 'only the left run has it' }],
  guessed: [],
}

describe('showRunDiff', () => {
  it('lists trials worst first, then what it comes to', () => {
    expect(showRunDiff(runs, { colour: false, width: 120 })).toMatchInlineSnapshot(`
      "diff of run main (run-1) and branch (run-2)

      case    trial  is                 writes  ended         first                             left            right
      ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
      refund      0  regression         +1      reward 1 → 0  refund only on the right (writt…  t_0123456789ab  t_fedcba987654
      greet       1  note (other case)  same                                                    t_1             t_2

      regression: 1 of 6 trials diverge
      trials: 4 identical, 2 not, 1 not compared
      writes: 3 the same, 1 added
      steps: 9 identical, 1 write drift
      not compared: 1 trial, only the left run has it
      Step by step: evalkit diff t_0123456789abcdef t_fedcba9876543210
      "
    `)
  })

  it('lists the worst forty, and says how many more there are', () => {
    const [worst] = runs.trials
    if (worst === undefined) throw new Error('no trial')
    const many = { ...runs, trials: Array.from({ length: 43 }, (_, trial) => ({ ...worst, trial })) }
    expect(showRunDiff(many, style)).toContain('… and 3 trials more (--json lists all)')
  })
})

describe('hostile text', () => {
  it.each(hostileTexts().map((text, at) => [at, text] as const))('%i is inert', (_, text) => {
    const bad = step(1, text, { name: text })
    const row: DiffRow = {
      left: bad,
      right: { ...bad, step: 2 },
      class: 'write drift',
      note: text,
      differences: [{ path: text, left: text, right: [text] }],
    }
    const shown = [
      showDiff(
        {
          ...diff,
          left: { ...diff.left, name: text, trace: text, task: text },
          rows: [row],
          firstDivergence: 0,
          ends: row.differences,
          settings: row.differences,
          guessed: [{ tool: text, effect: 'write' }],
        },
        style,
      ),
      showRunDiff(
        {
          ...runs,
          left: { run: text, name: text, eval: text },
          trials: runs.trials.map((trial) => ({
            ...trial,
            case: text,
            left: text,
            first: row,
            ends: row.differences,
          })),
          uncompared: [{ case: text, trial: 0, reason: text }],
          guessed: [{ tool: text, effect: 'write' }],
        },
        style,
      ),
    ]
    for (const out of shown) {
      expect(plain(out)).toBe(out)
      expect(withoutCommands(out)).toBe(out)
    }
  })
})
