import { diffTraces } from '../../src/replay/diff/diff-traces.ts'
import { buildReport } from '../../src/report/build.ts'
import { renderPage } from '../../src/report/html.ts'
import { hostileSample } from '../../src/report/hostile.sample.ts'
import { samples, sampleRun, sampleTrace, sampleTrial } from '../../src/report/report.sample.ts'
import type { Judgement } from '../../src/schema/judgement.ts'
import { knownTools } from '../../src/schema/known-tools.ts'
import type { ReportEvidence, ReportTraces } from '../../src/schema/report.ts'
import type { Trial } from '../../src/schema/run.ts'
import type { Trace } from '../../src/schema/trace.ts'

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

/** A page of every text in every place where text can stand. */
export function hostilePage(texts: readonly string[]): string {
  const { report, ...beside } = hostileSample(texts)
  return renderPage(report, beside, limit)
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
    model: 'gpt-4o-2024-11-20',
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
