import { pairedInterval } from '../lib/stats/paired-interval.ts'
import type { Json } from '../schema/json.ts'
import { textMessage, toolMessage } from '../schema/message.ts'
import { tally } from '../schema/metric.ts'
import type { Run, Tallies, Trial } from '../schema/run.ts'
import type { Score } from '../schema/score.ts'
import type { Span, Trace } from '../schema/trace.ts'
import type { Comparison } from '../schema/verdict.ts'

/** An airline's refund desk, for tests: its runs, trials and traces. */

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

/** What a gate would say of two runs of the desk, where a case below a fidelity of 0.8 is not compared. */
export function compareDesk(trials: readonly Trial[], before: readonly Trial[]): Comparison {
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

/** Trials of the desk as a baseline holds them. */
export function talliesOf(trials: readonly Trial[]): Tallies {
  const { eval: name, id, mode, hashes, versions, cases, trials: each } = sampleRun()
  return { eval: name, run: id, mode, hashes, versions, planned: cases, trials: each, cases: tally(trials) }
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

/** A score of a check. */
export function scored(name: string, value: number, passed: boolean, reason?: string): Score {
  const base = { name, source: 'check', gating: true, status: 'scored', value, passed } as const
  return reason === undefined ? base : { ...base, reason }
}
