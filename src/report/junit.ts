import { escapeHtml, oneLine, withoutCommands } from '../lib/text.ts'
import { metricOf } from '../schema/metric.ts'
import type { Report } from '../schema/report.ts'
import { sentenceOf } from './format.ts'
import type { TrialReport } from './lists.ts'
import type { Reporter } from './reporter.ts'

/**
 * JUnit's XML, as Jenkins reads it (https://github.com/jenkinsci/xunit-plugin, `junit-10.xsd`): an export for dashboards,
 * not what the gate goes by. A trial without a score is `skipped`, with the reason. The verdict is a test case of its own,
 * so that a run without cases, or one that is invalid, is not green where only JUnit is looked at.
 */
export const junit: Reporter = {
  name: 'junit',
  description: 'JUnit XML: a test suite for the eval, a test case for each trial and one for the verdict',
  wantsTraces: false,
  render: (report) => junitOf([report]),
  together: junitOf,
}

/** One document of several runs: a test suite for each. */
export function junitOf(reports: readonly Report[]): string {
  const suites = reports.map(suiteOf)
  const all = suites.flatMap(({ tests }) => tests)
  return `${[
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="evalkit"${countsOf(all)}>`,
    ...suites.flatMap(({ lines }) => lines),
    '</testsuites>',
  ].join('\n')}\n`
}

type Result = 'passed' | 'failure' | 'skipped'

interface Test {
  readonly classname: string
  readonly name: string
  readonly result: Result
  /** One line: why it is not passed. */
  readonly message: string
  readonly type: string
  readonly ms: number
}

interface Suite {
  readonly tests: readonly Test[]
  readonly lines: readonly string[]
}

function suiteOf(report: Report): Suite {
  const tests = [
    gateTest(report),
    ...report.cases.flatMap((found) =>
      found.trials.map((trial) =>
        trialTest(`${report.eval}.${found.category ?? 'cases'}`, found.case, trial, report.metric),
      ),
    ),
  ]
  const facts = {
    verdict: report.verdict?.word ?? 'not gated',
    metric: report.metric,
    run: report.run.name,
    dataset: report.dataset,
    baseline: report.baseline ?? '',
  }
  const lines = [
    `  <testsuite name="${attribute(report.eval)}"${countsOf(tests)} timestamp="${attribute(report.run.startedAt)}">`,
    '    <properties>',
    ...Object.entries(facts).map(
      ([name, value]) => `      <property name="${name}" value="${attribute(value)}"/>`,
    ),
    '    </properties>',
    ...tests.map(testLine),
    '  </testsuite>',
  ]
  return { tests, lines }
}

/** What decides nothing (`inconclusive`, `not gated`) is skipped: neither green nor red. */
function gateTest(report: Report): Test {
  const word = report.verdict?.word ?? 'not gated'
  const result = word === 'pass' ? 'passed' : word === 'fail' || word === 'invalid' ? 'failure' : 'skipped'
  const type = report.verdict?.reasons[0]?.code ?? word
  return { classname: report.eval, name: 'verdict', result, type, message: sentenceOf(report), ms: 0 }
}

function trialTest(classname: string, id: string, trial: TrialReport, metric: string): Test {
  const base = { classname, name: `${id} (trial ${trial.trial})`, ms: trial.durationMs }
  const worth = metricOf(trial, metric)
  if ('unscored' in worth) {
    return { ...base, result: 'skipped', type: trial.code ?? 'unscored', message: worth.unscored }
  }
  if (worth.passed) return { ...base, result: 'passed', type: '', message: '' }
  if (trial.status === 'failed') {
    return {
      ...base,
      result: 'failure',
      type: trial.code ?? 'failed',
      message: trial.reason ?? 'the agent failed',
    }
  }
  const failed = trial.scores.filter((score) => score.status === 'scored' && !score.passed && score.gating)
  const said = failed.map(({ name, reason }) => (reason === undefined ? name : `${name}: ${reason}`))
  const message = said.length === 0 ? `${metric} did not pass` : said.join('; ')
  return { ...base, result: 'failure', type: failed[0]?.name ?? metric, message }
}

function testLine({ classname, name, result, message, type, ms }: Test): string {
  const open = `    <testcase classname="${attribute(classname)}" name="${attribute(name)}" time="${seconds(ms)}"`
  if (result === 'passed') return `${open}/>`
  const said = attribute(message, 2_000)
  // JUnit knows no type of what was skipped.
  const kind = result === 'failure' ? ` type="${attribute(type, 100)}"` : ''
  return `${open}><${result}${kind} message="${said}"/></testcase>`
}

function countsOf(tests: readonly Test[]): string {
  const of = (result: Result): number => tests.filter((test) => test.result === result).length
  const time = seconds(tests.reduce((sum, { ms }) => sum + ms, 0))
  return ` tests="${tests.length}" failures="${of('failure')}" errors="0" skipped="${of('skipped')}" time="${time}"`
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3)
}

/** XML 1.0 knows fewer characters than Unicode (2.2 "Characters"): U+FFFE and U+FFFF are none of them. */
function attribute(text: string, max = 300): string {
  return escapeHtml(withoutCommands(oneLine(text, max))).replace(/[\ufffe\uffff]/g, '\ufffd')
}
