import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { repository, runCli } from '../support/cli.ts'

/** Four real runs of one task, two of which passed. They look things up, and write nothing. */
const airline = readFileSync(join(repository, 'test/data/tau-bench/airline-one-task.json'), 'utf8')
const sample = readFileSync(join(repository, 'src/capture/importers/tau-bench.sample.json'), 'utf8')

const tools = JSON.stringify({ v: 1, tools: { calculate: { effect: 'pure' }, think: { effect: 'pure' } } })

/** The first run with one more call before its end, as if the agent had cancelled a reservation. */
function withWrite(): string {
  const [run] = JSON.parse(airline)
  const id = 'call_cancel'
  const given = JSON.stringify({ reservation_id: 'ZZZZZZ' })
  run.traj.splice(
    -1,
    0,
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id, type: 'function', function: { name: 'cancel_reservation', arguments: given } }],
    },
    { role: 'tool', tool_call_id: id, name: 'cancel_reservation', content: '{"status":"cancelled"}' },
  )
  return JSON.stringify([run])
}

describe('evalkit diff', () => {
  let dir = ''
  let ids: readonly string[] = []
  let cancelled = ''

  beforeAll(async () => {
    const files = {
      'airline.json': airline,
      'cancelled.json': withWrite(),
      'sample.json': sample,
      'evals/tools.json': tools,
    }
    const imported = await runCli(files, ['import', 'airline.json', '--run', 'main', '--json'])
    dir = imported.dir
    ids = await traceIds(dir)
    await runCli({}, ['import', 'cancelled.json', '--run', 'branch'], { dir })
    cancelled = (await traceIds(dir)).find((id) => !ids.includes(id)) ?? ''
  })

  it('shows two runs of a task side by side: they talk otherwise, and do the same', async () => {
    const [one = '', other = ''] = ids
    const { exitCode, stdout, stderr } = await runCli({}, ['diff', one, other.slice(0, 12)], { dir })
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
    expect(stdout).toContain(`diff  ${one} (tau-bench airline, task 44`)
    expect(stdout).toContain('no divergence')
    expect(stdout).toContain('writes: none on either side')
  })

  it.each(['json', 'text'])('finds no difference between a run and itself (%s)', async (how) => {
    const [one = ''] = ids
    const { exitCode, stdout } = await runCli({}, ['diff', one, one, ...(how === 'json' ? ['--json'] : [])], {
      dir,
    })
    expect(exitCode).toBe(0)
    expect(stdout).toContain(how === 'json' ? '"severity": "same"' : 'identical in every step')
  })

  it('gives the whole comparison as one document, with each of the real runs', async () => {
    const [left = ''] = ids
    for (const right of ids) {
      const { exitCode, stdout } = await runCli({}, ['diff', left, right, '--json'], { dir })
      const found = JSON.parse(stdout)
      expect(exitCode).toBe(0)
      expect(found).toMatchObject({
        schemaVersion: 1,
        kind: 'traces',
        left: { trace: left },
        right: { trace: right },
      })
      expect(found.writes).toEqual({ same: 0, changed: 0, removed: 0, added: 0, reordered: 0 })
      // No step is lost and none is shown twice.
      const steps = found.rows.flatMap((row: { left?: { step: number } }) =>
        row.left === undefined ? [] : [row.left.step],
      )
      expect(steps).toEqual([...new Set(steps)])
      expect(found.guessed.map(({ tool }: { tool: string }) => tool)).not.toContain('calculate')
    }
  })

  it('says 1 where something was written that was not written before', async () => {
    const first = JSON.parse((await runCli({}, ['trace', 'show', cancelled, '--json'], { dir })).stdout).trace
    const original = ids.length === 0 ? '' : await ofTrial(dir, ids, first.trial)
    const { exitCode, stdout } = await runCli({}, ['diff', original, cancelled], { dir })
    expect(stdout).toContain('regression at step')
    expect(stdout).toMatch(/!\+ +\d+ cancel_reservation\(reservation_id: "ZZZZZZ"\)/)
    expect(stdout).toContain('first divergence')
    expect(exitCode).toBe(1)
    const back = await runCli({}, ['diff', cancelled, original], { dir })
    expect(back.stdout).toMatch(/cancel_reservation\(reservation_id: "ZZZ.* !-/)
    expect(back.exitCode).toBe(1)
  })

  it('compares runs by case and trial', async () => {
    const { exitCode, stdout } = await runCli({}, ['diff', 'main', 'branch'], { dir })
    expect(stdout).toContain('regression: 1 of 1 trial diverge')
    expect(stdout).toContain('not compared: 3 trials, only the left run has it')
    expect(exitCode).toBe(1)
    const json = await runCli({}, ['diff', 'main', 'branch', '--json'], { dir })
    expect(JSON.parse(json.stdout)).toMatchObject({
      schemaVersion: 1,
      kind: 'runs',
      severity: 'regression',
      trials: [{ right: cancelled, writes: { added: 1 }, first: { right: { name: 'cancel_reservation' } } }],
    })
    const same = await runCli({}, ['diff', 'main', 'main'], { dir })
    expect(same.stdout).toContain('trials: 4 identical, 0 not, 0 not compared')
    expect(same.exitCode).toBe(0)
  })

  it.each([
    ['a name that is nearly a run', ['mian', 'branch'], 'EVK_DIFF_NOT_FOUND', 'did you mean the run "main"?'],
    [
      'nothing at all',
      ['mainframe-of-1998', 'branch'],
      'EVK_DIFF_NOT_FOUND',
      'There is neither a trace nor a run "mainframe-of-1998".',
    ],
    ['one word', ['main'], 'EVK_USAGE', "Missing required argument 'right'"],
    ['three words', ['main', 'branch', 'more'], 'EVK_USAGE', 'Too many arguments'],
    [
      'a beginning of many ids',
      ['t_', 'main'],
      'EVK_TRACE_AMBIGUOUS',
      'More than one trace id begins with "t_"',
    ],
    ['what a terminal would obey', ['\u001b[31mred', 'main'], 'EVK_DIFF_NOT_FOUND', '"red"'],
  ])('%s: says what is wrong, exit 2', async (_, words, code, text) => {
    const { exitCode, stdout, stderr } = await runCli({}, ['diff', ...words], { dir })
    expect(stderr).toContain(code)
    expect(stderr).toContain(text)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(stderr).not.toContain('\u001b')
    expect(stdout).toBe('')
    expect(exitCode).toBe(2)
  })

  it('names the trace that is near a mistyped id', async () => {
    const [one = ''] = ids
    const { stderr } = await runCli({}, ['diff', `${one.slice(0, 12)}x`, 'main'], { dir })
    expect(stderr).toContain(`did you mean the trace "${one}"?`)
  })

  it('does not compare a trace with a run', async () => {
    const [one = ''] = ids
    const { exitCode, stderr } = await runCli({}, ['diff', one, 'main'], { dir })
    expect(stderr).toContain('A trace and a run cannot be compared.')
    expect(stderr).toContain('"main" is a run')
    expect(exitCode).toBe(2)
  })

  it('refuses a tools file that is none', async () => {
    const [one = ''] = ids
    const broken = await runCli(
      { 'airline.json': airline, 'evals/tools.json': '{"tools":{"a":{"effect":"maybe"}}}' },
      ['import', 'airline.json'],
    )
    const { exitCode, stderr } = await runCli({}, ['diff', one, one], { dir: broken.dir })
    expect(stderr).toContain('EVK_TOOLS_INVALID')
    expect(exitCode).toBe(2)
  })

  it('has help with an example', async () => {
    const { exitCode, stdout } = await runCli({}, ['diff', '--help'], { dir })
    expect(stdout).toContain('Examples:\n  evalkit diff')
    expect(exitCode).toBe(0)
  })
})

async function traceIds(dir: string): Promise<readonly string[]> {
  const { stdout } = await runCli({}, ['trace', 'list', '--json'], { dir })
  return JSON.parse(stdout).traces.map(({ id }: { id: string }) => id)
}

async function ofTrial(dir: string, ids: readonly string[], trial: number): Promise<string> {
  const { stdout } = await runCli({}, ['trace', 'list', '--where', `trial=${trial}`, '--json'], { dir })
  const found = JSON.parse(stdout).traces.map(({ id }: { id: string }) => id)
  return ids.find((id) => found.includes(id)) ?? ''
}
