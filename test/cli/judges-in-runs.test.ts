import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Report } from '../../src/schema/report.ts'
import {
  type Asked,
  type ModelServer,
  serveModel,
  type Served,
} from '../../src/score/judge/testing/model-server.ts'
import { runCli, workspace } from '../support/cli.ts'
import { type JudgedCase, judgedCases, judgedEval, judgements, labels } from '../support/judged-project.ts'

const cases: readonly JudgedCase[] = [
  { id: 'good', input: 'How much?', output: 'It is $3.' },
  { id: 'bad', input: 'How many?', output: 'No idea.' },
]
/** A judge that reads: an answer passes where it names a number. */
const reads = ({ user }: Asked): Served => {
  const passes = /It is \$3/.test(user)
  return {
    fields: { critique: passes ? 'It names $3.' : 'It names nothing.', verdict: passes ? 'pass' : 'fail' },
  }
}
const verdictsFile = 'evals/support.judgements.jsonl'

let dir = ''
let model: ModelServer
let answer: (asked: Asked) => Served = reads
const env = () => ({ OPENAI_BASE_URL: `${model.url}/v1`, OPENAI_API_KEY: 'key' })
const evalkit = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
  runCli({}, args, { dir, env: { ...env(), ...more } })
const reportIn = (stdout: string): Report => {
  const document = JSON.parse(stdout) as { reports?: readonly Report[]; report?: Report }
  const report = document.reports?.[0] ?? document.report
  if (report === undefined) throw new Error('no report')
  return report
}
const passedIn = (stdout: string) =>
  Object.fromEntries(
    reportIn(stdout).cases.map(({ case: id, trials }) => {
      const score = trials[0]?.scores[0]
      return [id, score?.status === 'scored' ? score.passed : `unscored: ${score?.reason ?? ''}`]
    }),
  )
const put = (files: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
}

beforeEach(async () => {
  answer = reads
  model = await serveModel((asked) => answer(asked))
  dir = workspace({ 'evals/support.eval.ts': judgedEval(cases) })
})
afterEach(() => model.close())

describe('a judge in a run', () => {
  it('says nothing that nobody recorded, names the command that asks, and asks nobody', async () => {
    const { stdout, stderr } = await evalkit(['run', 'support', '--json'])
    expect(passedIn(stdout)['good']).toContain('not recorded')
    expect(passedIn(stdout)['good']).toContain('evalkit run evals/support.eval.ts --judges live')
    expect(stderr).toContain('Judge "accuracy" is shown only: it was never calibrated')
    expect(model.asked).toHaveLength(0)
    const { stdout: text } = await evalkit(['run', 'support'])
    expect(text).toContain('judge      npx evalkit score support --with judges --judges live')
  })

  it('is asked where it may be, and what it said is served from then on', async () => {
    const live = await evalkit(['run', 'support', '--judges', 'live', '--json'])
    expect(passedIn(live.stdout)).toEqual({ good: true, bad: false })
    expect(reportIn(live.stdout).judges).toMatchObject([
      { name: 'accuracy', gating: false, scored: 2, unscored: 0, verdicts: 2, recorded: 0, agreement: 1 },
    ])
    expect(live.stderr).toContain(`2 verdicts were asked for and are kept in ${verdictsFile}`)
    const kept = readFileSync(join(dir, verdictsFile), 'utf8')
    expect(kept.match(/"kind": ?"verdict"/g)).toHaveLength(2)
    expect(kept.match(/"kind": ?"canary"/g)).toHaveLength(1)
    const asked = model.asked.length
    const recorded = await evalkit(['run', 'support', '--json'])
    expect(passedIn(recorded.stdout)).toEqual({ good: true, bad: false })
    expect(reportIn(recorded.stdout).judges).toMatchObject([{ verdicts: 2, recorded: 2 }])
    await evalkit(['run', 'support', '--judges', 'live'])
    expect(model.asked).toHaveLength(asked)
    expect(readFileSync(join(dir, verdictsFile), 'utf8')).toBe(kept)
    expect((await evalkit(['run', 'support'])).stdout).toContain(
      'judge accuracy: gpt-4o-2024-11-20 · advisory',
    )
  })

  it('is disabled where it passes what no judge may pass', async () => {
    answer = () => ({ fields: { critique: 'Fine.', verdict: 'pass' } })
    const { stdout, stderr } = await evalkit(['run', 'support', '--judges', 'live', '--json'])
    expect(passedIn(stdout)['good']).toMatch(/^unscored: canary/)
    expect(passedIn(stdout)['bad']).toMatch(/^unscored: canary/)
    expect(stderr).toContain('Judge "accuracy" is disabled')
  })

  it('keeps no secret that it quotes', async () => {
    const secret = `sk-ant-api03-${'k'.repeat(40)}`
    answer = (asked) => {
      const said = reads(asked) as { fields: { critique: string; verdict: string } }
      return { fields: { ...said.fields, critique: `${said.fields.critique} The key was ${secret}.` } }
    }
    const { stdout } = await evalkit(['run', 'support', '--judges', 'live', '--json'])
    expect(passedIn(stdout)).toEqual({ good: true, bad: false })
    expect(readFileSync(join(dir, verdictsFile), 'utf8')).not.toContain(secret)
    expect(stdout).not.toContain(secret)
  })

  it('gives no verdict where it refuses, and is not asked until it gives one', async () => {
    answer = (asked) => (/It is \$3/.test(asked.user) ? { refusal: 'I cannot.' } : reads(asked))
    const { stdout } = await evalkit(['run', 'support', '--judges', 'live', '--json'])
    expect(passedIn(stdout)).toEqual({ good: expect.stringMatching(/^unscored: refusal/), bad: false })
    expect(model.asked.filter(({ user }) => /It is \$3/.test(user))).toHaveLength(1)
  })

  it('stops the run where it has no key, and the run can be gone on with', async () => {
    const without = await evalkit(['run', 'support', '--judges', 'live'], {
      OPENAI_BASE_URL: '',
      OPENAI_API_KEY: '',
    })
    expect(without.stderr).toContain('EVK_KEY_MISSING')
    expect(without.exitCode).not.toBe(0)
    const resumed = await evalkit(['run', 'support', '--judges', 'live', '--resume', '--json'])
    expect(passedIn(resumed.stdout)).toEqual({ good: true, bad: false })
  })

  it('is not asked in CI without a spend cap, and not beyond one', async () => {
    const ci = await evalkit(['run', 'support', '--judges', 'live'], { CI: '1' })
    expect([ci.exitCode, ci.stderr]).toEqual([2, expect.stringContaining('spend cap')])
    const capped = await evalkit(['run', 'support', '--judges', 'live', '--spend', '0.0000001'], { CI: '1' })
    expect(capped.stderr).toContain('EVK_SPEND_CAP')
    expect(model.asked).toHaveLength(0)
  })

  it.each([
    [['run', 'support', '--judges', 'lvie'], 'did you mean "live"?'],
    [['run', 'support', '--spend', '3'], '--spend goes with live models'],
    [['score', 'support', '--with', 'judge'], '--with takes checks or judges'],
  ])('refuses %j', async (args, what) => {
    await evalkit(['run', 'support'])
    const { exitCode, stderr } = await evalkit(args)
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(what)])
  })
})

describe('a judge whose outcomes are scored again', () => {
  it('is asked for what it has not said, without running the agent', async () => {
    await evalkit(['run', 'support'])
    const { stdout } = await evalkit(['score', 'support', '--with', 'judges', '--judges', 'live', '--json'])
    expect(passedIn(stdout)).toEqual({ good: true, bad: false })
    expect(existsSync(join(dir, verdictsFile))).toBe(true)
    const kept = await evalkit(['score', 'support', '--with', 'checks', '--json'])
    expect(passedIn(kept.stdout)).toEqual({ good: true, bad: false })
  })
})

describe('a calibrated judge', () => {
  const measured = judgedCases(76, 4, 2, 38)

  it('decides, and its errors make the margin narrower', async () => {
    put({
      'evals/support.eval.ts': judgedEval(measured),
      [verdictsFile]: judgements(measured),
      'evals/support.labels.jsonl': labels(measured),
    })
    const accepted = await evalkit(['judge', 'calibrate', 'accuracy', '--accept'])
    expect(accepted.exitCode).toBe(0)
    const first = await evalkit(['run', 'support'])
    expect(first.stderr).not.toContain('shown only')
    expect(first.stdout).toContain('judge accuracy: gpt-4o-2024-11-20 · gates · calibrated')
    await evalkit(['baseline', 'accept', '--run', 'support', '--reason', 'first'])
    const second = await evalkit(['run', 'support'])
    expect(second.stdout).toMatch(/judge-scale: A judge decides, and errs: margin 5 points × J 0\.9\d/)
    // A team that demands more gets no green from it: what was asked before is not what is asked now.
    put({
      'evalkit.config.ts': 'export default { policy: { judges: { minLabels: 300, maxAgeDays: 90 } } }\n',
    })
    const below =
      'The judge "accuracy" is shown only, because the policy demands more: It was measured on 120 labels, not 300.'
    const stored = await evalkit([
      'gate',
      '--run',
      'support',
      '--baseline',
      'evals/support.baseline.json',
      '--json',
    ])
    const { verdict } = JSON.parse(stored.stdout) as { verdict: Report['verdict'] }
    expect([stored.exitCode, verdict?.word, verdict?.reasons]).toEqual([
      3,
      'invalid',
      expect.arrayContaining([expect.objectContaining({ code: 'judge-below-demand', what: below })]),
    ])
    const third = await evalkit(['run', 'support', '--json'])
    expect(third.stderr).toContain(
      '"accuracy" is shown only: the policy demands more of it: It was measured on 120',
    )
    expect(third.exitCode).toBe(3)
    expect(reportIn(third.stdout).verdict).toMatchObject({ word: 'invalid' })
    expect(reportIn(third.stdout).verdict?.reasons.map(({ code }) => code)).toContain('judge-below-demand')
    expect(model.asked).toHaveLength(0)
  })

  it('decides by its own name only where it is calibrated', async () => {
    const files = { [verdictsFile]: judgements(measured), 'evals/support.labels.jsonl': labels(measured) }
    put({ 'evals/support.eval.ts': judgedEval(measured), ...files })
    const before = await evalkit(['run', 'support', '--metric', 'accuracy', '--json'])
    expect(reportIn(before.stdout).verdict).toMatchObject({
      word: 'invalid',
      sentence: expect.stringContaining("is a judge's that may not decide") as unknown,
    })
    expect(before.exitCode).toBe(3)
    await evalkit(['judge', 'calibrate', 'accuracy', '--accept'])
    await evalkit(['run', 'support', '--name', 'one'])
    await evalkit(['run', 'support', '--name', 'two'])
    const gated = await evalkit(['gate', '--run', 'two', '--baseline', 'one', '--metric', 'accuracy'])
    expect(gated.stdout).toMatch(/judge-scale: A judge decides, and errs: margin 5 points × J 0\.9\d/)
    writeFileSync(join(dir, 'evals/calibrations.json'), '{ "v": 1, "calibrations": [] }')
    const after = await evalkit(['gate', '--run', 'two', '--baseline', 'one', '--metric', 'accuracy'])
    expect([after.exitCode, after.stdout]).toEqual([3, expect.stringContaining('judge-may-not-gate')])
  })

  it('is another judge with another prompt, and decides no more', async () => {
    put({
      'evals/support.eval.ts': judgedEval(measured),
      [verdictsFile]: judgements(measured),
      'evals/support.labels.jsonl': labels(measured),
    })
    await evalkit(['judge', 'calibrate', 'accuracy', '--accept'])
    await evalkit(['run', 'support'])
    await evalkit(['baseline', 'accept', '--run', 'support', '--reason', 'first'])
    put({ 'evals/support.eval.ts': judgedEval(measured, [{ text: 'The answer is right and polite.' }]) })
    const { stderr } = await evalkit(['run', 'support'])
    expect(stderr).toContain('is another judge than the calibrated one: the criterion changed')
  })
})
