import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Report } from '../schema/report.ts'
import { buildReport } from './build.ts'
import { commentOf, crashComment, markerOf } from './comment.ts'
import { fitted } from './fitting.ts'
import { reporters } from './index.ts'
import { describeReporter, harmlessMarkdown } from './report.contract.ts'
import { hostileTexts, sampleRun, samples, sampleTrial } from './report.sample.ts'
import { summaryOf } from './summary.ts'

describeReporter(reporters.comment, { extension: 'comment.md', inert: harmlessComment, most: 60_000 })
describeReporter(reporters.summary, { extension: 'summary.md', inert: harmlessMarkdown, most: 1_000_000 })

const options = { style: { colour: false, width: 1 }, traces: {} }
const marker = '<!-- evalkit:report suite=refund-desk -->'
const all = samples()

/** Nothing does anything but our marker, which is the last line and stands nowhere else. */
function harmlessComment(text: string): void {
  const lines = text.trimEnd().split('\n')
  expect(lines.pop()).toMatch(/^<!-- evalkit:report suite=[a-z0-9._-]+ -->$/)
  harmlessMarkdown(`${lines.join('\n')}\n`)
}

describe('comment', () => {
  it('begins with a sentence that stands alone in an e-mail', () => {
    const [first] = reporters.comment.render(sample('red'), options).split('\n')
    expect(first).toMatch(/^### ❌ FAIL · refund-desk · regression: -\d/)
  })

  it('shows what broke before what was fixed, and how to look at the first of it', () => {
    const text = reporters.comment.render(sample('red'), options)
    const order = [
      '| metric | base | this PR |',
      '6 cases</b> got worse',
      'evalkit run refund-desk --case rebook',
      'evalkit baseline accept',
      'Why this verdict',
      '1 case got better',
      marker,
    ]
    const places = order.map((part) => text.indexOf(part.replace('6 cases</b>', '6 cases')))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  it('says at which step a broken case first did something else than recorded', () => {
    const broken = sample('red')
    const at = { step: 3, kind: 'request', what: 'the prompt is another', differences: [] } as const
    const cases = broken.cases.map((found) => ({
      ...found,
      trials: found.trials.map((trial) => ({ ...trial, divergences: [{ ...at, step: 7 }, at] })),
    }))
    expect(reporters.comment.render({ ...broken, cases }, options)).toContain(
      'first other than recorded at step 3: the prompt is another',
    )
  })

  it('shows what the gate was asked beside its metric, and that a flip is in quarantine', () => {
    const red = sample('red')
    const comparison = red.verdict?.comparison
    if (red.verdict === undefined || comparison === undefined) throw new Error('the sample has a comparison')
    const { baselineMean, candidateMean, difference, lower, upper } = comparison
    const means = { baselineMean, candidateMean, difference, lower, upper }
    const verdict = {
      ...red.verdict,
      comparison: {
        ...comparison,
        broken: comparison.broken.map((flip) => ({ ...flip, quarantined: true as const })),
      },
      secondary: [{ word: 'inconclusive', gates: false, metric: 'tone', margin: 0.05, comparison }],
      categories: [
        { word: 'fail', gates: true, category: '@edge', margin: 0.05, cases: 8, units: 8, p: 0.01, ...means },
      ],
      budgets: [
        {
          word: 'pass',
          gates: true,
          of: 'costUsd',
          maxRise: 0.1,
          cases: 12,
          baseline: 0.021,
          candidate: 0.018,
          ratio: 0.857,
          lower: 0.84,
          upper: 0.88,
        },
        {
          word: 'incomparable',
          gates: true,
          of: 'durationMs',
          maxRise: 0.1,
          cases: 0,
          why: 'nobody @timed it',
        },
      ],
    } satisfies Report['verdict']
    const text = reporters.comment.render({ ...red, verdict }, options)
    expect(text).toContain('| cost a trial | $0.0210 | $0.0180 | **-14 %** | -16 % … -12 % | ✅ PASS |')
    expect(text).toContain('| time a trial | – | – | – | – | ⚪ INCOMPARABLE: nobody @&#8203;timed it |')
    expect(text).toMatch(/\| @&#8203;edge \| 83\.3 % \| 41\.7 % \| \*\*-41\.7\*\* \|.*❌ FAIL \|/)
    expect(text).toMatch(/\| tone \(shown only\) \| 83\.3 % \|.*⚪ INCONCLUSIVE \(shown only\) \|/)
    expect(text).toContain('(in quarantine)')
    harmlessComment(text)
  })

  it('shows several runs as one, the worst first', () => {
    const green = { ...sample('green'), eval: 'bookings' }
    const text = commentOf([green, sample('red')], { suite: 'evals' })
    expect(text).toMatch(/^### ❌ FAIL · refund-desk/)
    expect(text).toMatch(/\| eval \|.*\n.*\n\| refund-desk \|.*❌ FAIL \|\n\| bookings \|.*✅ PASS \|/)
    expect(text.endsWith(`${markerOf('evals')}\n`)).toBe(true)
  })

  it('is no pass where there is nothing to show', () => {
    expect(commentOf([], { suite: 'evals' })).toMatch(/INVALID · there is no eval/)
  })

  it('drops whole sections where the budget is small, and keeps title and marker', () => {
    const text = commentOf([sample('red')], { suite: 'refund-desk', budget: 1_200 })
    expect(text.length).toBeLessThanOrEqual(1_200)
    expect(text).toContain('❌ FAIL')
    expect(text).toContain('Sections were left out')
    expect(text.match(/<details/g)?.length).toBe(text.match(/<\/details>/g)?.length)
    expect(text.endsWith(`${marker}\n`)).toBe(true)
  })

  it('says that a run ended without a verdict', () => {
    const text = crashComment('refund-desk', 'EVK_STORE_OPEN @everyone <b>', 'Check the path.')
    expect(text).toMatch(/INVALID · refund-desk · the run ended without a verdict: EVK\\_STORE\\_OPEN/)
    expect(text.endsWith(`${marker}\n`)).toBe(true)
    harmlessComment(text)
  })

  it('has a marker that no suite and no content can forge', () => {
    expect(markerOf('refund-desk')).toBe(marker)
    const forged = 'a --> <!-- evalkit:report suite=refund-desk -->'
    expect(markerOf(forged)).toMatch(/^<!-- evalkit:report suite=[a-z0-9._-]+ -->$/)
    expect(markerOf(forged)).not.toBe(marker)
    for (const text of [...hostileTexts(), forged, `x\n${marker}`, `\`${marker}`, `\`\`\`\n${marker}`]) {
      const rendered = reporters.comment.render(everywhere(text), options)
      harmlessComment(rendered)
      const markers = rendered.match(/<!--/g) ?? []
      expect(markers).toHaveLength(1)
      harmlessComment(crashComment(text, text, text))
    }
  })
})

describe('comment and summary, whatever a report holds', () => {
  const text = fc.oneof(
    fc.constantFrom(...hostileTexts(), '@'.repeat(5_000), '://'.repeat(2_000), '`'.repeat(3_000)),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .tuple(fc.constantFrom(...hostileTexts()), fc.integer({ min: 1, max: 400 }))
      .map(([t, n]) => t.repeat(n)),
  )
  const shape = fc.record({
    text,
    cases: fc.integer({ min: 0, max: 120 }),
    reasons: fc.integer({ min: 0, max: 300 }),
    metrics: fc.integer({ min: 1, max: 40 }),
    judges: fc.integer({ min: 0, max: 30 }),
  })

  it('are never longer than GitHub takes, and never lose title or marker', () => {
    fc.assert(
      fc.property(shape, (given) => {
        const report = everywhere(given.text, given)
        const several = commentOf([report, sample('red'), report], { suite: 'evals' })
        for (const body of [several, reporters.comment.render(report, options)]) {
          expect(body.length).toBeLessThanOrEqual(60_000)
          expect(body).toMatch(/^### /)
          expect(body).toMatch(/<!-- evalkit:report suite=[a-z0-9._-]+ -->\n$/)
        }
        expect(reporters.markdown.render(report, options).length).toBeLessThanOrEqual(60_000)
        const page = reporters.summary.render(report, options)
        expect(Buffer.byteLength(page)).toBeLessThanOrEqual(1_048_576)
        expect(Buffer.byteLength(summaryOf(report, 80_000))).toBeLessThanOrEqual(80_000)
      }),
      { seed: 42, numRuns: 30 },
    )
  })

  it('reaches the limit, so that this says something', () => {
    const big = everywhere('ü '.repeat(400), { cases: 300, reasons: 600, metrics: 31, judges: 30 })
    expect(reporters.comment.render(big, options)).toContain('Sections were left out')
    expect(Buffer.byteLength(reporters.summary.render(big, options))).toBeGreaterThan(500_000)
  })
})

describe('fitted', () => {
  it('keeps sections whole, leaves out what does not fit, and says so only then', () => {
    const text = { head: ['head'], sections: ['first', '', 'x'.repeat(50), 'last'], note: 'more', budget: 40 }
    expect(fitted({ ...text, tail: ['end'] })).toBe('head\n\nfirst\n\nlast\n\nmore\n\nend\n')
    expect(fitted({ ...text, budget: 200 })).toBe(`head\n\nfirst\n\n${'x'.repeat(50)}\n\nlast\n`)
  })
})

function sample(name: string): Report {
  const found = all[name]
  if (found === undefined) throw new Error(`there is no sample ${name}`)
  return found.report
}

/** One text wherever a report can hold one, as often as asked for. */
function everywhere(
  text: string,
  {
    cases = 3,
    reasons = 2,
    metrics = 1,
    judges = 0,
  }: Partial<Record<'cases' | 'reasons' | 'metrics' | 'judges', number>> = {},
): Report {
  const red = sample('red')
  const ids = Array.from({ length: cases }, (_, at) => `${text}${at}`)
  const trials = ids.flatMap((id, at) =>
    [0, 1].map((number) =>
      sampleTrial(id, number, number === 0 && at % 4 === 0, {
        category: id,
        reason: text,
        code: text,
        status: at % 3 === 1 ? 'aborted' : at % 3 === 2 ? 'failed' : 'completed',
        fidelity: { share: 0.5, steps: 5, firstOffTape: 3, counts: { exact: 2, miss: 1 } },
        scores: Array.from({ length: metrics }, (_, n) => ({
          name: `${text}${n}`,
          source: 'check',
          gating: true,
          status: 'scored',
          value: 0,
          passed: number === 0 && at % 4 === 0,
          reason: text,
        })),
        divergences: [{ step: 3, kind: 'miss', what: text, differences: [] }],
      }),
    ),
  )
  const flips = ids.map((id) => ({ case: id, baseline: 1, candidate: 0, hard: true }))
  const comparison = red.verdict?.comparison
  const report = buildReport({
    run: sampleRun({ name: text, eval: text, dataset: text, versions: { model: text, prompt: text } }),
    trials,
    verdict: red.verdict && {
      ...red.verdict,
      sentence: text,
      reasons: Array.from({ length: reasons }, () => ({ code: text, what: text, hint: text })),
      ...(comparison === undefined
        ? {}
        : {
            comparison: { ...comparison, broken: flips, fixed: flips, added: ids, removed: ids, edited: ids },
          }),
    },
    baselineName: text,
    metric: 'success',
    commands: { reproduce: text, record: text, accept: text },
  })
  const judge = {
    name: text,
    gating: true,
    model: text,
    fingerprint: text,
    scored: 1,
    unscored: 0,
    verdicts: 1,
    recorded: 1,
  }
  return { ...report, judges: Array.from({ length: judges }, () => judge) }
}
