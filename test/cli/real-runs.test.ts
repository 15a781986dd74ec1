import { readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { repository, runCli, workspace } from '../support/cli.ts'

/** Genuine runs: one airline task of tau-bench, four gpt-4o runs of it, two of them right. */
const oneTask = readFileSync(join(repository, 'test/data/tau-bench/airline-one-task.json'), 'utf8')
const sample = readFileSync(join(repository, 'src/capture/importers/tau-bench.sample.json'), 'utf8')

const loopEval = (target: string): string => `
  import { defineEval, loop } from 'evalkit'
  import { recordedScore } from 'evalkit/checks'
  export default defineEval({ name: 'airline', dataset: 'airline', target: ${target}, checks: [recordedScore({ name: 'reward' })] })`

/** An agent as people write them: the official OpenAI client, with our fetch; the address is nobody's. */
const sdkEval = (policy: string): string => `
  import OpenAI from 'openai'
  import { defineEval, fetch, tool } from 'evalkit'
  import { recordedScore } from 'evalkit/checks'
  const client = new OpenAI({ apiKey: 'none', fetch, baseURL: 'http://127.0.0.1:9/v1' })
  const policy = ${policy}
  async function agent(_: unknown, { user }) {
    const messages = [{ role: 'system', content: policy }]
    let said
    for (;;) {
      const turn = await user.next(said)
      if (turn === undefined) return said?.parts[0]?.content
      const text = turn.parts[0].content
      if (text.includes('###STOP###')) return said?.parts[0]?.content
      messages.push({ role: 'user', content: text })
      for (;;) {
        const { choices: [{ message }] } = await client.chat.completions.create({ model: 'gpt-4o', messages })
        messages.push(message)
        said = { role: 'assistant', parts: [{ type: 'text', content: message.content ?? '' }] }
        if (!message.tool_calls?.length) break
        for (const call of message.tool_calls) {
          const run = tool({ name: call.function.name }, () => { throw new Error('a tool must never run in a replay') })
          const result = await run(JSON.parse(call.function.arguments))
          messages.push({ role: 'tool', tool_call_id: call.id, content: result })
          if (call.function.name === 'transfer_to_human_agents') return ''
        }
      }
    }
  }
  export default defineEval({ name: 'sdk', dataset: 'airline', target: agent, checks: [recordedScore({ name: 'reward' })] })`

describe('genuine runs, from the file to the verdict', () => {
  let dir: string
  let traces: { id: string; task: string; trial: number; scores: { passed: boolean }[] }[]

  beforeAll(async () => {
    dir = workspace({ 'runs.json': oneTask, 'evals/airline.eval.ts': loopEval('loop()') })
    symlinkSync(join(repository, 'node_modules/openai'), join(dir, 'node_modules/openai'), 'dir')
    await runCli({}, ['import', 'runs.json', '--run', 'gpt-4o'], { dir })
    const { stdout } = await runCli({}, ['trace', 'list', '--json'], { dir })
    traces = JSON.parse(stdout).traces
  })

  it('imports each run once, however often the file is imported', async () => {
    const again = await runCli({}, ['import', 'runs.json', '--run', 'gpt-4o', '--json'], { dir })
    expect(JSON.parse(again.stdout)).toMatchObject({ traces: 4, added: 0, known: 4 })
    const runs = await runCli({}, ['stats', '--json'], { dir })
    expect(JSON.parse(runs.stdout).runs).toHaveLength(1)
  })

  it('lists, filters, searches, groups and shows them', async () => {
    expect(traces.map(({ trial }) => trial).sort((a, b) => a - b)).toEqual([0, 1, 2, 3])
    const right = await runCli({}, ['trace', 'list', '--where', 'score.reward=1', '--json'], { dir })
    expect(JSON.parse(right.stdout).traces).toHaveLength(2)
    const found = await runCli({}, ['trace', 'search', 'reservation', '--json'], { dir })
    expect(JSON.parse(found.stdout).traces.length).toBeGreaterThan(0)
    const byTool = await runCli({}, ['trace', 'stats', '--by', 'tool', '--json'], { dir })
    const groups: { key: string; count: number }[] = JSON.parse(byTool.stdout).groups
    const calls = JSON.parse(oneTask).flatMap((run: { traj: { tool_calls?: unknown[] }[] }) =>
      run.traj.flatMap((message) => message.tool_calls ?? []),
    )
    expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(calls.length)
    const shown = await runCli({}, ['trace', 'show', traces[0]?.id ?? ''], { dir })
    expect(shown.stdout).toContain('tau-bench airline')
    expect(shown.stdout).toContain('1  user')
  })

  it('computes the figures of the run: pass rate, interval, pass^k', async () => {
    const { stdout } = await runCli({}, ['stats', '--run', 'gpt-4o', '--json'], { dir })
    const figures = JSON.parse(stdout)
    expect(figures).toMatchObject({ schemaVersion: 1, cases: 1, trials: 4, passRate: { passed: 2, of: 4 } })
    expect(figures.passHatK['2']).toBeCloseTo(1 / 6, 12)
    expect(figures.passAtK['2']).toBeCloseTo(5 / 6, 12)
  })

  it('replays each through the loop: reproduced', async () => {
    const all = await runCli({}, ['replay', '--all'], { dir })
    expect(all.stdout).toContain('4 of 4 reproduced')
    expect(all.exitCode).toBe(0)
    const one = await runCli({}, ['replay', traces[0]?.id ?? ''], { dir })
    expect(one.stdout).toContain('reproduced:')
    expect(one.stdout).toContain('fidelity 100')
  })

  it('replays them through a function with the official SDK; a changed prompt diverges at its first step', async () => {
    const policyOf = `(await import('node:fs')).readFileSync('policy.txt', 'utf8')`
    const policy = JSON.parse(oneTask)[0].traj[0].content
    const same = await runCli(
      { 'evals/sdk.eval.ts': sdkEval(policyOf), 'policy.txt': policy },
      ['replay', '--all', '--eval', 'evals/sdk.eval.ts'],
      { dir },
    )
    expect(same.stdout).toContain('4 of 4 reproduced')
    expect(same.exitCode).toBe(0)
    const changed = await runCli(
      { 'policy.txt': `${policy}\nBe brief.` },
      ['replay', traces[0]?.id ?? '', '--eval', 'sdk', '--json'],
      { dir },
    )
    const replay = JSON.parse(changed.stdout)
    expect(replay).toMatchObject({ result: 'diverged', status: 'aborted' })
    expect(replay.divergences[0]).toMatchObject({
      step: 2,
      kind: 'request',
      differences: [{ path: 'messages[0].content' }],
    })
    expect(changed.exitCode).toBe(1)
  })

  it('promotes them to a case with four recordings; promoting again changes no byte', async () => {
    const promoted = await runCli({}, ['promote', '--all', '--dataset', 'airline', '--json'], { dir })
    const { cases, promoted: each } = JSON.parse(promoted.stdout)
    expect(cases).toBe(1)
    expect(each.map(({ change }: { change: string }) => change)).toEqual([
      'created',
      'appended',
      'appended',
      'appended',
    ])
    const [file = ''] = readdirSync(join(dir, 'fixtures/airline'))
    const before = [
      readFileSync(join(dir, 'datasets/airline.jsonl'), 'utf8'),
      readFileSync(join(dir, 'fixtures/airline', file), 'utf8'),
    ]
    expect(before[0]).toContain('"toolCalls"')
    expect(before[1]?.length).toBeGreaterThan(1_000)
    const again = await runCli({}, ['promote', '--all', '--dataset', 'airline'], { dir })
    expect(again.stdout).toContain('4 unchanged')
    expect(again.stdout).toContain('cannot pass below 45')
    const after = [
      readFileSync(join(dir, 'datasets/airline.jsonl'), 'utf8'),
      readFileSync(join(dir, 'fixtures/airline', file), 'utf8'),
    ]
    expect(after).toEqual(before)
  })

  it('runs the promoted case, accepts it, and sees a lowered turn limit', async () => {
    const first = await runCli({}, ['run', 'airline', '--json'], { dir })
    const [report] = JSON.parse(first.stdout).reports
    expect(report.stats.passRate).toMatchObject({ passed: 2, of: 4 })
    expect(report.fidelity.mean).toBe(1)
    await runCli({}, ['baseline', 'accept', '--run', 'airline', '--reason', 'as recorded'], { dir })
    const decisions = readFileSync(join(dir, 'evals/decisions.jsonl'), 'utf8').trim().split('\n')
    expect(JSON.parse(decisions[0] ?? '')).toMatchObject({
      reason: 'as recorded',
      metric: 'success',
      after: 0.5,
    })
    const short = await runCli(
      { 'evals/airline.eval.ts': loopEval('loop({ maxTurns: 1 })') },
      ['run', '--json'],
      { dir },
    )
    const [worse] = JSON.parse(short.stdout).reports
    expect(worse.outcomes).toEqual({ completed: 0, failed: 4, aborted: 0 })
    expect(worse.verdict.comparison).toMatchObject({ baselineMean: 0.5, candidateMean: 0 })
  })

  it('counts recorded runs once: what our own runs left is shown with --all', async () => {
    const count = async (...args: string[]): Promise<number> => {
      const { stdout } = await runCli({}, ['trace', 'list', '--json', ...args], { dir })
      return JSON.parse(stdout).traces.length
    }
    expect(await count()).toBe(4)
    expect(await count('--where', 'format=evalkit')).toBeGreaterThanOrEqual(4)
    expect(await count('--all')).toBe(4 + (await count('--where', 'format=evalkit')))
    const tools = await runCli({}, ['trace', 'stats', '--by', 'task', '--json'], { dir })
    expect(JSON.parse(tools.stdout).groups).toMatchObject([{ key: '44', count: 4 }])
  })

  it('aborts what a changed prompt asks, and calls the run invalid: never a pass', async () => {
    const changed = loopEval('loop({ system: "You are a pirate." })')
    const { stdout, exitCode } = await runCli({ 'evals/airline.eval.ts': changed }, ['run', '--json'], {
      dir,
    })
    const [report] = JSON.parse(stdout).reports
    expect(report.outcomes).toEqual({ completed: 0, failed: 0, aborted: 4 })
    expect(report.verdict.word).toBe('invalid')
    expect(report.misses).toBe(4)
    expect(report.fidelity.offTape).toMatchObject({ trials: 4, earliest: { trial: 0 } })
    expect(exitCode).toBe(3)
  })

  it('compares imported runs, and refuses to compare them with replayed ones', async () => {
    const same = await runCli({}, ['gate', '--run', 'gpt-4o', '--baseline', 'gpt-4o', '--json'], { dir })
    expect(JSON.parse(same.stdout).verdict.comparison).toMatchObject({ cases: 1, difference: 0 })
    const modes = await runCli(
      {},
      ['gate', '--run', 'gpt-4o', '--baseline', 'evals/airline.baseline.json', '--json'],
      { dir },
    )
    expect(JSON.parse(modes.stdout).verdict.word).toBe('invalid')
    expect(modes.exitCode).toBe(3)
  })

  it('writes every report', async () => {
    const args = [
      'run',
      'airline',
      '--reporter',
      'html=r.html',
      '--reporter',
      'markdown=r.md',
      '--reporter',
      'json=r.json',
    ]
    await runCli({ 'evals/airline.eval.ts': loopEval('loop()') }, args, { dir })
    expect(readFileSync(join(dir, 'r.html'), 'utf8')).toContain('<!doctype html>')
    expect(readFileSync(join(dir, 'r.html'), 'utf8')).toContain('get_reservation_details')
    expect(readFileSync(join(dir, 'r.md'), 'utf8')).toContain('airline')
    expect(JSON.parse(readFileSync(join(dir, 'r.json'), 'utf8'))).toMatchObject({
      schemaVersion: 1,
      eval: 'airline',
    })
  })
})

describe('what import says', () => {
  it('names what it repaired, with its place', async () => {
    const { stdout } = await runCli({ 'runs.json': sample }, ['import', 'runs.json', '--format', 'tau-bench'])
    expect(stdout).toContain('4 traces from one file: 4 added')
    expect(stdout).toContain('2 repaired')
    expect(stdout).toContain('arguments are not JSON')
  })

  it('names what it skipped: an empty run, a duplicated row, a run of wrong types', async () => {
    const [run] = JSON.parse(oneTask)
    const rows = [run, { ...run, traj: [] }, run, { ...run, task_id: 'seven', traj: 'none' }]
    const { stdout, exitCode } = await runCli({ 'runs.json': JSON.stringify(rows) }, [
      'import',
      'runs.json',
      '--json',
    ])
    const { added, problems } = JSON.parse(stdout)
    expect(added).toBe(1)
    expect(problems.filter(({ action }: { action: string }) => action === 'skipped')).toHaveLength(3)
    expect(exitCode).toBe(0)
  })
})
