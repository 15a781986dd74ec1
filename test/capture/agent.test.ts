import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { SpoolRecord } from '../../src/schema/spool.ts'
import { tracesOf } from '../../src/capture/testing/memory-session.ts'
import type { Trace } from '../../src/schema/trace.ts'
import { runProgram, workspace } from '../support/cli.ts'

/** An agent as its users run it: a program of its own, that ends as programs do. */
async function run(agent: string, env: Record<string, string> = {}, nodeFlags: readonly string[] = []) {
  const dir = workspace({ 'agent.mjs': `import * as evalkit from 'evalkit/capture'\n${agent}` })
  const result = await runProgram(process.execPath, [...nodeFlags, 'agent.mjs'], {
    dir,
    env,
    timeoutMs: 20_000,
  })
  return { ...result, traces: tracesIn(join(dir, '.evalkit', 'spool')) }
}

function tracesIn(folder: string): readonly Trace[] {
  if (!existsSync(folder)) return []
  const lines = readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
  return tracesOf(lines.filter((line) => line !== '').map((line) => JSON.parse(line) as SpoolRecord))
}

const tool = `const order = evalkit.tool({ name: 'get_order' }, async ({ id }) => ({ id, status: 'sent' }))\n`

describe('an agent', () => {
  it('leaves its runs in the spool when it ends', async () => {
    const { exitCode, stdout, traces } = await run(`${tool}
      const answer = await evalkit.trace('support', { input: { id: 'W12' }, version: '7', attributes: { plan: 'pro' } },
        async () => (await order({ id: 'W12' })).status)
      console.log(answer)`)
    expect([exitCode, stdout]).toEqual([0, 'sent\n'])
    expect(traces).toMatchObject([
      {
        name: 'support',
        status: 'ok',
        input: { id: 'W12' },
        output: 'sent',
        versions: { prompt: '7' },
        attributes: { plan: 'pro', 'evalkit.tapped': ['get_order'] },
        spans: [{ kind: 'agent' }, { kind: 'tool', reply: { response: { id: 'W12', status: 'sent' } } }],
      },
    ])
    expect(traces[0]?.id).toMatch(/^t_[0-9a-f]{20}$/)
  })

  it('that calls process.exit() leaves them too', async () => {
    const { exitCode, traces } = await run(`${tool}
      void evalkit.trace('support', async () => { await order({ id: 'W1' }); process.exit(3) })`)
    expect(exitCode).toBe(3)
    expect(traces).toMatchObject([
      { status: 'error', ended: 'unfinished', spans: [{}, { name: 'get_order', status: 'ok' }] },
    ])
  })

  it('that throws leaves what it threw, and ends as it would have', async () => {
    const agent = `await evalkit.trace('support', async () => { throw new RangeError('too far') })`
    const recorded = await run(agent)
    const plain = await run(agent, { EVALKIT_CAPTURE: 'off' })
    expect(recorded.traces).toMatchObject([{ status: 'error', ended: 'RangeError' }])
    expect(plain.traces).toEqual([])
    expect([recorded.exitCode, recorded.stderr.includes('RangeError: too far')]).toEqual([1, true])
    expect(plain.exitCode).toBe(1)
  })

  it('still ends of a rejection that nobody handles', async () => {
    const agent = `void evalkit.trace('support', async () => { throw new Error('unseen') }); setTimeout(() => {}, 1000)`
    const recorded = await run(agent)
    const plain = await run(agent, { EVALKIT_CAPTURE: 'off' })
    expect([recorded.exitCode, plain.exitCode]).toEqual([1, 1])
    expect(recorded.traces).toMatchObject([{ status: 'error' }])
  })

  it('that is killed leaves its start, and what it waited for', async () => {
    const { exitCode, traces } = await run(`
      const slow = evalkit.tool({ name: 'slow' }, () => new Promise(() => undefined))
      void evalkit.trace('support', { input: 'W12' }, () => slow({ id: 'W12' }))
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100)`)
    expect(exitCode).toBe(-1)
    expect(traces).toMatchObject([
      {
        ended: 'unfinished',
        input: 'W12',
        spans: [{}, { name: 'slow', request: { arguments: { id: 'W12' } } }],
      },
    ])
  })

  it('is not held by what records it', async () => {
    const { exitCode, traces } = await run(`${tool}
      await order({ id: 'outside' })
      evalkit.configure({ sinks: [{ name: 'hangs', write: () => new Promise(() => undefined) }] })
      await evalkit.trace('hanging', () => order({ id: 'inside' }))`)
    expect(exitCode).toBe(0)
    // What happened outside of every run is a trace of the process.
    expect(traces).toMatchObject([
      { name: 'agent.mjs', ended: 'exit', spans: [{}, { request: { arguments: { id: 'outside' } } }] },
    ])
  })

  it('hands its runs to a function of its own', async () => {
    const { stdout, traces } = await run(`${tool}
      evalkit.configure({ sinks: [evalkit.traceSink((trace) => console.log(trace.name, trace.spans.length))] })
      await evalkit.trace('support', () => order({ id: 'W12' }))
      await evalkit.flush()`)
    expect(stdout).toBe('support 2\n')
    expect(traces).toEqual([])
  })

  it('can be asked what was written, and what was taken out', async () => {
    const { stdout } = await run(`${tool}
      const key = 'sk-ant-api03-' + 'aB3dE5fG7h'.repeat(9)
      await evalkit.trace('support', { input: { note: 'use ' + key } }, () => order({ id: key }))
      await evalkit.flush()
      const [{ kind, count, places }] = evalkit.redactions()
      console.log(JSON.stringify({ kind, many: count > 1, placed: places.length > 0, ...evalkit.counts() }))`)
    const { kind, ...rest } = JSON.parse(stdout) as Record<string, unknown>
    expect(kind).toMatch(/anthropic/)
    expect(rest).toEqual({ many: true, placed: true, written: 4, dropped: 0, queued: 0 })
    expect(stdout).not.toContain('aB3dE5fG7h')
  })

  it('nests traces in traces, and hands over', async () => {
    const { traces } = await run(`${tool}
      await evalkit.trace('triage', () =>
        evalkit.handoff({ from: 'triage', to: 'refunds', message: { id: 'W12' } }, () => order({ id: 'W12' })))`)
    expect(traces).toMatchObject([
      {
        name: 'triage',
        spans: [
          { id: 's1', kind: 'agent' },
          {
            id: 's2',
            kind: 'agent',
            name: 'refunds',
            parent: 's1',
            input: { id: 'W12' },
            attributes: { 'handoff.from': 'triage', 'handoff.to': 'refunds' },
          },
          { id: 's3', kind: 'tool', parent: 's2' },
        ],
      },
    ])
  })

  it('keeps what its functions return: values stay values, and promises promises', async () => {
    const { stdout } = await run(`
      const sync = evalkit.trace('sync', () => 42)
      const promised = evalkit.trace('async', async () => 42)
      const frozen = Object.freeze({ a: 1 })
      console.log(sync, promised instanceof Promise, await promised, evalkit.trace('same', () => frozen) === frozen)`)
    expect(stdout).toBe('42 true 42 true\n')
  })

  it('loads nothing heavy', async () => {
    const spy = `import { writeSync } from 'node:fs'
      export const load = (url, context, next) => (writeSync(1, url + '\\n'), next(url, context))`
    const hooks = `import module from 'node:module'
      module.register('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(spy))})`
    const loaded = await run('', {}, [
      '--no-warnings',
      '--import',
      `data:text/javascript,${encodeURIComponent(hooks)}`,
    ])
    const urls = loaded.stdout.split('\n').filter((url) => url.startsWith('file:'))
    expect(urls.length).toBeGreaterThan(10)
    expect(urls.filter((url) => /\/node_modules\/(?!evalkit)|\/store\/|\/importers\//.test(url))).toEqual([])
    expect(loaded.stdout).not.toMatch(/node:(sqlite|https|worker_threads)/)
  })
})
