import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as later } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { lockFile } from '../../src/store/sqlite/file-lock.ts'
import { runCli } from '../support/cli.ts'

/** Two runs of one session, a month apart, one of which failed and cost what nobody knows. */
const traces = [
  {
    id: 't_first',
    startedAt: '2026-01-01T10:00:00Z',
    status: 'ok',
    costUsd: 1.2,
    session: 'luggage',
    output: 'Your lost luggage is on its way.',
    spans: [],
  },
  {
    id: 't_second',
    startedAt: '2026-02-01T10:00:00Z',
    status: 'error',
    attributes: { 'session.id': 'luggage' },
    tags: ['debug'],
    spans: [
      {
        id: 's1',
        parent: null,
        name: 'chat',
        kind: 'llm',
        status: 'ok',
        request: { model: 'home-grown', messages: [] },
        reply: { message: { role: 'assistant', parts: [{ type: 'text', content: 'Sorry.' }] } },
      },
      {
        id: 's2',
        parent: null,
        name: 'search',
        kind: 'tool',
        status: 'error',
        request: { name: 'search', arguments: { q: 'bag' } },
        reply: { response: 'no such bag', isError: true },
      },
    ],
  },
].map((trace) => JSON.stringify({ v: 1, name: 'desk', source: { format: 'sample' }, ...trace }))

const config = `
import { defineConfig } from 'evalkit'
export default defineConfig({ filters: { broken: 'any(span.tool = search and span.error)' } })
`
const dataset = JSON.stringify({ v: 1, id: 'bag', input: 'Where is it?', source: { traces: ['t_first'] } })

describe('the store from the street', () => {
  it('is asked, exported, pruned of what nothing needs, checked and copied', async () => {
    const files = {
      'runs.jsonl': `${traces.join('\n')}\n`,
      'evalkit.config.ts': config,
      'datasets/desk.jsonl': `${dataset}\n`,
    }
    const imported = await runCli(files, ['import', 'runs.jsonl'])
    expect(imported.stderr).toBe('')
    const { dir } = imported
    const said = async (...args: string[]) => runCli({}, args, { dir })

    const thread = await said('trace', 'list', '--session', 'luggage')
    expect(thread.stdout.indexOf('t_first')).toBeLessThan(thread.stdout.indexOf('t_second'))
    expect(thread.stdout).toContain('2 traces, $1.20, 1 unknown')
    const shown = await said('trace', 'show', '--session', 'luggage')
    expect(shown.stdout.indexOf('t_first')).toBeLessThan(shown.stdout.indexOf('t_second'))
    expect(shown.stdout).toContain('no such bag')
    const broken = await said('trace', 'list', '--filter', 'broken', '--json')
    expect(JSON.parse(broken.stdout).traces.map(({ id }: { id: string }) => id)).toEqual(['t_second'])
    const misnamed = await said('trace', 'list', '--filter', 'brokn')
    expect([misnamed.exitCode, misnamed.stderr]).toEqual([
      2,
      expect.stringContaining('did you mean "broken"?'),
    ])
    const misread = await said('trace', 'list', '--where', 'status = ok and tol = x')
    expect([misread.exitCode, misread.stderr]).toEqual([2, expect.stringContaining('Did you mean "tool"?')])

    const exported = await said('trace', 'export')
    const again = await runCli({ 'again.jsonl': exported.stdout }, ['import', 'again.jsonl', '--json'])
    expect(JSON.parse(again.stdout)).toMatchObject({ traces: 2, added: 2, problems: [] })
    const twice = await runCli({}, ['trace', 'export'], { dir: again.dir })
    expect(twice.stdout).toBe(exported.stdout)

    const planned = await said('prune', '--older-than', '7d', '--dry-run')
    expect(planned.stdout).toContain('1 trace would be removed, 1 kept')
    expect(planned.stdout).toContain('t_first  datasets/desk.jsonl')
    expect((await said('prune')).exitCode).toBe(2)
    // Somebody promotes a trace meanwhile: who removes some waits until it is written which.
    const promoting = await lockFile(join(dir, '.evalkit', 'evalkit.db.lock'), 'shared', 0)
    const pruning = said('prune', '--tag', 'debug=7d', '--json')
    let ended = false
    void pruning.then(() => (ended = true))
    await later(2500)
    expect(ended).toBe(false)
    promoting?.[Symbol.dispose]()
    const pruned = await pruning
    expect(JSON.parse(pruned.stdout)).toMatchObject({
      removed: 1,
      remove: [{ id: 't_second', cause: 'tag' }],
    })
    const checked = await said('store', 'check')
    expect([checked.exitCode, checked.stdout]).toEqual([0, 'sound: 1 trace read back\n'])
    await said('store', 'backup', 'copy.db')
    const copied = await said('store', 'stats', '--store', 'copy.db', '--json')
    expect(JSON.parse(copied.stdout)).toMatchObject({ traces: 1, freeBytes: expect.any(Number) })
    expect(readFileSync(join(dir, 'copy.db')).subarray(0, 15).toString()).toBe('SQLite format 3')
  }, 120_000)
})
