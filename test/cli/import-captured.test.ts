import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repository, runCli, workspace } from '../support/cli.ts'

const spool = readFileSync(join(repository, 'src/capture/importers/evalkit-spool.sample.jsonl'), 'utf8')
const lines = spool.trimEnd().split('\n')
const [support, proxy] = ['t_1f0c2b7a9d3e4c5f6a7b', 't_8e7d6c5b4a39281706f5']
const wire = join(repository, 'test/data/wire')

function jsonOf(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>
}

describe('what was captured, from the spool to the store', () => {
  it('is imported from a folder, once, whole and as it grows', async () => {
    const half = lines.slice(0, -1).join('\n')
    const dir = workspace({
      'spool/a.jsonl': `${lines[0]}\n`,
      'spool/a.1.jsonl': `${half.slice(half.indexOf('\n') + 1)}\n{"v":1,"ty`,
    })
    const first = await runCli({}, ['import', 'spool', '--json'], { dir })
    expect(first.stderr).toBe('')
    expect(jsonOf(first.stdout)).toMatchObject({
      traces: 1,
      added: 1,
      problems: [
        { action: 'skipped', file: 'spool', at: `a.1.jsonl:1, trace ${proxy}` },
        { action: 'skipped', file: 'spool', at: `a.1.jsonl:${lines.length - 1}` },
      ],
    })
    const partly = await runCli({}, ['import', 'spool', '--unfinished', '--json'], { dir })
    expect(jsonOf(partly.stdout)).toMatchObject({ traces: 2, added: 1, known: 1 })
    // The line that was torn is whole now, and the run has ended.
    const whole = await runCli(
      { 'spool/a.1.jsonl': `${lines.slice(1).join('\n')}\n` },
      ['import', 'spool', '--json'],
      { dir },
    )
    expect(jsonOf(whole.stdout)).toMatchObject({ traces: 2, added: 1, known: 1, problems: [] })
  })

  it('says what each run can be used for, and refuses to replay or promote what is not whole', async () => {
    const dir = workspace({ 'a.jsonl': spool, 'cut.jsonl': lines.slice(0, 3).join('\n') })
    await runCli({}, ['import', 'a.jsonl'], { dir })
    await runCli({}, ['import', 'cut.jsonl', '--unfinished'], { dir })
    const shown = await runCli({}, ['trace', 'show', support], { dir })
    expect(shown.stdout).toContain('replay grade: A (every exchange byte for byte)')
    const derived = await runCli({}, ['trace', 'show', proxy], { dir })
    expect(derived.stdout).toContain('replay grade: B (replays, with replies written anew;')
    const cut = await runCli({}, ['trace', 'show', `${support}.unfinished`, '--json'], { dir })
    expect(jsonOf(cut.stdout)).toMatchObject({
      replayGrade: { grade: 'C', missing: ['the end of the run', expect.any(String)] },
    })
    for (const command of [['replay'], ['promote', '--dataset', 'shop', '--case', 'w12']]) {
      const refused = await runCli({}, [...command, `${support}.unfinished`], { dir })
      expect(refused.exitCode).toBe(2)
      expect(refused.stderr).toContain('EVK_TRACE_UNREPLAYABLE')
      expect(refused.stderr).toContain('missing: the end of the run')
    }
    const all = await runCli({}, ['promote', '--all', '--dataset', 'shop', '--case', 'w12', '--json'], {
      dir,
    })
    expect(
      (jsonOf(all.stdout) as { skipped: { trace: string }[] }).skipped.map(({ trace }) => trace),
    ).toEqual([expect.stringContaining(support), expect.stringContaining(proxy)])
  })

  it('may be recordings of HTTP and histories of workflows too', async () => {
    const dir = workspace({})
    const cassette = join(wire, 'vcr/test_multiple_parallel_tool_calls.yaml')
    const archive = join(
      wire,
      'har/instrumentation-langchain__should-set-attributes-in-span-for-agent-instrumentation_1316891278.har',
    )
    const history = join(repository, 'test/data/temporal/tools-workflow-history.json')
    const { stdout } = await runCli({}, ['import', cassette, archive, history, '--json'], { dir })
    expect(jsonOf(stdout)).toMatchObject({ traces: 3, added: 3, toolCalls: 4 + 1 + 1, problems: [] })
  })

  it('is refused by name where it is no spool, or hostile', async () => {
    const laughs = `a: &a [x]\n${'bcdefghijklmnop'
      .split('')
      .map((name, at) => `${name}: &${name} [${`*${'abcdefghijklmno'[at]}, `.repeat(20)}]`)
      .join('\n')}\n`
    const dir = workspace({
      'empty/readme.txt': 'nothing',
      'other/a.jsonl': '{"level":"info"}\n',
      'bomb.yaml': `${laughs}interactions: []\nversion: 1\n`,
    })
    const codeOf = async (path: string) =>
      /EVK_\w+/.exec((await runCli({}, ['import', path], { dir })).stderr)?.[0]
    expect(await codeOf('empty')).toBe('EVK_FILE_NOT_FOUND')
    expect(await codeOf('other')).toBe('EVK_FILE_UNUSABLE')
    expect(await codeOf('bomb.yaml')).toBe('EVK_YAML_REFUSED')
  })
})
