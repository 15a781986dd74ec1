import { describe, expect, it } from 'vitest'
import { columnsOf } from '../lib/columns.ts'
import { report as reportSchema } from '../schema/report.ts'
import { buildReport } from './build.ts'
import { script } from './html-script.ts'
import { css } from './html-style.ts'
import { renderPage } from './html.ts'
import { reporters } from './index.ts'
import { describeReporter, harmlessHtml, harmlessInALog, harmlessMarkdown } from './report.contract.ts'
import { sampleRun, samples, sampleTrace, sampleTrial } from './report.sample.ts'

describeReporter(reporters.terminal, { extension: 'txt', inert: harmlessInALog, most: 5_000 })
describeReporter(reporters.json, { extension: 'json', inert: harmlessInALog, most: 10_000_000 })
describeReporter(reporters.markdown, { extension: 'md', inert: harmlessMarkdown, most: 60_000 })
describeReporter(reporters.html, {
  extension: 'html',
  inert: harmlessHtml,
  most: 20_000_000,
  asGolden: (page) =>
    page
      .replace(css, () => '/* html-style.ts */')
      .replace(script, () => '/* html-script.ts */')
      .replaceAll(/sha256-[\w+/]{43}=/g, 'sha256-…'),
})

describe('terminal', () => {
  it('keeps within the width, whatever it is, but for commands to copy', () => {
    for (const { report } of Object.values(samples())) {
      for (const width of [60, 80, 120]) {
        const text = reporters.terminal.render(report, { style: { colour: false, width }, traces: {} })
        const long = text.split('\n').filter((line) => columnsOf(line) > width)
        expect(long.filter((line) => !/^(?:reproduce|record|judge|accept) /.test(line))).toEqual([])
      }
    }
  })

  it('says the same with and without colour', () => {
    const sgr = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g')
    for (const { report } of Object.values(samples())) {
      const [bare, coloured] = [false, true].map((colour) =>
        reporters.terminal.render(report, { style: { colour, width: 100 }, traces: {} }),
      )
      expect(coloured).not.toBe(bare)
      expect(linesOf(coloured?.replace(sgr, ''))).toEqual(linesOf(bare))
    }
  })

  it('lists ten broken cases and counts the rest', () => {
    const { report } = samples().hostile ?? { report: undefined }
    const text =
      report === undefined
        ? ''
        : reporters.terminal.render(report, { style: { colour: false, width: 100 }, traces: {} })
    expect(text).toContain('114 cases got worse')
    expect(text).toContain('… and 104 more')
  })
})

describe('json', () => {
  it('is the report, whole, with its keys sorted', () => {
    for (const [name, { report }] of Object.entries(samples())) {
      const parsed: unknown = JSON.parse(
        reporters.json.render(report, { style: { colour: false, width: 1 }, traces: {} }),
      )
      // The hostile sample has names no schema lets in; reporters hold all the same.
      expect(reportSchema.safeParse(parsed).success).toBe(name !== 'hostile')
      expect(parsed).toEqual(JSON.parse(JSON.stringify(report)))
      expect(Object.keys(parsed as object)).toEqual(Object.keys(parsed as object).sort())
    }
  })
})

describe('markdown', () => {
  it('drops whole sections, and says so, rather than grow beyond a comment', () => {
    const why = 'x'.repeat(390)
    const trials = Array.from({ length: 400 }, (_, at) =>
      sampleTrial(`${String(at).padStart(3, '0')}-${'y'.repeat(120)}`, 0, false, {
        category: `${why}${at}`,
        status: at % 2 === 0 ? 'aborted' : 'failed',
        reason: why,
        scores: Array.from({ length: 40 }, (_, n) => ({
          name: `${why}${n}`,
          source: 'check',
          gating: true,
          status: 'unscored',
          reason: why,
        })),
      }),
    )
    const reasons = Array.from({ length: 30 }, () => ({
      code: why,
      what: why.repeat(3),
      hint: why.repeat(3),
    }))
    const base = samples().red?.report
    const verdict = base?.verdict === undefined ? undefined : { ...base.verdict, reasons }
    const report = buildReport({ run: sampleRun(), trials, verdict, metric: 'success' })
    const text = reporters.markdown.render(report, { style: { colour: false, width: 1 }, traces: {} })
    expect(text.length).toBeLessThanOrEqual(60_000)
    expect(text).toContain('Sections were left out')
    expect(text.match(/<details/g)?.length).toBe(text.match(/<\/details>/g)?.length)
  })
})

describe('html', () => {
  it('leaves out the steps of passing cases first, and says so', () => {
    const trials = [sampleTrial('cancel', 0, true), sampleTrial('rebook', 0, false)]
    const report = buildReport({ run: sampleRun(), trials, metric: 'success' })
    const long = 'word '.repeat(3_000)
    const traces = {
      't_cancel-0': sampleTrace('t_cancel-0', true, `cancelled ${long}`),
      't_rebook-0': sampleTrace('t_rebook-0', false, `rebooked ${long}`),
    }
    const whole = renderPage(report, { traces }, 20_000_000)
    const small = renderPage(report, { traces }, 300_000)
    expect(whole.includes('cancelled word')).toBe(true)
    expect(small.length).toBeLessThanOrEqual(300_000)
    expect(small.includes('rebooked word')).toBe(true)
    expect(small.includes('cancelled word')).toBe(false)
    expect(small.includes('The steps of 1 trial were left out')).toBe(true)
    expect(small.includes('evalkit trace show t_cancel-0')).toBe(true)
  })

  it('cuts a text of more than 20,000 characters and says by how much', () => {
    const trials = [sampleTrial('rebook', 0, false, { trace: 't_1' })]
    const report = buildReport({ run: sampleRun(), trials, metric: 'success' })
    const page = renderPage(
      report,
      { traces: { t_1: sampleTrace('t_1', false, 'z'.repeat(50_000)) } },
      20_000_000,
    )
    expect(page.includes('[30001 more characters are not shown]')).toBe(true)
    expect(page.includes('z'.repeat(20_001))).toBe(false)
  })
})

function linesOf(text = ''): string[] {
  return text.split('\n').map((line) => line.trimEnd())
}
