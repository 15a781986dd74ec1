import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { killCollector } from '../../scripts/kill-collector.ts'
import { repository, runCli, workspace } from '../support/cli.ts'
import { startCli } from '../support/cli-process.ts'

const samples = join(repository, 'src', 'capture', 'importers')

describe('evalkit collect', () => {
  it('puts what it receives into the store when it is stopped: the trace that an import makes', async () => {
    const dir = workspace()
    const collector = startCli(dir, ['collect', '--otlp', '--port', '0'])
    await collector.errorsSaid('until Ctrl-C')
    const origin = collector.stdout().trim()
    const body = readFileSync(join(samples, 'otlp-openllmetry.sample.pb'))
    const headers = { 'content-type': 'application/x-protobuf' }
    const answer = await fetch(`${origin}/v1/traces`, { method: 'POST', headers, body })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
    collector.child.kill('SIGTERM')
    const { exitCode, stderr } = await collector.ended
    expect([exitCode, stderr]).toEqual([
      0,
      expect.stringContaining('1 requests, 5 spans, 0 logs, 1 traces\n'),
    ])
    const again = await runCli({}, ['import', join(samples, 'otlp-openllmetry.sample.json')], { dir })
    expect(again.stdout).toContain('1 traces from one file: 0 added, 1 known already')
  })

  it('refuses to listen for others without a token', async () => {
    const { exitCode, stderr } = await runCli({}, ['collect', '--otlp', '--host', '0.0.0.0'])
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('a token is needed there')])
    expect((await runCli({}, ['collect'])).exitCode).toBe(2)
  })

  it('has its inbox for itself, until it ends in any way', async () => {
    const dir = workspace()
    const first = startCli(dir, ['collect', '--otlp', '--port', '0'])
    await first.errorsSaid('until Ctrl-C')
    const second = await runCli({}, ['collect', '--otlp', '--port', '0'], { dir })
    expect([second.exitCode, second.stderr]).toEqual([4, expect.stringContaining('EVK_INBOX_BUSY')])
    first.child.kill('SIGKILL')
    await first.ended
    const third = startCli(dir, ['collect', '--otlp', '--port', '0'])
    await third.errorsSaid('until Ctrl-C')
    third.child.kill('SIGTERM')
    expect((await third.ended).exitCode).toBe(0)
  })

  it('says where it cannot keep what it receives', async () => {
    const { exitCode, stderr } = await runCli({ inbox: 'a file' }, ['collect', '--otlp', '--inbox', 'inbox'])
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('EVK_FILE_UNUSABLE')])
  })

  it('loses nothing it has acknowledged when it is killed under load, and stores nothing twice', async () => {
    const program = [process.execPath, join(repository, 'bin', 'evalkit.mjs')] as const
    const { traces, wrong } = await killCollector(3, program)
    expect(wrong).toEqual([])
    expect(traces).toBeGreaterThan(4)
  })
})

describe('evalkit import', () => {
  it('joins logs with the traces that are named beside them, or lie in the same folder', async () => {
    const [traces = '', logs = ''] = readFileSync(
      join(samples, 'otlp-instrumentation-openai.sample.jsonl'),
      'utf8',
    ).split('\n')
    const files = { 'requests/traces.json': traces, 'requests/logs.json': logs }
    const named = await runCli(files, ['import', 'requests/traces.json', 'requests/logs.json'])
    expect(named.stdout).toContain('1 traces from 2 files: 1 added, 0 known already')
    const folder = await runCli({}, ['import', 'requests'], { dir: named.dir })
    expect(folder.stdout).toContain('1 traces from one file: 0 added, 1 known already')
  })
})
