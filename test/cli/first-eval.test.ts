import { describe, expect, it } from 'vitest'
import { runCli } from '../support/cli.ts'

/** A first eval needs no trace, no dataset file and no key. */
function greeting(target: string, gate = ''): string {
  return `
    import { defineEval } from 'evalkit'
    import { equals } from 'evalkit/checks'
    export default defineEval({
      name: 'greeting',
      dataset: [
        { id: 'world', input: 'World', expected: 'Hello World!' },
        { id: 'mars', input: 'Mars', expected: 'Hello Mars!', tags: ['planet'] },
      ],
      target: ${target},
      checks: [equals()],${gate}
    })`
}

const good = greeting('(name: string) => `Hello ${name}!`')
const bad = greeting("(name: string) => name === 'Mars' ? 'Bye' : `Hello ${name}!`")

describe('a first eval', () => {
  it('runs without a baseline: says so, offers to accept, exits 0', async () => {
    const { exitCode, stdout, stderr } = await runCli({ 'evals/greeting.eval.ts': good }, ['run'])
    expect(stderr).toContain('greeting: 2 of 2 trials')
    expect(stdout).toContain('NOT GATED')
    expect(stdout).toContain('npx evalkit baseline accept --run greeting')
    expect(exitCode).toBe(0)
  })

  it('prints one JSON document and nothing else, whatever the agent prints', async () => {
    const loud = greeting('(name: string) => { console.log("loud"); return `Hello ${name}!` }')
    const { exitCode, stdout, stderr } = await runCli({ 'evals/greeting.eval.ts': loud }, ['run', '--json'])
    expect(stderr).toContain('loud')
    const document = JSON.parse(stdout)
    expect(document.schemaVersion).toBe(1)
    expect(document.exit).toBe(0)
    expect(document.reports[0].stats).toMatchObject({ cases: 2, trials: 2, scored: 2, unscored: 0 })
    expect(document.reports[0].stats.passRate).toMatchObject({ passed: 2, of: 2 })
    expect(exitCode).toBe(0)
  })

  it('selects cases by id and tag, and never gates a part of a dataset', async () => {
    const byTag = await runCli({ 'evals/greeting.eval.ts': good }, [
      'run',
      'greeting',
      '--tag',
      'planet',
      '--json',
    ])
    expect(JSON.parse(byTag.stdout).reports[0].cases.map((one: { case: string }) => one.case)).toEqual([
      'mars',
    ])
    expect(JSON.parse(byTag.stdout).reports[0].verdict.word).toBe('not gated')
    const byGlob = await runCli({}, ['run', '--case', 'w*', '--json'], { dir: byTag.dir })
    expect(JSON.parse(byGlob.stdout).reports[0].cases.map((one: { case: string }) => one.case)).toEqual([
      'world',
    ])
    const nothing = await runCli({}, ['run', '--case', 'venus'], { dir: byTag.dir })
    expect(nothing.exitCode).toBe(3)
    expect(nothing.stderr).toContain('EVK_CASE_NOT_FOUND')
    expect(nothing.stderr).toContain('world, mars')
  })

  it('accepts a baseline with a reason, gates against it, and names what broke', async () => {
    const { dir } = await runCli({ 'evals/greeting.eval.ts': good }, ['run'])
    const accepted = await runCli(
      {},
      ['baseline', 'accept', '--run', 'greeting', '--reason', 'first baseline'],
      { dir },
    )
    expect(accepted.stdout).toContain('evals/greeting.baseline.json')
    expect(accepted.exitCode).toBe(0)
    const again = await runCli({}, ['run', '--json'], { dir })
    // Two unchanged cases cannot rule out a drop of five points: the honest answer.
    expect(JSON.parse(again.stdout).reports[0].verdict.word).toBe('inconclusive')
    expect(again.exitCode).toBe(0)
    const strict = await runCli({}, ['run', '--on-inconclusive', 'fail'], { dir })
    expect(strict.exitCode).toBe(3)
    const broken = await runCli({ 'evals/greeting.eval.ts': bad }, ['run', '--json'], { dir })
    const report = JSON.parse(broken.stdout).reports[0]
    expect(report.verdict.comparison.broken).toMatchObject([
      { case: 'mars', baseline: 1, candidate: 0, hard: true },
    ])
    expect(report.commands.reproduce).toContain('--case mars')
  })

  it('refuses to accept a baseline where CI is set, and without a reason', async () => {
    const { dir } = await runCli({ 'evals/greeting.eval.ts': good }, ['run'])
    const args = ['baseline', 'accept', '--run', 'greeting', '--reason', 'x']
    const inCi = await runCli({}, args, { dir, env: { CI: 'true' } })
    expect(inCi.exitCode).toBe(2)
    expect(inCi.stderr).toContain('EVK_BASELINE_IN_CI')
    const empty = await runCli({}, [...args.slice(0, -1), ' '], { dir })
    expect(empty.exitCode).toBe(2)
    expect(empty.stderr).toContain('needs a reason')
  })

  it('fails a floor', async () => {
    const gated = greeting('() => "Bye"', ' gate: { floor: 0.5 },')
    const { exitCode, stdout } = await runCli({ 'evals/greeting.eval.ts': gated }, ['run', '--json'])
    expect(JSON.parse(stdout).reports[0].verdict.word).toBe('fail')
    expect(exitCode).toBe(1)
    const part = await runCli({ 'evals/greeting.eval.ts': gated }, ['run', '--case', 'mars', '--json'])
    expect(JSON.parse(part.stdout).reports[0].verdict.word).toBe('not gated')
    expect(part.exitCode).toBe(0)
  })

  it('scores an agent that throws 0, and a check that throws not at all', async () => {
    const throwing = greeting('() => { throw new Error("no bridge") }')
    const thrown = await runCli({ 'evals/greeting.eval.ts': throwing }, ['run', '--json'])
    const [first] = JSON.parse(thrown.stdout).reports[0].cases[0].trials
    expect(first).toMatchObject({ status: 'failed', code: 'EVK_AGENT_THREW' })
    expect(first.reason).toContain('no bridge')
    expect(JSON.parse(thrown.stdout).reports[0].stats.passRate).toMatchObject({ passed: 0, of: 2 })
    const check = good.replace(
      'checks: [equals()]',
      'checks: [function broken() { throw new Error("my bug") }]',
    )
    const unscored = await runCli({ 'evals/greeting.eval.ts': check }, ['run', '--json'])
    expect(JSON.parse(unscored.stdout).reports[0].stats).toMatchObject({ scored: 0, unscored: 2 })
    expect(JSON.parse(unscored.stdout).reports[0].verdict.word).toBe('invalid')
    expect(unscored.exitCode).toBe(3)
  })

  it('aborts a trial whose agent calls a tool that no recording holds', async () => {
    const calling = `
      import { defineEval, tool } from 'evalkit'
      import { equals } from 'evalkit/checks'
      const weather = tool({ name: 'weather' }, () => { throw new Error('must never run') })
      export default defineEval({
        name: 'weather',
        dataset: [{ id: 'oslo', input: 'Oslo', expected: 'sun' }],
        target: async (city: string) => weather({ city }).catch(() => 'sun'),
        checks: [equals()],
      })`
    const { exitCode, stdout } = await runCli({ 'evals/weather.eval.ts': calling }, ['run', '--json'])
    const [trial] = JSON.parse(stdout).reports[0].cases[0].trials
    expect(trial).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
    expect(exitCode).toBe(3)
  })
})
