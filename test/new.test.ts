import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { scaffold } from '../scripts/new.ts'
import { repository, runProgram } from './support/cli.ts'

const read = (path: string): string => readFileSync(join(repository, path), 'utf8')

describe('npm run new', () => {
  it('writes members that compile, pass their contract, and keep the format', {
    timeout: 120_000,
  }, async () => {
    const dir = mkdtempSync(join(process.env['EVALKIT_TEST_SCRATCH'] ?? tmpdir(), 'new-'))
    const copied = ['src', 'test/data', 'tsconfig.json', 'tsconfig.build.json', 'biome.json', 'package.json']
    for (const name of copied) {
      cpSync(join(repository, name), join(dir, name), { recursive: true })
    }
    symlinkSync(join(repository, 'node_modules'), join(dir, 'node_modules'))
    const files = { ...scaffold('check', 'maxCharacters', read), ...scaffold('importer', 'acme-agent', read) }
    for (const [path, text] of Object.entries(files)) writeFileSync(join(dir, path), text)
    expect(Object.keys(files)).toEqual([
      'src/score/checks/max-characters.ts',
      'src/score/checks/index.ts',
      'src/capture/importers/acme-agent.ts',
      'src/capture/importers/acme-agent.sample.json',
      'src/capture/importers/index.ts',
      'src/capture/importers/importers.test.ts',
    ])

    const node = (path: string, args: readonly string[]) =>
      runProgram(process.execPath, [join(repository, 'node_modules', path), ...args], {
        dir,
        timeoutMs: 100_000,
      })
    expect(await node('ts7/bin/tsc', ['-p', 'tsconfig.build.json', '--noEmit'])).toMatchObject({
      stdout: '',
      exitCode: 0,
    })
    const written = Object.keys(files).filter((path) => path.endsWith('.ts'))
    expect(await node('@biomejs/biome/bin/biome', ['format', ...written])).toMatchObject({ exitCode: 0 })
    const suites = ['src/score/checks/checks.test.ts', 'src/capture/importers/importers.test.ts']
    const tests = await node('vitest/vitest.mjs', [
      'run',
      '--reporter=verbose',
      '--testTimeout=30000',
      ...suites,
    ])
    expect(tests.exitCode === 0 ? '' : `${tests.stdout}${tests.stderr}`).toBe('')
    expect(tests.stdout).toContain('maxCharacters > The reason says how long the answer is.')
    expect(tests.stdout).toContain(
      'importer acme-agent, on acme-agent.sample.json > detects its own sample, and nobody else does',
    )
  })

  it('puts the line where the alphabet has it', () => {
    const index = scaffold('check', 'aardvark', read)['src/score/checks/index.ts'] ?? ''
    expect(index).toContain("import { aardvark } from './aardvark.ts'\nimport { approvals }")
    expect(index.match(/\{\n {2}aardvark,\n {2}approvals,/g)).toHaveLength(2)
  })

  it.each([
    ['check', 'Big', 'no name'],
    ['check', '../x', 'no name'],
    ['check', '', 'no name'],
    ['gadget', 'x', 'nothing to scaffold for "gadget"; there is check, importer'],
  ])('refuses %s %j', (kind, name, why) => {
    expect(() => scaffold(kind, name, read)).toThrow(why)
  })

  it('says so when a registry has changed its looks', () => {
    expect(() => scaffold('check', 'x', () => '')).toThrow('No place for')
  })
})
