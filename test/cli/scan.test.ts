import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCli, workspace } from '../support/cli.ts'

// Put together here, so that no scanner takes this file for a leak.
const key = ['sk', 'ant', 'api03', 'AbCd1234EfGh5678IjKl9012'].join('-')

describe('evalkit scan', () => {
  it('names file, line, path and kind of each secret, and never the secret; exit 1', async () => {
    const files = {
      'data/cases.jsonl': `{"id":"one","input":1}\n{"id":"two","input":{"password":"swordfish"}}\n`,
      'data/deep/case.json': `{\n  "calls": [\n    { "arguments": ${JSON.stringify(JSON.stringify({ k: key }))} }\n  ]\n}\n`,
      'data/notes.txt': `first line\nexport KEY=${key}\n`,
      'data/clean.json': '{"max_tokens": 4096, "mail": "ada@example.com"}\n',
    }
    const { exitCode, stdout, dir } = await runCli(files, ['scan', 'data'])
    expect(stdout).toBe(
      [
        'data/cases.jsonl:2  $.input.password  secret',
        'data/deep/case.json:3  $.calls[0].arguments  anthropic-key',
        'data/notes.txt:2  anthropic-key',
        '4 files, 0.0 MB: 3 found',
        '',
      ].join('\n'),
    )
    expect(exitCode).toBe(1)

    const json = await runCli({}, ['scan', 'data', '--json', '--pii'], { dir })
    expect(json.exitCode).toBe(1)
    expect(json.stdout).not.toMatch(/swordfish|AbCd|ada@/)
    const { schemaVersion, findings } = JSON.parse(json.stdout)
    expect(schemaVersion).toBe(1)
    expect(findings).toContainEqual({ file: 'data/clean.json', line: 1, path: '$.mail', kind: 'email' })
    expect(findings).toHaveLength(4)
  })

  it('is quiet and exits 0 where there is nothing, also in what it wrote itself', async () => {
    const files = { 'a.json': '{"password":"<redacted:secret:0123456789>"}', 'b.txt': 'hello' }
    const { exitCode, stdout } = await runCli(files, ['scan', 'a.json', 'b.txt'])
    expect(stdout).toBe('2 files, 0.0 MB: no secrets\n')
    expect(exitCode).toBe(0)
  })

  it('follows no link, skips binary files, and says so', async () => {
    const dir = workspace({ 'outside/secret.txt': key, 'in/a.txt': 'hello' })
    symlinkSync('../outside', join(dir, 'in/link'))
    symlinkSync('../outside/secret.txt', join(dir, 'in/link.txt'))
    writeFileSync(join(dir, 'in/image.png'), Buffer.from(`PNG\0${key}`))
    const { exitCode, stdout } = await runCli({}, ['scan', 'in'], { dir })
    expect(stdout).toBe('2 files, 0.0 MB: no secrets\n1 binary, not looked into\n2 links, not followed\n')
    expect(exitCode).toBe(0)
  })

  it('takes what it cannot read for no clean answer', async () => {
    const none = await runCli({}, ['scan', 'nowhere'])
    expect(none.stderr).toContain('EVK_FILE_NOT_FOUND')
    expect(none.exitCode).toBe(2)
    expect((await runCli({}, ['scan'])).exitCode).toBe(2)

    const dir = workspace({ 'in/a.txt': 'hello' })
    mkdirSync(join(dir, 'in/closed'))
    chmodSync(join(dir, 'in/closed'), 0)
    const large = Buffer.alloc(64 * 1024 * 1024 + 1, 'a')
    writeFileSync(join(dir, 'in/large.txt'), large)
    const { exitCode, stdout } = await runCli({}, ['scan', 'in'], { dir })
    chmodSync(join(dir, 'in/closed'), 0o700)
    expect(stdout).toContain('in/large.txt  not read')
    expect(exitCode).toBe(2)
  })

  it('knows the names of the config', async () => {
    const files = {
      'evalkit.config.ts': `export default { redaction: { keys: ['member no'], allowKeys: ['token'], pii: true } }`,
      'a.json': '{"memberNo": "4711", "token": "plain", "mail": "ada@example.com"}',
    }
    const { exitCode, stdout } = await runCli(files, ['scan', 'a.json'])
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      'a.json:1  $.memberNo  secret',
      'a.json:1  $.mail  email',
    ])
    expect(exitCode).toBe(1)
  })
})

describe('evalkit import', () => {
  it('takes secrets out before the store sees them, says how many, and still knows a run by its id', async () => {
    const sample = readFileSync(
      new URL('../../src/capture/importers/tau-bench.sample.json', import.meta.url),
      'utf8',
    )
    const runs: { traj: { role: string; content: unknown }[] }[] = JSON.parse(sample).slice(0, 1)
    const user = runs[0]?.traj.find(({ role }) => role === 'user')
    if (user !== undefined) user.content = `my mail is ada@example.com, my key ${key}`
    const dir = workspace({ 'runs.json': JSON.stringify(runs) })
    const first = await runCli({}, ['import', 'runs.json', '--json', '--store', 'store.db'], { dir })
    expect(JSON.parse(first.stdout).redacted).toEqual({ 'anthropic-key': expect.any(Number) })
    expect(readFileSync(join(dir, 'store.db')).includes(key)).toBe(false)
    const again = await runCli({}, ['import', 'runs.json', '--store', 'store.db'], { dir })
    expect(again.stdout).toMatch(/0 added/)
    expect(again.stdout).toMatch(/^redacted: \d+ anthropic-key$/m)

    const config = `export default { redaction: { pii: true } }`
    const pii = await runCli(
      { 'evalkit.config.ts': config },
      ['import', 'runs.json', '--json', '--store', 'other.db'],
      {
        dir,
        env: { EVALKIT_REDACTION_KEY: 'ours' },
      },
    )
    expect(JSON.parse(pii.stdout).redacted).toMatchObject({ email: expect.any(Number) })
    const { stdout } = await runCli({}, ['trace', 'list', '--json', '--store', 'other.db'], { dir })
    const [trace] = JSON.parse(stdout).traces
    const shown = await runCli({}, ['trace', 'show', trace.id, '--json', '--store', 'other.db'], { dir })
    expect(shown.stdout).toContain('my mail is <redacted:email:')
    expect(shown.stdout).not.toContain('ada@example.com')
  })
})
