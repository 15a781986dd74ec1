import { diffTraces } from '../../src/replay/diff/diff-traces.ts'
import { buildReport } from '../../src/report/build.ts'
import { renderPage } from '../../src/report/html.ts'
import { samples, sampleRun, sampleTrace, sampleTrial } from '../../src/report/report.sample.ts'
import type { Judgement } from '../../src/schema/judgement.ts'
import { knownTools } from '../../src/schema/known-tools.ts'
import { tally } from '../../src/schema/metric.ts'
import type { ReportEvidence, ReportTraces } from '../../src/schema/report.ts'
import type { Trial } from '../../src/schema/run.ts'
import type { Trace } from '../../src/schema/trace.ts'
import { policy } from '../../src/schema/verdict.ts'

/** Pages for a browser to open: the desk on a bad day with everything a page can show, and one made of hostile text. */

const hash = '0123456789abcdef'
const limit = 20_000_000

/** The bad day of the samples, with recordings beside the traces and a judge that says why. */
export function badDay(): string {
  const { report, traces } = samples()['red'] ?? { report: undefined, traces: {} }
  if (report === undefined) throw new Error('the sample is gone')
  const judged = {
    ...report,
    evalkit: '0.1.0',
    cases: report.cases.map((one) => ({ ...one, trials: one.trials.map((trial) => withJudge(trial)) })),
    judges: [
      {
        name: 'polite',
        gating: false,
        model: 'gpt-4o-2024-11-20',
        fingerprint: hash,
        scored: 24,
        unscored: 0,
        verdicts: 72,
        recorded: 72,
        standing: 'advisory' as const,
      },
    ],
  }
  const evidence: ReportEvidence = {
    recorded: recordedBeside(traces, (id) => sampleTrace(id, true)),
    verdicts: { rebook: votes('rebook', 'polite', 'It says sorry, and offers nothing.') },
  }
  return renderPage(judged, { traces: withReference(traces), evidence }, limit)
}

/** A page of so many cases, a third of which do not pass. */
export function manyCases(count: number): string {
  const trials = Array.from({ length: count }, (_, at) =>
    sampleTrial(`case-${String(at).padStart(5, '0')}`, 0, at % 3 > 0, { tags: [`t${at % 7}`] }),
  )
  return renderPage(
    buildReport({ run: sampleRun({ cases: count, trials: 1 }), trials, metric: 'success' }),
    { traces: {} },
    limit,
  )
}

/** One case for each text, and the text in every place of a report, a trace, a recording and a verdict that takes text. */
export function hostilePage(texts: readonly string[]): string {
  const trials = texts.map((text, at) => hostileTrial(text, at))
  const all = texts.join(' ').slice(0, 4_000)
  const flips = trials.map(({ case: id, category = '' }) => ({
    case: id,
    category,
    baseline: 1,
    candidate: 0,
    hard: true,
    quarantined: true as const,
  }))
  const { verdict: bad } = samples()['red']?.report ?? {}
  if (bad?.comparison === undefined) throw new Error('the sample is gone')
  const run = sampleRun({
    id: all,
    name: all,
    eval: all,
    dataset: all,
    startedAt: all,
    versions: { model: all, prompt: all, tools: all, code: all },
    hashes: { dataset: all, checks: all, fixtures: all, user: all, secondary: { [all]: all } },
  })
  const report = buildReport({
    run,
    trials,
    metric: texts[0] ?? '',
    evalkit: all,
    baselineName: all,
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
    commands: { reproduce: all, record: all, judge: all, accept: all },
    standings: new Map(),
    verdict: {
      word: 'fail',
      sentence: all,
      reasons: texts.map((text) => ({ code: text, what: text, hint: text })),
      comparison: {
        ...bad.comparison,
        metric: texts[0] ?? '',
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
          sides: ['candidate'],
        })),
      },
      categories: texts.map((category) => ({
        category,
        word: 'fail',
        gates: true,
        why: category,
        margin: 0.1,
        cases: 1,
        units: 1,
        baselineMean: 1,
        candidateMean: 0,
        difference: -1,
        lower: -1,
        upper: -0.5,
        p: 0.01,
      })),
      policy: { ...policy.parse({}), metric: all, secondary: { [all]: { margin: 0.1 } } },
    },
  })
  const traces = Object.fromEntries(
    texts.map((text, at) => [`t_${at}`, traceWith(sampleTrace(`t_${at}`, false, text), text)]),
  )
  const evidence = {
    recorded: recordedBeside(traces, (id) => sampleTrace(id, true, `${texts[Number(id.slice(2))]} then`)),
    verdicts: Object.fromEntries(
      trials.map(({ case: id }, at) => [id, votes(id, `judge ${texts[at]}`, texts[at] ?? '')]),
    ),
  }
  return renderPage(report, { traces, evidence }, limit)
}

/** The id of the case that is made of a text. */
export function hostileId(text: string, at: number): string {
  return `h${at} ${text}`
}

function hostileTrial(text: string, at: number): Trial {
  const judged = { ...judgedBy(3), model: text }
  const name = text === '' ? 'x' : text
  return sampleTrial(hostileId(text, at), 0, at % 3 === 0, {
    category: text,
    tags: [text],
    reason: text,
    code: text,
    trace: `t_${at}`,
    status: at % 7 === 1 ? 'aborted' : at % 7 === 2 ? 'failed' : 'completed',
    scores: [
      { name, source: 'check', gating: true, status: 'scored', value: 0, passed: false, reason: text },
      {
        name: `judge ${text}`,
        source: 'judge',
        gating: true,
        status: 'scored',
        value: 1,
        passed: true,
        reason: text,
        judged,
      },
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
}

function withJudge<T extends Pick<Trial, 'scores'>>(trial: T): T {
  const reason = 'It says sorry, and offers nothing. (2 fail, 1 pass)'
  const score = {
    name: 'polite',
    source: 'judge',
    gating: false,
    status: 'scored',
    value: 0,
    passed: false,
  } as const
  return { ...trial, scores: [...trial.scores, { ...score, reason, judged: judgedBy(3) }] }
}

function judgedBy(samples: number) {
  const model = 'gpt-4o-2024-11-20'
  return { fingerprint: hash, criterion: hash, subject: hash, model, samples, agreeing: 2, recorded: samples }
}

function votes(id: string, judge: string, critique: string): Judgement[] {
  return [0, 1, 2].map((sample) => ({
    v: 1,
    kind: 'verdict',
    judge,
    fingerprint: hash,
    criterion: hash,
    case: id,
    subject: hash,
    trial: 0,
    sample,
    verdict: sample === 1 ? 'pass' : 'fail',
    critique,
    model: critique,
    tries: 1,
  }))
}

function recordedBeside(traces: ReportTraces, before: (id: string) => Trace): ReportEvidence['recorded'] {
  return Object.fromEntries(
    Object.entries(traces).map(([id, now]) => {
      const trace = before(id)
      return [id, { trace, diff: diffTraces(trace, now, knownTools()) }]
    }),
  )
}

function withReference(traces: ReportTraces): ReportTraces {
  const toolCalls = [{ name: 'refund_item', arguments: { order: '#W17' } }]
  return Object.fromEntries(
    Object.entries(traces).map(([id, one]) => [
      id,
      { ...one, task: { id: 'refund', reference: { toolCalls, contains: ['12.50'] } } },
    ]),
  )
}

function traceWith(one: Trace, text: string): Trace {
  const toolCalls = [{ name: text === '' ? 'x' : text, arguments: { [text]: text } }]
  return {
    ...one,
    plan: [{ step: text, tool: text }],
    task: { id: text, instruction: text, reference: { toolCalls, contains: [text] } },
  }
}
