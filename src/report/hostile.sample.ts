import { readFileSync } from 'node:fs'
import { tally } from '../schema/metric.ts'
import type { BaselineChange } from '../schema/baseline-change.ts'
import type { Judgement } from '../schema/judgement.ts'
import type { Report, ReportEvidence, ReportTraces } from '../schema/report.ts'
import type { Trial } from '../schema/run.ts'
import type { DiffRow, TraceDiff } from '../schema/trace-diff.ts'
import type { Trace } from '../schema/trace.ts'
import { policy, type Verdict } from '../schema/verdict.ts'
import { buildReport } from './build.ts'
import { compareDesk, sampleRun, sampleTrace, sampleTrial, sampleTrials, scored } from './desk.sample.ts'

/** Sixteen hex digits, as a schema wants them. */
const hash = '0123456789abcdef'

/** The strings of `test/data/report/hostile.json`, the very long one shortened. */
export function hostileTexts(): readonly string[] {
  const file = new URL('../../test/data/report/hostile.json', import.meta.url)
  const corpus = JSON.parse(readFileSync(file, 'utf8')) as readonly { readonly text: string }[]
  return corpus.map(({ text }) => text.slice(0, 200))
}

/** The id of the case that is made of a text. */
export function hostileId(text: string, at: number): string {
  return `h${at} ${text}`
}

/**
 * One case for each text, and the text in every place of a report, a trace, a recording and a verdict where text can stand: also
 * where a schema would refuse it, for reporters hold all the same.
 */
export function hostileSample(texts: readonly string[]): {
  readonly report: Report
  readonly traces: ReportTraces
  readonly evidence: ReportEvidence
} {
  const trials = texts.map(trialOf)
  const all = texts.join(' ').slice(0, 4_000)
  const run = sampleRun({
    id: all,
    name: all,
    eval: all,
    dataset: all,
    versions: { model: all, prompt: all, tools: all, code: all },
    hashes: { dataset: all, checks: all, fixtures: all, user: all, secondary: { [all]: all } },
  })
  const metric = texts[0] ?? ''
  const built = buildReport({
    run,
    trials,
    metric,
    evalkit: all,
    evalFile: all,
    baselineName: all,
    pool: { name: all, runs: 2, trials: 2, cases: 1, why: all },
    baseline: {
      eval: all,
      run: all,
      mode: run.mode,
      hashes: run.hashes,
      versions: run.versions,
      planned: trials.length,
      trials: 1,
      cases: tally(trials),
      accepted: { at: all, by: all, reason: all },
    },
    verdict: verdictOf(texts, trials, metric, all),
    commands: { reproduce: all, record: all, judge: all, accept: all },
  })
  const report = { ...built, baselineChanges: { since: all, changes: changesOf(texts, all) } }
  const traces = Object.fromEntries(texts.map((text, at) => [`t_${at}`, traceOf(text, at)]))
  const evidence = {
    recorded: Object.fromEntries(texts.map((text, at) => [`t_${at}`, recordedOf(text, at)])),
    verdicts: Object.fromEntries(texts.map((text, at) => [hostileId(text, at), votesOf(text, at)])),
  }
  return { report, traces, evidence }
}

function trialOf(text: string, at: number): Trial {
  const passes = at % 3 === 0
  const judged = {
    fingerprint: hash,
    criterion: hash,
    subject: hash,
    model: text,
    samples: 2,
    agreeing: 1,
    recorded: 1,
  }
  const judge = {
    name: `judge ${text}`,
    source: 'judge',
    gating: at % 5 === 0,
    reason: text,
    judged,
  } as const
  return sampleTrial(hostileId(text, at), 0, passes, {
    category: text,
    tags: [text],
    reason: text,
    code: text,
    trace: `t_${at}`,
    status: at % 7 === 1 ? 'aborted' : at % 7 === 2 ? 'failed' : 'completed',
    scores: [
      scored(text === '' ? 'x' : text, passes ? 1 : 0, passes, text),
      at % 2 === 0
        ? { ...judge, status: 'unscored' }
        : { ...judge, status: 'scored', value: 0.5, passed: false },
    ],
    fidelity: { share: 0.5, steps: 5, firstOffTape: 2, counts: { exact: 2, miss: 1 } },
    divergences: [
      {
        step: 2,
        kind: 'request',
        what: text,
        differences: [{ path: text, expected: text, got: { [text]: text } }],
      },
    ],
  })
}

function verdictOf(texts: readonly string[], trials: readonly Trial[], metric: string, all: string): Verdict {
  const flips = trials.map(({ case: id, category = '' }) => ({
    case: id,
    category,
    baseline: 1,
    candidate: 0,
    hard: true,
    quarantined: true as const,
  }))
  const comparison = {
    ...compareDesk(sampleTrials(), sampleTrials()),
    metric,
    broken: flips,
    fixed: flips,
    added: [...texts],
    removed: [...texts],
    edited: [...texts],
    unscored: [...texts],
    inconclusive: texts.map((text) => ({
      case: text,
      baseline: 1,
      candidate: 0.4,
      sides: ['candidate' as const],
    })),
  }
  const part = { word: 'incomparable', gates: true, margin: 0.1 } as const
  const range = { difference: -1, lower: -1, upper: -0.5, p: 0.01, baselineMean: 1, candidateMean: 0 }
  return {
    word: 'fail',
    sentence: all.slice(0, 3_000),
    reasons: texts.map((text) => ({ code: text, what: text, hint: text })),
    comparison,
    secondary: texts.map((text) => ({ ...part, metric: text, why: text })),
    categories: texts.map((text) => ({ ...part, ...range, category: text, why: text, cases: 1, units: 1 })),
    budgets: [{ word: 'incomparable', gates: true, why: all, of: 'costUsd', maxRise: 0.1, cases: 0 }],
    drift: { ...part, release: all, why: all },
    policy: { ...policy.parse({}), metric: all, secondary: { [all]: { margin: 0.1 } } },
  }
}

function changesOf(texts: readonly string[], all: string): BaselineChange[] {
  const decision = { by: all, at: all, reason: all, expires: all, dirty: true } as const
  const moved = { metric: all, broken: [...texts], removed: [...texts], edited: [...texts], decision }
  return [
    { kind: 'baseline', how: 'replaced', ...moved, undecided: all },
    { kind: 'release', how: 'moved', name: all, before: all, decision, undecided: all },
    ...texts.map(
      (text): BaselineChange => ({
        kind: 'calibration',
        judge: text,
        by: text,
        at: text,
        reason: text,
        after: 'refuse',
        j: 0.1,
      }),
    ),
  ]
}

function traceOf(text: string, at: number): Trace {
  const toolCalls = [{ name: text === '' ? 'x' : text, arguments: { [text]: text } }]
  return {
    ...sampleTrace(`t_${at}`, false, text),
    plan: [{ step: text, tool: text }],
    task: { id: text, instruction: text, reference: { toolCalls, contains: [text] } },
  }
}

function recordedOf(text: string, at: number): ReportEvidence['recorded'][string] {
  const trace = sampleTrace(`t_${at}`, true, text)
  const step = { step: 3, span: 's4', kind: 'tool', name: text, says: text, served: 'exact' } as const
  const differences = [{ path: text, left: text, right: { [text]: text } }]
  const rows: DiffRow[] = [
    {
      left: { ...step, kind: 'llm', span: 's3' },
      right: { ...step, kind: 'llm', span: 's3' },
      class: 'identical',
      differences: [],
    },
    { left: step, right: { ...step, failed: true }, class: 'argument drift', note: text, differences },
    { left: step, class: 'write drift', differences: [], movedTo: 0 },
    { right: { ...step, kind: 'human', span: 's2' }, class: 'off-tape', differences: [] },
  ]
  const side = { trace: text, name: text, task: text, status: 'ok', llmCalls: 1, toolCalls: 1 } as const
  const diff: TraceDiff = {
    left: side,
    right: { ...side, status: 'error' },
    severity: 'regression',
    counts: { identical: 1, 'argument drift': 1, 'write drift': 1, 'off-tape': 1 },
    writes: { same: 0, changed: 1, removed: 1, added: 0, reordered: 0 },
    firstDifference: 1,
    firstDivergence: 1,
    ends: differences,
    settings: differences,
    guessed: [{ tool: text, effect: 'write' }],
    rows,
  }
  return { trace, diff }
}

function votesOf(text: string, at: number): Judgement[] {
  return (['fail', 'pass'] as const).map((verdict, sample) => ({
    v: 1,
    kind: 'verdict',
    judge: `judge ${text}`,
    fingerprint: hash,
    criterion: hash,
    case: hostileId(text, at),
    subject: hash,
    trial: 0,
    sample,
    verdict,
    critique: text,
    model: text,
    tries: 1,
  }))
}
