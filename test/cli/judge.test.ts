import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CalibrationReport, JudgeComparison, ListedJudge } from '../../src/schema/calibration-report.ts'
import type { CalibrationsFile } from '../../src/schema/calibration.ts'
import { defined } from '../../src/lib/defined.ts'
import { runCli } from '../support/cli.ts'
import {
  instrument,
  type JudgedCase,
  judgedCases,
  judgedEval,
  judgements,
  labels,
  type JudgeSketch,
  steeringIn,
  withoutVerdict,
} from '../support/judged-project.ts'

/** A project in which people and a judge have said what the cases tell. */
const project = (cases: readonly JudgedCase[], sketch: JudgeSketch = {}) => ({
  'evals/support.eval.ts': judgedEval(cases, [sketch]),
  'evals/support.judgements.jsonl': judgements(cases, sketch),
  'evals/support.labels.jsonl': labels(cases, sketch),
})
const good = judgedCases(76, 4, 2, 38)
const reportIn = (stdout: string) => (JSON.parse(stdout) as { report: CalibrationReport }).report
const fileIn = (dir: string, name: string): string => readFileSync(join(dir, 'evals', name), 'utf8')

describe('evalkit judge calibrate', () => {
  it('measures a judge on labels, and says what it may do', async () => {
    const { exitCode, stdout } = await runCli(project(good), ['judge', 'calibrate', 'accuracy'])
    expect(stdout).toContain('judge "accuracy" of support: can gate')
    expect(stdout).toContain('TPR          0.95 (0.87 … 0.99), 76 of 80')
    expect(stdout).toContain('TNR          0.95 (0.83 … 0.99), 38 of 40')
    expect(stdout).toContain('agreement    J 0.90')
    expect(exitCode).toBe(0)
  })

  it('does not let gate what is no better than chance, or was measured on too few', async () => {
    const yes = await runCli(project(judgedCases(46, 0, 46, 0)), ['judge', 'calibrate', 'accuracy'])
    expect([yes.exitCode, yes.stdout]).toEqual([0, expect.stringContaining('of support: refuse')])
    const few = await runCli(project(judgedCases(9, 1, 0, 10)), ['judge', 'calibrate', 'accuracy'])
    expect(few.stdout).toContain('of support: advisory')
    expect(few.stdout).toContain('It was measured on 20 labels; a judge that gates needs 100.')
  })

  it('shows where it is wrong, with both reasonings, and nothing that steers a terminal', async () => {
    const wrong: JudgedCase = {
      id: 'wrong',
      input: 'How much?',
      output: '$30',
      person: 'fail',
      note: 'it was $3 \u001b[2J',
      judge: 'pass',
      critique: '\u001b]0;owned\u0007It names an amount.\n::error::nothing',
      tags: ['money'],
    }
    const { stdout } = await runCli(project([...judgedCases(5, 0, 0, 5), wrong]), [
      'judge',
      'calibrate',
      'accuracy',
    ])
    expect(stdout).toContain('case wrong, trial 0: Ann says fail, the judge pass')
    expect(stdout).toContain('It names an amount.')
    expect(stdout).toContain('person  it was $3')
    expect(steeringIn(stdout)).toEqual([])
    expect(stdout).toMatch(/money +0 +0 +1 +0 +0 %/)
  })

  it('files what is accepted, with who decided it, and the same bytes twice', async () => {
    const { dir, stdout } = await runCli(
      project(good),
      ['judge', 'calibrate', 'accuracy', '--accept', '--reason', 'first'],
      { env: { GIT_AUTHOR_NAME: 'Ann' } },
    )
    expect(stdout).toContain('Accepted: evals/calibrations.json')
    const file = JSON.parse(fileIn(dir, 'calibrations.json')) as CalibrationsFile
    expect(file.calibrations).toMatchObject([
      { eval: 'support', judge: 'accuracy', standing: 'can gate', by: 'Ann', ...instrument() },
    ])
    const [decision] = fileIn(dir, 'decisions.jsonl').split('\n')
    expect(JSON.parse(decision ?? '')).toMatchObject({
      action: 'calibration-accept',
      judge: 'accuracy',
      after: 'can gate',
      reason: 'first',
      by: 'Ann',
    })
    await runCli({}, ['judge', 'calibrate', 'accuracy', '--accept'], { dir, env: { GIT_AUTHOR_NAME: 'Ann' } })
    const again = JSON.parse(fileIn(dir, 'calibrations.json')) as CalibrationsFile
    const at = file.calibrations[0]?.at
    expect(again.calibrations.map((one) => ({ ...one, at }))).toEqual(file.calibrations)
    expect(fileIn(dir, 'decisions.jsonl').trim().split('\n')).toHaveLength(2)
    expect(JSON.parse(fileIn(dir, 'decisions.jsonl').split('\n')[1] ?? '')).toMatchObject({
      before: 'can gate',
    })
  })

  it('asks for a new calibration where the instrument changed, and says what did', async () => {
    const { dir } = await runCli(project(good), ['judge', 'calibrate', 'accuracy', '--accept'])
    const newer = { model: 'gpt-5-2026-01-01' }
    const files = project(good, newer)
    const listed = await runCli(files, ['judge', 'list', '--json'], { dir })
    const [one] = (JSON.parse(listed.stdout) as { judges: ListedJudge[] }).judges
    expect(one).toMatchObject({
      standing: 'uncalibrated',
      recorded: 120,
      labels: { pass: 80, fail: 40, test: 120 },
    })
    expect(one?.why).toContain('the model was gpt-4o-2024-11-20, and is gpt-5-2026-01-01')
    const calibrated = await runCli({}, ['judge', 'calibrate', 'accuracy'], { dir })
    expect(calibrated.stdout).toContain(
      'Now it is another judge than the calibrated one: the model was gpt-4o-2024-11-20',
    )
  })

  it('corrects the level of what nobody labelled', async () => {
    const more = Array.from(
      { length: 40 },
      (_, at): JudgedCase => ({
        id: `more-${at}`,
        input: `More ${at}`,
        output: `Answer ${at}`,
        judge: at < 30 ? 'pass' : 'fail',
      }),
    )
    const { stdout } = await runCli(project([...good, ...more]), ['judge', 'calibrate', 'accuracy', '--json'])
    const { level } = reportIn(stdout)
    expect(level?.judged).toEqual({ passed: 30, of: 40 })
    // (0.75 + 0.95 - 1) / 0.9
    expect(level?.roganGladen?.level).toBeCloseTo(0.7778, 3)
    expect(level?.predictionPowered?.low).toBeLessThan(0.75)
  })

  it('measures on the test split, and on dev only where it is asked to: that never counts', async () => {
    const cases = [...judgedCases(5, 0, 0, 5), ...devCases()]
    const { dir, stdout } = await runCli(project(cases), ['judge', 'calibrate', 'accuracy', '--json'])
    expect(reportIn(stdout).calibration.labels).toMatchObject({ pass: 5, fail: 5 })
    const dev = await runCli({}, ['judge', 'calibrate', 'accuracy', '--split', 'dev'], { dir })
    expect(dev.stdout).toContain('(dev split: does not count)')
    const accepted = await runCli({}, ['judge', 'calibrate', 'accuracy', '--split', 'dev', '--accept'], {
      dir,
    })
    expect([accepted.exitCode, accepted.stderr]).toEqual([2, expect.stringContaining('does not count')])
  })

  it('leaves out a test label that stands in the prompt', async () => {
    const cases = judgedCases(5, 0, 0, 5).map((one, at) =>
      at === 0 ? { ...one, output: 'Your order 42 arrives on Tuesday morning.' } : one,
    )
    const sketch = { text: 'The answer is right, as in: your order 42 arrives on  Tuesday morning.' }
    const { stdout } = await runCli(project(cases, sketch), ['judge', 'calibrate', 'accuracy', '--json'])
    expect(reportIn(stdout)).toMatchObject({
      leaked: [{ case: 'case-0' }],
      calibration: { labels: { pass: 4 } },
    })
  })

  it('judges nothing where no verdict is recorded, and says which command records them', async () => {
    const silent = judgedCases(3, 0, 0, 3).map(withoutVerdict)
    const { exitCode, stdout, stderr } = await runCli(project(silent), ['judge', 'calibrate', 'accuracy'])
    expect([exitCode, stdout]).toEqual([3, ''])
    expect(stderr).toContain('EVK_LABELS_TOO_FEW')
    expect(stderr).toContain('without a verdict: 6 (not recorded)')
    expect(stderr).toContain('evalkit judge calibrate accuracy --judges live')
  })

  it('does not count verdicts of a judge that passes what none may pass', async () => {
    const files = project(good)
    const bad = files['evals/support.judgements.jsonl'].replace('"passed":[]', '"passed":["empty"]')
    const { exitCode, stderr } = await runCli({ ...files, 'evals/support.judgements.jsonl': bad }, [
      'judge',
      'calibrate',
      'accuracy',
    ])
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('without a verdict: 120 (canary)')])
  })

  it.each<[string, readonly string[], number, string]>([
    ['a judge there is not', ['calibrate', 'acuracy'], 2, 'did you mean "accuracy"?'],
    ['an eval there is not', ['calibrate', 'accuracy', '--eval', 'suport'], 2, 'did you mean "support"?'],
    ['a split there is not', ['calibrate', 'accuracy', '--split', 'prod'], 2, 'it is train, dev or test'],
    [
      'a split without labels',
      ['calibrate', 'accuracy', '--split', 'train'],
      3,
      'There is no label in the train split',
    ],
    ['a file there is not', ['calibrate', 'accuracy', '--labels', 'no.jsonl'], 2, 'EVK_FILE_NOT_FOUND'],
    [
      'judges there are not',
      ['calibrate', 'accuracy', '--judges', 'cached'],
      2,
      '--judges is recorded or live',
    ],
    [
      'money for recorded verdicts',
      ['calibrate', 'accuracy', '--spend', '1'],
      2,
      '--spend goes with --judges live',
    ],
    ['money that is none', ['calibrate', 'accuracy', '--judges', 'live', '--spend', 'all'], 2, 'US dollars'],
    ['a reason for nothing', ['calibrate', 'accuracy', '--reason', 'so'], 2, '--reason goes with --accept'],
    ['one judge beside itself', ['compare', 'accuracy', 'accuracy'], 2, 'two judges or more'],
    ['no key', ['calibrate', 'accuracy', '--judges', 'live', '--labels', 'more.jsonl'], 2, 'EVK_KEY_MISSING'],
  ])('says what is wrong: %s', async (_, args, code, what) => {
    const unjudged = judgedCases(1, 0, 0, 1).map((one) => ({ ...one, output: `${one.output}, or not` }))
    const files = { ...project(judgedCases(2, 0, 0, 2)), 'more.jsonl': labels(unjudged) }
    const { exitCode, stderr, stdout } = await runCli(files, ['judge', ...args])
    expect(stderr).toContain(what)
    expect([exitCode, stdout]).toEqual([code, ''])
  })

  it('is not accepted in CI, and labels that are broken are named with their line', async () => {
    const files = project(judgedCases(2, 0, 0, 2))
    const ci = await runCli(files, ['judge', 'calibrate', 'accuracy', '--accept'], { env: { CI: 'true' } })
    expect([ci.exitCode, ci.stderr]).toEqual([2, expect.stringContaining('EVK_CALIBRATION_IN_CI')])
    const broken = {
      ...files,
      'evals/support.labels.jsonl': `${files['evals/support.labels.jsonl']}{"v":1}\n`,
    }
    const { exitCode, stderr } = await runCli(broken, ['judge', 'calibrate', 'accuracy'])
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('evals/support.labels.jsonl:5')])
  })
})

describe('evalkit judge calibrate --judges live', () => {
  let server: Server
  let asked = 0
  let env: Readonly<Record<string, string>> = {}

  beforeEach(async () => {
    asked = 0
    // Passes what its answer calls even, and nothing else: no canary does.
    server = createServer((request, response) => {
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => {
        asked++
        const passes = /It is even/.test(Buffer.concat(pieces).toString())
        const said = { critique: passes ? 'It is even.' : 'It is not.', verdict: passes ? 'pass' : 'fail' }
        const message = { role: 'assistant', content: JSON.stringify(said) }
        const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 }
        response.setHeader('content-type', 'application/json')
        response.end(
          JSON.stringify({
            model: 'gpt-4o-2024-11-20',
            choices: [{ finish_reason: 'stop', message }],
            usage,
          }),
        )
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    env = { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, OPENAI_API_KEY: 'sk-test' }
  })
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  const unasked = Array.from(
    { length: 8 },
    (_, at): JudgedCase => ({
      id: `case-${at}`,
      input: `What is ${at}?`,
      output: at % 2 === 0 ? `It is even: ${at}.` : `It is odd: ${at}.`,
      person: at % 2 === 0 || at === 7 ? 'pass' : 'fail',
    }),
  )
  const files = {
    'evals/support.eval.ts': judgedEval(unasked),
    'evals/support.labels.jsonl': labels(unasked),
  }

  it('asks for what is missing, keeps it, and does not ask again', async () => {
    const live = await runCli(files, ['judge', 'calibrate', 'accuracy', '--judges', 'live', '--json'], {
      env,
    })
    expect(reportIn(live.stdout).confusion).toEqual({ tp: 4, fn: 1, fp: 0, tn: 3 })
    expect(live.stderr).toContain('8 verdicts were asked for, and are kept in evals/support.judgements.jsonl')
    const first = asked
    expect(first).toBeGreaterThan(8)
    const kept = fileIn(live.dir, 'support.judgements.jsonl')
    expect(kept.split('\n').filter((line) => line.includes('"kind": "verdict"'))).toHaveLength(8)
    const again = await runCli({}, ['judge', 'calibrate', 'accuracy', '--judges', 'live', '--json'], {
      dir: live.dir,
      env,
    })
    const recorded = await runCli({}, ['judge', 'calibrate', 'accuracy', '--json'], { dir: live.dir })
    expect(reportIn(recorded.stdout).confusion).toEqual(reportIn(again.stdout).confusion)
    expect([asked, fileIn(live.dir, 'support.judgements.jsonl')]).toEqual([first, kept])
  })

  it('stops at the spend cap, and keeps what was paid for', async () => {
    const args = ['judge', 'calibrate', 'accuracy', '--judges', 'live']
    const poor = await runCli(files, [...args, '--spend', '0.000001'], { env })
    expect([poor.exitCode, poor.stdout]).toEqual([4, ''])
    expect(poor.stderr).toContain('EVK_SPEND_CAP')
    const ci = await runCli({}, args, { dir: poor.dir, env: { ...env, CI: 'true' } })
    expect([ci.exitCode, ci.stderr]).toEqual([2, expect.stringContaining('without a spend cap')])
    const rich = await runCli({}, [...args, '--spend', '5'], { dir: poor.dir, env })
    expect(rich.exitCode).toBe(0)
  })

  it('says before anything is paid that all labels are of one kind', async () => {
    const onlyPasses = {
      ...files,
      'evals/support.labels.jsonl': labels(unasked.filter(({ person }) => person === 'pass')),
    }
    const { exitCode, stderr } = await runCli(
      onlyPasses,
      ['judge', 'calibrate', 'accuracy', '--judges', 'live'],
      { env },
    )
    expect([exitCode, stderr, asked]).toEqual([
      3,
      expect.stringContaining('There is no fail in the test split'),
      0,
    ])
  })

  it('warns of a name that stands for another model tomorrow', async () => {
    const sketch = { model: 'gpt-4o' }
    const alias = {
      'evals/support.eval.ts': judgedEval(unasked, [sketch]),
      'evals/support.labels.jsonl': labels(unasked, sketch),
    }
    const { stderr } = await runCli(alias, ['judge', 'calibrate', 'accuracy', '--judges', 'live'], { env })
    expect(stderr).toContain('what was measured of it does not hold for the next one')
  })
})

describe('evalkit judge compare', () => {
  it('sets prompts side by side on the same labels, and tells whether they differ', async () => {
    const cases = judgedCases(10, 0, 10, 10)
    const strict: JudgeSketch = { as: 'strict', text: 'The answer is right in every detail.' }
    const byStrict = cases.map(
      (one, at): JudgedCase =>
        at === 0 ? withoutVerdict(one) : { ...one, ...defined({ judge: one.person }) },
    )
    const files = {
      'evals/support.eval.ts': judgedEval(cases, [{}, strict]),
      'evals/support.judgements.jsonl': judgements(cases) + judgements(byStrict, strict),
      'evals/support.labels.jsonl': labels(cases),
    }
    const { dir, stdout, exitCode } = await runCli(files, [
      'judge',
      'compare',
      'accuracy',
      'strict',
      '--json',
    ])
    const { comparison } = JSON.parse(stdout) as { comparison: JudgeComparison }
    expect(comparison.labels).toEqual({ of: 'accuracy', split: 'test', common: 29, all: 30 })
    expect(comparison.judges).toMatchObject([
      { name: 'accuracy', tnr: { passed: 10, of: 20 }, unscored: 0 },
      { name: 'strict', tnr: { passed: 20, of: 20 }, unscored: 1 },
    ])
    expect(comparison.pairs).toMatchObject([{ onlyA: 0, onlyB: 10 }])
    expect(comparison.pairs[0]?.p).toBeCloseTo(2 / 1024, 6)
    expect(exitCode).toBe(0)
    const shown = await runCli({}, ['judge', 'compare', 'accuracy', 'strict'], { dir })
    expect(shown.stdout).toContain('29 labels of "accuracy" (test) have a verdict of every judge, of 30.')
    expect(shown.stdout).toContain('strict alone on 10: a difference (McNemar, exact, p = 0.002)')
  })
})

describe('evalkit judge list', () => {
  it('lists what there is, and says so where there is none', async () => {
    const { stdout } = await runCli(project(judgedCases(2, 0, 0, 2)), ['judge', 'list'])
    expect(stdout).toContain('support/accuracy  rubric, uncalibrated')
    expect(stdout).toContain('4 labels (2 pass, 2 fail; 4 in the test split) · 4 recorded verdicts')
    expect(stdout).toContain('it was never calibrated: evalkit judge calibrate accuracy')
    const none = await runCli(
      {
        'evals/plain.eval.ts': `import { defineEval } from 'evalkit'
import { equals } from 'evalkit/checks'
export default defineEval({ name: 'plain', dataset: [{ input: 1, expected: 1 }], target: (n) => n, checks: [equals()] })`,
      },
      ['judge', 'list'],
    )
    expect([none.exitCode, none.stdout]).toEqual([0, 'No eval has a judge.\n'])
  })
})

function devCases(): JudgedCase[] {
  return judgedCases(2, 0, 0, 2).map((one) => ({ ...one, id: `dev-${one.id}`, split: 'dev' }))
}
