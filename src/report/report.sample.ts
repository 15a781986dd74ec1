import { readFileSync } from 'node:fs'
import { pairedInterval } from '../lib/stats/paired-interval.ts'
import type { Json } from '../schema/json.ts'
import { textMessage, toolMessage } from '../schema/message.ts'
import { tally } from '../schema/metric.ts'
import type { Report, ReportTraces } from '../schema/report.ts'
import type { Run, Tallies, Trial } from '../schema/run.ts'
import type { Score } from '../schema/score.ts'
import type { Span, Trace } from '../schema/trace.ts'
import { type Comparison, policy, type Reason, type Verdict, type VerdictWord } from '../schema/verdict.ts'
import { buildReport } from './build.ts'
import { points } from './format.ts'

/** Reports with a theme, for tests: an airline's refund desk, on a good day, a bad day and all days between. */

export interface Sample {
  readonly report: Report
  readonly traces: ReportTraces
}

const desk = [
  'cancel',
  'double-charge',
  'lost-bag',
  'name-change',
  'pet',
  'rebook',
  'refund-late',
  'refund-partial',
  'refund-twice',
  'seat',
  'upgrade',
  'wheelchair',
] as const

export function sampleRun(change: Partial<Run> = {}): Run {
  return {
    v: 1,
    id: 'run-0123456789ab',
    name: 'refund-desk',
    eval: 'refund-desk',
    dataset: 'refunds',
    mode: { llm: 'recorded', tools: 'recorded' },
    hashes: { dataset: 'd0d0d0d0d0d0d0d0', checks: 'c0c0c0c0c0c0c0c0', fixtures: 'f0f0f0f0f0f0f0f0' },
    versions: { model: 'gpt-4o-2024-08-06', prompt: 'v7' },
    cases: desk.length,
    trials: 2,
    startedAt: '2025-03-01T09:00:00.000Z',
    finishedAt: '2025-03-01T09:00:01.240Z',
    status: 'finished',
    ...change,
  }
}

export function sampleTrial(id: string, number: number, passes: boolean, change: Partial<Trial> = {}): Trial {
  return {
    run: 'run-0123456789ab',
    case: id,
    caseHash: 'abcdabcdabcdabcd',
    trial: number,
    category: id.startsWith('refund') ? 'happy' : 'edge',
    tags: id.startsWith('refund') ? ['money'] : [],
    status: 'completed',
    scores: [
      passes
        ? scored('toolCalls', 1, true)
        : scored('toolCalls', 0, false, 'step 4 called refund_full({"order": "#W17"}), expected refund_item'),
      { ...scored('tone', passes ? 0.9 : 0.7, passes, 'friendly enough'), gating: false },
    ],
    fidelity: { share: 1, steps: 5, counts: { exact: 4, normalized: 1 } },
    divergences: [],
    usage: { input: 1_204, cacheRead: 300, cacheWrite: 0, output: 85 },
    costUsd: 0.0041,
    durationMs: 12,
    trace: `t_${id}-${number}`,
    ...change,
  }
}

/** Every case of the desk, twice; cases in `failing` fail every trial. */
export function sampleTrials(failing: readonly string[] = []): Trial[] {
  return desk.flatMap((id) => [0, 1].map((number) => sampleTrial(id, number, !failing.includes(id))))
}

/** The samples every reporter must show well. */
export function samples(): Record<string, Sample> {
  return {
    green: green(),
    red: red(),
    inconclusive: inconclusive(),
    aborted: aborted(),
    drifted: drifted(),
    first: first(),
    empty: empty(),
    hostile: hostile(),
  }
}

function green(): Sample {
  const trials = sampleTrials(['lost-bag'])
  return compared(trials, sampleTrials(['lost-bag']), 'pass', (numbers) => `no regression: ${numbers}`, [
    { code: 'no-regression', what: 'The lower bound is above the limit.' },
  ])
}

function red(): Sample {
  const trials = sampleTrials([
    'rebook',
    'refund-late',
    'refund-partial',
    'refund-twice',
    'seat',
    'upgrade',
    'lost-bag',
  ])
  return compared(
    trials,
    sampleTrials(['lost-bag', 'cancel']),
    'fail',
    (numbers) => `regression: ${numbers}; 6 cases broke, 1 was fixed of 12`,
    [
      {
        code: 'regression',
        what: 'Paired over 12 cases, the upper bound is below 0: the drop is real.',
        hint: 'Look at the broken cases; if the drop is wanted, accept a new baseline with a reason.',
      },
      { code: 'hard-break', what: '6 cases passed every baseline trial and fail every trial now.' },
    ],
  )
}

function inconclusive(): Sample {
  const trials = sampleTrials(['lost-bag', 'rebook'])
  return compared(
    trials,
    sampleTrials(['lost-bag']),
    'inconclusive',
    (numbers) => `inconclusive: ${numbers}`,
    [
      {
        code: 'undecided',
        what: 'The interval holds both no drop and one beyond the limit.',
        hint: 'Add cases: 45 unchanged ones are the least that can pass at 5 points.',
      },
    ],
  )
}

function aborted(): Sample {
  const missed = {
    status: 'aborted',
    code: 'EVK_FIXTURE_MISS',
    reason:
      'the fixture does not hold tool search_orders({"customer": "c_71"}); nearest: {"customer": "c_17"}',
    scores: [],
    fidelity: { share: 0.4, steps: 5, firstOffTape: 3, counts: { exact: 2, miss: 1 } },
    divergences: [
      {
        step: 3,
        kind: 'miss',
        what: 'tool search_orders was asked for another customer than in the recording',
        differences: [{ path: 'arguments.customer', expected: 'c_17', got: 'c_71' }],
      },
    ],
  } as const
  const crashed = {
    status: 'failed',
    reason: 'the agent threw: TypeError: order is undefined',
    scores: [],
  } as const
  const trials = sampleTrials().map((trial) => {
    if (trial.case === 'rebook') return { ...trial, ...missed }
    return trial.case === 'upgrade' && trial.trial === 1 ? { ...trial, ...crashed } : trial
  })
  const sentence = 'invalid: 2 of 24 trials are unscored, more than the 2 % the policy allows'
  return compared(trials, sampleTrials(), 'invalid', () => sentence, [
    {
      code: 'too-many-unscored',
      what: '2 of 24 trials are unscored (8.3 %), more than 2 %.',
      hint: 'Record the new behaviour: evalkit run refund-desk --llm live --record',
    },
  ])
}

/** A new model, live: it asks some things nobody recorded, and two cases cannot be compared any more. */
function drifted(): Sample {
  const mode = { llm: 'cached', tools: 'recorded' } as const
  const far = { share: 0.5, steps: 8, firstOffTape: 4, counts: { exact: 1, live: 5, simulated: 1 } } as const
  const stale = { share: 0.75, steps: 8, counts: { exact: 3, 'stale-state': 1, live: 4 } } as const
  const near = { share: 1, steps: 7, counts: { exact: 3, live: 3, cached: 1 } } as const
  const trials = sampleTrials(['lost-bag']).map((trial): Trial => {
    if (trial.case === 'rebook') return { ...trial, fidelity: far, divergences: [asked] }
    if (trial.case === 'pet') return { ...trial, fidelity: stale }
    return { ...trial, fidelity: near }
  })
  const what = '2 cases left the recording: outside the difference: pet (run 75.0 %), rebook (run 50.0 %).'
  return compared(
    trials,
    sampleTrials(['lost-bag']),
    'inconclusive',
    (numbers) => `inconclusive: ${numbers}`,
    [
      {
        code: 'cases-inconclusive',
        what,
        hint: 'Record the new behaviour: promote a new trace of these cases.',
      },
    ],
    { mode },
  )
}

const asked: Trial['divergences'][number] = {
  step: 4,
  kind: 'miss',
  what: 'tool search_flights was asked for another day than in the recording',
  differences: [{ path: 'arguments.day', expected: '2025-03-02', got: '2025-03-03' }],
}

function first(): Sample {
  const trials = sampleTrials(['lost-bag'])
  const report = buildReport({
    run: sampleRun(),
    trials,
    verdict: {
      word: 'not gated',
      sentence: 'not gated: there is no baseline to compare with',
      reasons: [
        {
          code: 'no-baseline',
          what: 'There is no baseline to compare with.',
          hint: 'Look at the run, then: evalkit baseline accept --run refund-desk --reason "…"',
        },
      ],
      policy: policy.parse({}),
    },
    metric: 'success',
    commands: { accept: 'evalkit baseline accept --run refund-desk --reason "first baseline"' },
  })
  return { report, traces: tracesOf(trials) }
}

function empty(): Sample {
  const run = sampleRun({ cases: 0, trials: 1, versions: {}, finishedAt: '2025-03-01T09:00:00.002Z' })
  const verdict: Verdict = {
    word: 'invalid',
    sentence: 'invalid: the run has no cases',
    reasons: [
      { code: 'no-cases', what: 'The run has no cases.', hint: 'Does --case or --tag select anything?' },
    ],
    policy: policy.parse({}),
  }
  return { report: buildReport({ run, trials: [], verdict, metric: 'success' }), traces: {} }
}

/** One case for every string of the corpus, and the string wherever a string can stand. */
function hostile(): Sample {
  const corpus = hostileTexts()
  const trials = corpus.flatMap((text, index) => {
    const id = `h${index} ${text}`
    const trial = sampleTrial(id, 0, index % 3 === 0, {
      category: text,
      tags: [text],
      reason: text,
      code: text,
      trace: `t_${index}`,
      status: index % 7 === 1 ? 'aborted' : index % 7 === 2 ? 'failed' : 'completed',
      scores: [
        scored(text === '' ? 'x' : text, index % 3 === 0 ? 1 : 0, index % 3 === 0, text),
        { name: `judge ${text}`, source: 'judge', gating: index % 5 === 0, status: 'unscored', reason: text },
      ],
      divergences: [
        {
          step: 1,
          kind: 'request',
          what: text,
          differences: [{ path: text, expected: text, got: { [text]: text } }],
        },
      ],
    })
    return [trial]
  })
  const all = corpus.join(' ')
  const flips = trials.map(({ case: id, category = '' }) => ({
    case: id,
    category,
    baseline: 1,
    candidate: 0,
    hard: true,
  }))
  const verdict: Verdict = {
    word: 'fail',
    sentence: all.slice(0, 3_000),
    reasons: corpus.map((text) => ({ code: text, what: text, hint: text })),
    comparison: {
      ...compareDesk(sampleTrials(), sampleTrials()),
      metric: corpus[0] ?? '',
      broken: flips,
      fixed: flips,
      added: [...corpus],
      removed: [...corpus],
      edited: [...corpus],
      unscored: [...corpus],
      inconclusive: corpus.map((text) => ({ case: text, baseline: 1, candidate: 0.4, sides: ['candidate'] })),
    },
    policy: policy.parse({}),
  }
  const run = sampleRun({
    name: all,
    eval: all,
    dataset: all,
    versions: { model: all, prompt: all, tools: all, code: all },
  })
  const report = buildReport({
    run,
    trials,
    verdict,
    baselineName: all,
    metric: corpus[0] ?? '',
    commands: { reproduce: all, record: all, accept: all },
  })
  const traces = Object.fromEntries(
    corpus.map((text, index) => [`t_${index}`, sampleTrace(`t_${index}`, false, text)]),
  )
  return { report, traces }
}

/** The strings of `test/data/report/hostile.json`, the very long one shortened. */
export function hostileTexts(): readonly string[] {
  const file = new URL('../../test/data/report/hostile.json', import.meta.url)
  const corpus = JSON.parse(readFileSync(file, 'utf8')) as readonly { readonly text: string }[]
  return corpus.map(({ text }) => text.slice(0, 200))
}

function compared(
  trials: readonly Trial[],
  before: readonly Trial[],
  word: VerdictWord,
  say: (numbers: string) => string,
  reasons: readonly Reason[],
  change: Partial<Run> = {},
): Sample {
  const comparison = compareDesk(trials, before)
  const { difference, lower, upper } = comparison
  const sentence = say(
    `${points(difference)} points (90 % CI ${points(lower)} to ${points(upper)}), limit -5`,
  )
  const worst = comparison.broken[0]?.case
  const report = buildReport({
    run: sampleRun(change),
    trials,
    verdict: { word, sentence, reasons: [...reasons], comparison, policy: policy.parse({}) },
    baseline: talliesOf(before),
    baselineName: 'evals/refund-desk.baseline.json',
    metric: 'success',
    commands: {
      ...(worst === undefined ? {} : { reproduce: `evalkit run refund-desk --case ${worst}` }),
      record: 'evalkit run refund-desk --llm live --record',
      accept: 'evalkit baseline accept --run refund-desk --reason "…"',
    },
  })
  return { report, traces: tracesOf(trials) }
}

function compareDesk(trials: readonly Trial[], before: readonly Trial[]): Comparison {
  const mean = (of: readonly Trial[], id: string): number => {
    const sums = tally(of).find((it) => it.case === id)?.metrics.success
    return sums === undefined ? Number.NaN : sums.sum / sums.n
  }
  const shares = new Map(tally(trials).map(({ case: id, fidelity }) => [id, fidelity]))
  const all = desk.map((id) => {
    const [baseline, candidate] = [mean(before, id), mean(trials, id)]
    return { case: id, baseline, candidate, hard: Math.abs(candidate - baseline) === 1 }
  })
  const scored = all.filter((flip) => !Number.isNaN(flip.candidate))
  const flips = scored.filter((flip) => (shares.get(flip.case) ?? 0) >= 0.8)
  const average = (of: readonly number[]): number => of.reduce((sum, value) => sum + value, 0) / of.length
  const { difference, lower, upper } = pairedInterval(
    flips.map(({ baseline, candidate }) => ({ size: 1, difference: candidate - baseline })),
  )
  return {
    metric: 'success',
    margin: 0.05,
    cases: flips.length,
    units: flips.length,
    common: all.length,
    clustered: false,
    baselineMean: average(flips.map((flip) => flip.baseline)),
    candidateMean: average(flips.map((flip) => flip.candidate)),
    difference,
    lower,
    upper,
    detectable: 0.42,
    broken: flips.filter((flip) => flip.candidate < flip.baseline),
    fixed: flips.filter((flip) => flip.candidate > flip.baseline),
    added: [],
    removed: [],
    edited: [],
    unscored: all.filter((flip) => Number.isNaN(flip.candidate)).map((flip) => flip.case),
    inconclusive: scored
      .filter((flip) => !flips.includes(flip))
      .map(({ case: id }) => ({
        case: id,
        baseline: 1,
        candidate: shares.get(id) ?? 0,
        sides: ['candidate'],
      })),
  }
}

function talliesOf(trials: readonly Trial[]): Tallies {
  const { eval: name, id, mode, hashes, versions, cases, trials: each } = sampleRun()
  return { eval: name, run: id, mode, hashes, versions, planned: cases, trials: each, cases: tally(trials) }
}

/** The first trial of one case that often breaks and of one that often holds: enough to look at. */
function tracesOf(trials: readonly Trial[]): ReportTraces {
  const shown = trials.filter((trial) => trial.trial === 0 && ['rebook', 'cancel'].includes(trial.case))
  return Object.fromEntries(
    shown.map((trial) => {
      const id = trial.trace ?? ''
      return [
        id,
        sampleTrace(
          id,
          trial.scores.every((score) => score.status === 'scored' && score.passed),
        ),
      ]
    }),
  )
}

/** A customer wants a refund; `passes` decides which tool the agent calls, `text` stands wherever text can. */
export function sampleTrace(id: string, passes: boolean, text?: string): Trace {
  const say = (words: string): string => text ?? words
  const order: Json = text === undefined ? { order: '#W17' } : { order: text, [text]: text }
  const refund = say(passes ? 'refund_item' : 'refund_full')
  const asked = textMessage(
    'user',
    say('Hi, one of the two cups in order #W17 came broken. I want my money back for it.'),
  )
  const lookUp = { type: 'tool_call', id: 'call_1', name: say('get_order'), arguments: order } as const
  const first = {
    role: 'assistant',
    parts: [
      { type: 'reasoning', content: say('I need the order first.') },
      { type: 'text', content: say('Let me look.') },
      lookUp,
    ],
  } as const
  const found: Json = text ?? {
    order: '#W17',
    status: 'delivered',
    items: [
      { sku: 'cup', price: 12.5 },
      { sku: 'cup', price: 12.5 },
    ],
  }
  const second = {
    role: 'assistant',
    parts: [{ type: 'tool_call', id: 'call_2', name: refund, arguments: order }],
  } as const
  const refused: Json = say(passes ? 'refunded 12.50 USD' : 'Error: a full refund needs an approval')
  const answer = textMessage(
    'assistant',
    say(passes ? 'I refunded 12.50 USD.' : 'I am sorry, that did not work.'),
  )
  const usage = { input: 402, cacheRead: 100, cacheWrite: 0, output: 28 }
  const system = [
    { type: 'text', content: say('You are the refund desk. Refund what is broken, nothing else.') },
  ] as const
  const base = { parent: 's1', status: 'ok' } as const
  const spans: Span[] = [
    { id: 's1', parent: null, kind: 'agent', name: say('refund desk'), status: 'ok' },
    {
      ...base,
      id: 's2',
      kind: 'human',
      name: 'user',
      request: { name: 'user' },
      reply: { message: asked },
      served: 'exact',
    },
    {
      ...base,
      id: 's3',
      kind: 'llm',
      name: say('gpt-4o'),
      served: 'exact',
      durationMs: 812,
      request: { model: say('gpt-4o'), system, messages: [asked] },
      reply: { message: first, usage, costUsd: 0.0021, finishReason: say('tool_calls') },
    },
    {
      ...base,
      id: 's4',
      kind: 'tool',
      name: say('get_order'),
      served: 'normalized',
      durationMs: 35,
      request: { name: say('get_order'), arguments: order, id: 'call_1' },
      reply: { response: found, isError: false },
    },
    {
      ...base,
      id: 's5',
      kind: 'llm',
      name: say('gpt-4o'),
      served: 'exact',
      durationMs: 640,
      request: {
        model: say('gpt-4o'),
        system,
        messages: [asked, first, toolMessage('call_1', say('get_order'), found, false)],
      },
      reply: { message: second, usage, costUsd: 0.002 },
    },
    {
      ...base,
      id: 's6',
      kind: 'tool',
      name: refund,
      status: passes ? 'ok' : 'error',
      ...(passes
        ? {}
        : { error: { type: say('ToolError'), message: say('a full refund needs an approval') } }),
      served: 'exact',
      durationMs: 50,
      request: { name: refund, arguments: order, id: 'call_2' },
      reply: { response: refused, isError: !passes },
    },
    {
      ...base,
      id: 's7',
      kind: 'llm',
      name: say('gpt-4o'),
      served: 'exact',
      durationMs: 598,
      request: { model: say('gpt-4o'), system, messages: [asked, first, second] },
      reply: { message: answer, usage },
    },
  ]
  return {
    v: 1,
    id,
    name: say('refund desk'),
    source: { format: 'sample', at: say('sample#1') },
    startedAt: '2025-03-01T08:00:00.000Z',
    durationMs: 2_310,
    status: 'ok',
    ended: say('user_stop'),
    task: { id: say('refund-late'), instruction: say('You want money back for one cup.') },
    trial: 0,
    versions: {},
    tags: [say('money')],
    attributes: {},
    usage: { input: 1_206, cacheRead: 300, cacheWrite: 0, output: 84 },
    costUsd: 0.0041,
    scores: [scored(say('reward'), passes ? 1 : 0, passes)],
    spans,
  }
}

function scored(name: string, value: number, passed: boolean, reason?: string): Score {
  const base = { name, source: 'check', gating: true, status: 'scored', value, passed } as const
  return reason === undefined ? base : { ...base, reason }
}
