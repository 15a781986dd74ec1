import { describe, expect, it } from 'vitest'
import { buildReport } from './build.ts'
import { annotationsOf, mostAnnotations } from './github.ts'
import { reporters } from './index.ts'
import { junitOf } from './junit.ts'
import { describeReporter, harmlessInALog } from './report.contract.ts'
import { hostileTexts, sampleRun, samples, sampleTrial } from './report.sample.ts'

describeReporter(reporters.junit, { extension: 'xml', inert: wellFormed, most: 3_000_000 })
describeReporter(reporters.jsonl, { extension: 'jsonl', inert: jsonLines, most: 10_000_000 })
describeReporter(reporters.github, { extension: 'annotations', inert: onlyAnnotations, most: 40_000 })

const options = { style: { colour: false, width: 1 }, traces: {} }

describe('junit', () => {
  it('has a test case for the verdict and one for each trial, and counts them', () => {
    const text = junitOf([report('aborted'), report('green')])
    expect(text.match(/<testsuite /g)).toHaveLength(2)
    expect(text.match(/<testcase /g)).toHaveLength(2 * 25)
    expect(text.match(/<failure /g)).toHaveLength(4)
    expect(text.match(/<skipped /g)).toHaveLength(2)
    expect(text).toContain('<testsuites name="evalkit" tests="50" failures="4" errors="0" skipped="2"')
  })

  it('skips what has no score, with the reason, and fails what the agent broke', () => {
    const text = reporters.junit.render(report('aborted'), options)
    expect(text).toMatch(
      /name="rebook \(trial 0\)"[^>]*><skipped message="[^"]*does not hold tool search_orders/,
    )
    expect(text).toMatch(
      /name="upgrade \(trial 1\)"[^>]*><failure type="failed" message="the agent threw: TypeError/,
    )
  })

  it('is not green where there are no cases', () => {
    expect(reporters.junit.render(report('empty'), options)).toMatch(
      /name="verdict"[^>]*><failure type="no-cases"/,
    )
    expect(reporters.junit.render(report('first'), options)).toMatch(/name="verdict"[^>]*><skipped message=/)
  })

  it('takes only characters that XML knows', () => {
    const trials = [
      sampleTrial('a\ufffe\uffff\u0000\ud800b', 0, false, { status: 'failed', reason: ']]>\u0001&<' }),
    ]
    const text = junitOf([buildReport({ run: sampleRun(), trials, metric: 'success' })])
    expect(text).toContain('name="a\ufffd\ufffd\ufffdb (trial 0)"')
    wellFormed(text)
  })
})

describe('jsonl', () => {
  it('has a line for each trial, and the verdict last', () => {
    const lines = reporters.jsonl.render(report('red'), options).trimEnd().split('\n')
    const all = lines.map((line) => JSON.parse(line) as { type: string; case?: string; word?: string })
    expect(all.map(({ type }) => type)).toEqual([...Array.from({ length: 24 }, () => 'trial'), 'verdict'])
    expect(all[0]).toMatchObject({ schemaVersion: 1, eval: 'refund-desk', case: 'cancel', trial: 0 })
    expect(all.at(-1)).toMatchObject({ word: 'fail', comparison: { cases: 12 } })
  })

  it('holds several runs one behind the other', () => {
    const text = reporters.jsonl.together?.([report('red'), report('empty')]) ?? ''
    const types = text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type)
    expect(types.slice(-3)).toEqual(['trial', 'verdict', 'verdict'])
  })

  it('says of a run that nothing judged that it is not gated', () => {
    const text = reporters.jsonl.render(
      buildReport({ run: sampleRun(), trials: [], metric: 'success' }),
      options,
    )
    expect(JSON.parse(text)).toMatchObject({ type: 'verdict', word: 'not gated' })
  })
})

describe('github', () => {
  const placesOfDesk = {
    eval: { file: 'evals/refund-desk.eval.ts', line: 3 },
    cases: new Map([['rebook', { file: 'evals/refunds.jsonl', line: 8 }]]),
  }

  it('puts the verdict at the eval and a broken case at its line', () => {
    const lines = reporters.github.render(report('red'), { ...options, places: placesOfDesk }).split('\n')
    expect(lines[0]).toMatch(
      /^::error file=evals\/refund-desk\.eval\.ts,line=3,title=FAIL refund-desk::regression: -/,
    )
    expect(lines[1]).toMatch(
      /^::error file=evals\/refunds\.jsonl,line=8,title=refund-desk%3A rebook got worse::100 %25 → 0 %25 · toolCalls: step 4/,
    )
    expect(lines[2]).toMatch(/^::error file=evals\/refund-desk\.eval\.ts,line=3,title=refund-desk%3A /)
  })

  it('warns of what is undecided or has no score, and only notes what passed', () => {
    expect(reporters.github.render(report('green'), options)).toMatch(/^::notice title=PASS refund-desk::/)
    expect(reporters.github.render(report('inconclusive'), options)).toMatch(/^::warning title=INCONCLUSIVE/)
    expect(reporters.github.render(report('aborted'), options)).toMatch(
      /^::warning title=refund-desk%3A rebook has no score::2 trials: EVK_FIXTURE_MISS/m,
    )
  })

  it('stays within ten of a level over all runs of a step, every verdict among them', () => {
    const placed = ['hostile', 'red', 'red', 'aborted'].map((name) => ({ report: report(name) }))
    const lines = annotationsOf(placed).trimEnd().split('\n')
    for (const level of ['error', 'warning', 'notice']) {
      expect(lines.filter((line) => line.startsWith(`::${level} `)).length).toBeLessThanOrEqual(
        mostAnnotations,
      )
    }
    expect(lines.filter((line) => /title=(?:FAIL|INVALID) /.test(line))).toHaveLength(4)
  })

  it('holds one command a line, whatever is said in it or where it stands', () => {
    for (const text of hostileTexts()) {
      const [trial] = [sampleTrial(text, 0, false, { status: 'aborted', reason: text, code: text })]
      const said = buildReport({ run: sampleRun({ eval: text }), trials: [trial], metric: 'success' })
      const at = { file: `${text}\n::error::x`, line: 1 }
      const places = { eval: at, cases: new Map([[text, at]]) }
      expect(otherThanAnnotations(annotationsOf([{ report: said, places }]))).toEqual([])
    }
  })
})

function report(name: string): (typeof all)[string]['report'] {
  const found = all[name]
  if (found === undefined) throw new Error(`there is no sample ${name}`)
  return found.report
}

const all = samples()

function onlyAnnotations(text: string): void {
  expect(otherThanAnnotations(text)).toEqual([])
}

/** Lines that are more or less than one annotation whose properties hold nothing that ends them. */
function otherThanAnnotations(text: string): string[] {
  const annotation = /^::(?:error|warning|notice) (?:file=[^,:]*,(?:line=\d+,)?)?title=[^,:]*::(?:[^%]|%25)*$/
  return text
    .trimEnd()
    .split('\n')
    .filter((line) => !annotation.test(line) || /##\w*\[/.test(line))
}

function jsonLines(text: string): void {
  harmlessInALog(text)
  for (const line of text.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('schemaVersion', 1)
}

/** Strict XML 1.0: known entities, quoted attributes, every element closed, one root. */
function wellFormed(text: string): void {
  harmlessInALog(text)
  const [first, ...rest] = text.split('\n')
  expect(first).toBe('<?xml version="1.0" encoding="UTF-8"?>')
  const body = rest.join('\n')
  const open: string[] = []
  const closed: [string, string | undefined][] = []
  const tag = /<(\/?)([a-z]+)((?: [a-z]+="(?:[^"<&]|&(?:amp|lt|gt|quot|#\d+);)*")*)(\/?)>/g
  let roots = 0
  for (const [, close, name = '', attributes = '', empty] of body.matchAll(tag)) {
    const names = [...attributes.matchAll(/ ([a-z]+)="/g)].map(([, own]) => own)
    expect(new Set(names).size).toBe(names.length)
    if (close === '/') closed.push([name, open.pop()])
    else if (empty !== '/') roots += open.push(name) === 1 ? 1 : 0
  }
  expect(closed.filter(([name, opened]) => name !== opened)).toEqual([])
  expect(open).toEqual([])
  expect(roots).toBe(1)
  expect(body.replace(tag, '').trim()).toBe('')
  expect(body).not.toMatch(/[\ufffe\uffff]/)
}
