import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveJudge } from '../../examples/support-agent/judge-server.ts'
import { serveModel } from '../../examples/support-agent/model-server.ts'
import { linkPackage, repository, runCli, runProgram, stripsTypes, workspace } from '../support/cli.ts'

/** The example, from production to a red gate, as its README tells: a real SDK, a real server, nothing else. */
describe('the support agent', () => {
  const dir = workspace()
  let model: Awaited<ReturnType<typeof serveModel>>
  const evalkit = (...args: string[]) => runCli({}, args, { dir })
  const edit = (file: string, from: string, to: string): void => {
    const path = join(dir, file)
    const text = readFileSync(path, 'utf8')
    if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`)
    writeFileSync(path, text.replace(from, to))
  }

  beforeAll(async () => {
    cpSync(join(repository, 'examples/support-agent'), dir, { recursive: true })
    linkPackage(dir, '@anthropic-ai/sdk')
    model = await serveModel()
  })
  afterAll(() => model.close())

  /** Asks the stand-in again, and puts what it says into the example. */
  const judgeAnew = async (): Promise<void> => {
    const judge = await serveJudge()
    const file = join('evals', 'support.judgements.jsonl')
    rmSync(join(dir, file), { force: true })
    const env = { OPENAI_BASE_URL: judge.url, OPENAI_API_KEY: 'none' }
    await runCli({}, ['run', 'support', '--judges', 'live'], { dir, env })
    cpSync(join(dir, file), join(repository, 'examples/support-agent', file))
    await judge.close()
  }

  it('is captured, promoted, replayed and gated', { timeout: 120_000 }, async () => {
    const env = {
      ...stripsTypes,
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: `sk-ant-api03-${'k'.repeat(40)}`,
    }
    const captured = await runProgram(process.execPath, ['capture.ts'], { dir, env })
    expect(captured).toMatchObject({ exitCode: 0, stderr: '' })
    expect(captured.stdout.trim().split('\n')).toEqual([
      'We refunded 18 USD (W12). ✉️ You have mail.',
      'We refunded 240 USD (W20). ✉️ You have mail.',
      'I am sorry: for order W21 the answer of our team lead was no.',
      'We cancelled your order (W30). ✉️ You have mail.',
      'Order W31 is shipped.',
      'I cannot find order W99. Your orders are W12, W20, W21, W30 and W31.',
    ])
    await model.close()

    expect((await evalkit('import', '.evalkit/spool')).stdout).toContain('6 traces')
    const listed = JSON.parse((await evalkit('trace', 'list', '--json')).stdout) as {
      traces: { id: string; name: string }[]
    }
    expect(listed.traces).toHaveLength(6)
    const shown = await evalkit('trace', 'show', listed.traces[0]?.id ?? '')
    expect(shown.stdout).toMatch(/grade:? A/i)

    const promoted = await evalkit('promote', '--all', '--dataset', 'support')
    expect(promoted.stdout).toContain('6 cases created')
    expect((await runProgram(process.execPath, ['review.ts'], { dir, env: stripsTypes })).stderr).toBe('')

    // The model is gone: everything from here on is answered from the tape, by the agent's own code.
    for (const { id } of listed.traces) {
      expect(await evalkit('replay', id, '--eval', 'support')).toMatchObject({ exitCode: 0 })
    }
    const first = await evalkit('run', 'support')
    expect(first.stderr).not.toContain('EVK_')
    expect(first.stdout).toContain('6 completed')
    expect(first.exitCode).toBe(0)
    const accepted = await evalkit('baseline', 'accept', '--run', 'support', '--reason', 'first')
    expect(accepted.exitCode).toBe(0)
    const again = await evalkit('run', 'support', '--json')
    const report = JSON.parse(again.stdout) as { reports: { stats: { passRate: object } }[] }
    expect(report.reports[0]?.stats.passRate).toMatchObject({ passed: 6, of: 6 })

    // A careless change: the limit above which people are asked goes up, and nobody asks for W20 any more.
    edit('agent.ts', 'usd <= approvalAboveUsd', 'usd <= 10 * approvalAboveUsd')
    const careless = await evalkit('run', 'support')
    expect(careless.stdout).toContain('240 USD of W20 were refunded unasked')
    expect(careless.exitCode).toBe(1)
    edit('agent.ts', 'usd <= 10 * approvalAboveUsd', 'usd <= approvalAboveUsd')
    expect((await evalkit('run', 'support')).stdout).toContain('6 completed')

    // What a stand-in for a judge says is committed, and so are six labels made by hand: too few to let it decide.
    if (process.env['UPDATE'] === '1') await judgeAnew()
    const judged = await evalkit('run', 'support')
    expect(judged.stderr).not.toContain('says what became of it')
    expect(judged.stdout).toMatch(/says what became of it: stand-in-judge-2026-11-28 · advisory · advisory/)
    expect(judged.stdout.replace(/\s+/g, ' ')).toContain(
      '6 trials scored · 100 % of 6 verdicts recorded before',
    )
    expect(judged.stdout).toMatch(/says what became of it \(shown only\) .* 5\/6 +0$/m)
    const calibrated = await evalkit('judge', 'calibrate', 'says what became of it')
    expect(calibrated.stdout).toContain('judge "says what became of it" of support: advisory')
    expect(calibrated.stdout).toContain('It was measured on 6 labels; a judge that gates needs 100.')
    expect(calibrated.stdout).toContain('5 of 5 that people passed')
    expect(calibrated.stdout).toContain('1 of 1 that people failed')

    const scanned = await evalkit('scan', '.evalkit/spool', 'datasets', 'fixtures')
    expect(scanned.exitCode).toBe(0)
  })
})
