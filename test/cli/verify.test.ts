import { describe, expect, it } from 'vitest'
import { runCli } from '../support/cli.ts'

const shop = `
  import { defineEval, tool } from 'evalkit'
  const getOrder = tool({ name: 'get_order' }, () => null)
  export default defineEval({
    name: 'shop',
    dataset: [{ id: 'where', input: 'W12' }, { id: 'refund', input: 'W13' }],
    target: async (order: string) => getOrder({ order }),
    checks: [function answered({ output }: { output: unknown }) { return output !== null }],
  })`

function fixture(id: string, calls: readonly object[]): string {
  const numbered = calls.map((call, at) => ({ step: at + 1, kind: 'tool', ...call }))
  return JSON.stringify({
    v: 1,
    dataset: 'shop',
    case: id,
    recordings: [{ trace: `t_${id}`, trial: 0, calls: numbered }],
  })
}

function call(name: string, order: string, response: unknown): object {
  return { request: { name, arguments: { order } }, reply: { response, isError: false } }
}

const files = {
  'evals/shop.eval.ts': shop,
  'evals/tools.json': '{ "tools": { "get_order": { "effect": "read" }, "refund": { "effect": "write" } } }',
  'fixtures/shop/where.json': fixture('where', [call('get_order', 'W12', { status: 'sent', at: 1 })]),
  'fixtures/shop/refund.json': fixture('refund', [
    call('get_order', 'W13', { status: 'sent', at: 1 }),
    call('refund', 'W13', 'ok'),
    call('get_order', 'W13', { status: 'refunded', at: 2 }),
    call('search_orders', 'W13', []),
  ]),
}

/** Live tools: one made with `tool`, behind no tap here, and plain functions. */
function tools(status: string): string {
  return `
    import { tool } from 'evalkit'
    export const anything = tool({ name: 'get_order' }, ({ order }: { order: string }) => ${status})
    export function refund() { throw new Error('a write was asked') }
    export async function search_orders({ order }: { order: string }) { return [order] }`
}

describe('evalkit verify', () => {
  it('asks live tools what was recorded, and names what is stale and what rests on it', async () => {
    const run = await runCli(files, ['run', '--case', '*'])
    const { dir } = run
    const fresh = await runCli(
      { 'evals/live.ts': tools("({ at: 9, status: 'sent' })") },
      ['verify', '--tools', 'evals/live.ts', '--ignore', 'response.at'],
      { dir },
    )
    expect(fresh.stdout).toMatch(/get_order +2 +0 +0 +1$/m)
    expect(fresh.stdout).toContain('search_orders')
    expect(fresh.stdout).toContain('fresh: 2 recorded reads would be answered so today')
    expect(fresh.exitCode).toBe(0)

    const stale = await runCli(
      { 'evals/live.ts': tools("({ at: 1, status: order === 'W12' ? 'delivered' : 'sent' })") },
      ['verify', 'shop', '--tools', 'evals/live.ts'],
      { dir },
    )
    expect(stale.stdout).toContain('stale: where (shop)')
    expect(stale.stdout).toContain('at        response.status')
    expect(stale.stdout).toContain('live      "delivered"')
    expect(stale.stdout).toContain(
      'shop: 1 of 2 trials (50.0 %) of run "shop" were served a stale reply: where',
    )
    expect(stale.exitCode).toBe(1)

    const json = await runCli({}, ['verify', '--tools', 'evals/live.ts', '--include-guessed', '--json'], {
      dir,
    })
    const report = JSON.parse(json.stdout)
    expect(report).toMatchObject({ reads: 4, asked: 2, exit: 1, skipped: [] })
    expect(report.tools).toMatchObject([
      { tool: 'get_order', guessed: false, counts: { same: 1, changed: 1, failed: 0, 'not-comparable': 1 } },
      // After a write of its run nobody can say, declared or not.
      { tool: 'search_orders', guessed: true, counts: { 'not-comparable': 1 } },
    ])
    expect(report.scores).toMatchObject([{ eval: 'shop', of: { kind: 'run' }, trials: 2, resting: 1 }])
  })

  it('does not take a tool that fails for a world that changed', async () => {
    const { exitCode, stdout } = await runCli(
      { ...files, 'evals/live.ts': tools("(() => { throw new Error('connect ECONNREFUSED') })()") },
      ['verify', '--tools', 'evals/live.ts'],
    )
    expect(stdout).toContain('connect ECONNREFUSED')
    expect(stdout).toContain('not known: 2 reads could not be asked')
    expect(stdout).not.toContain('stale:')
    expect(exitCode).toBe(4)
  })

  it('says nothing was compared where nothing was', async () => {
    const { exitCode, stdout } = await runCli({ ...files, 'evals/live.ts': tools('1') }, [
      'verify',
      '--tools',
      'evals/live.ts',
      '--tool',
      'refund',
    ])
    expect([exitCode, stdout.includes('nothing could be compared')]).toEqual([3, true])
  })

  it('is told what is no question', async () => {
    const none = await runCli(files, ['verify'])
    expect([none.exitCode, none.stderr.includes('evals/live-tools.ts')]).toEqual([2, true])
    const { dir } = none
    const empty = await runCli(
      { 'evals/none.ts': 'export const x = 1' },
      ['verify', '--tools', 'evals/none.ts'],
      { dir },
    )
    expect([empty.exitCode, empty.stderr.includes('exports no tool')]).toEqual([2, true])
    const path = await runCli(
      { 'evals/live.ts': tools('1') },
      ['verify', '--tools', 'evals/live.ts', '--ignore', 'at'],
      { dir },
    )
    expect([path.exitCode, path.stderr.includes('response.fetched_at')]).toEqual([2, true])
    const broken = await runCli(
      { 'evals/broken.ts': 'throw new Error("boom")' },
      ['verify', '--tools', 'evals/broken.ts'],
      { dir },
    )
    expect([broken.exitCode, broken.stderr.includes('boom')]).toEqual([2, true])
  })
})
