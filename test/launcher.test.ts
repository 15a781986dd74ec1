import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repository, runCli, runProgram, workspace } from './support/cli.ts'

const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string }

describe('the launcher', () => {
  it.each(['--version', '-v'])(
    '%s prints the version of the package and loads nothing else',
    async (flag) => {
      const { exitCode, stdout, stderr } = await runCli({}, [flag])
      expect({ exitCode, stdout, stderr }).toEqual({
        exitCode: 0,
        stdout: `${manifest.version}\n`,
        stderr: '',
      })
    },
  )

  it('says on an old Node what is needed, exit 2', async () => {
    const { exitCode, stdout, stderr } = await pretendNode('20.20.2')
    expect(exitCode).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(
      /^EVK_NODE_TOO_OLD {2}evalkit needs Node 22\.14 or newer; this is v20\.20\.2\.\n {2}hint/,
    )
  })

  it.each([
    ['22.13.1', true],
    ['12.22.0', true],
    ['22.14.0', false],
    ['24.0.0', false],
    ['100.0.0', false],
  ])('Node %s is too old: %s', async (version, tooOld) => {
    const { exitCode, stdout } = await pretendNode(version)
    expect({ exitCode, stdout }).toEqual({
      exitCode: tooOld ? 2 : 0,
      stdout: tooOld ? '' : `${manifest.version}\n`,
    })
  })

  it('uses no syntax or import that a Node from 2019 does not read', () => {
    const text = readFileSync(join(repository, 'bin', 'evalkit.mjs'), 'utf8').replaceAll(/^\s*\/\/.*$/gm, '')
    expect(text).not.toMatch(/^\s*import[\s{*]/m)
    expect(text).not.toMatch(/\?\.|\?\?|\|\|=|&&=|^\s*(await|for await)\b|\d_\d|#\w+\s*[=(]/m)
  })

  it('names the cure where nothing was built', async () => {
    const { exitCode, stderr } = await runProgram(process.execPath, [copiedLauncher(), 'run'], {
      dir: workspace(),
    })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('npm run build')
  })

  it('leaves, too, where what was run left something open, and names it', async () => {
    const launcher = copiedLauncher('export const main = async () => (setInterval(() => {}, 9e6), 3)')
    const { exitCode, stderr } = await runProgram(process.execPath, [launcher, 'run'], { dir: workspace() })
    expect({ exitCode, stderr }).toEqual({
      exitCode: 3,
      stderr: 'left open by what was run, and ended: Timeout\n',
    })
  })

  it('leaves with what main answers', async () => {
    const launcher = copiedLauncher('export const main = async (argv) => argv.length')
    const { exitCode, stderr } = await runProgram(process.execPath, [launcher, 'a', 'b', 'c'], {
      dir: workspace(),
    })
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: '' })
  })

  it.each([
    ['a promise that rejects', 'export const main = async () => { throw new TypeError("ouch") }'],
    [
      'an exception out of nowhere',
      'export const main = () => new Promise(() => setTimeout(() => { throw new TypeError("ouch") }))',
    ],
    ['a main that does not load', 'throw new TypeError("ouch")'],
  ])('shows %s whole and exits 4: exit 1 would say that the agent got worse', async (_, source) => {
    const { exitCode, stderr } = await runProgram(process.execPath, [copiedLauncher(source), 'run'], {
      dir: workspace(),
    })
    expect(exitCode).toBe(4)
    expect(stderr).toMatch(/bug of ours[^]*TypeError: ouch\n +at /)
  })

  it('keeps the answer when the reader of its output has gone', async () => {
    const launcher = copiedLauncher(
      'export const main = async () => { for (let i = 0; i < 1e5; i++) process.stdout.write("line " + i + "\\n"); return 3 }',
    )
    const script = `"$0" "$1" run | head -1; echo "\${PIPESTATUS[0]}"`
    const result = await runProgram('bash', ['-c', script, process.execPath, launcher], { dir: workspace() })
    expect(result).toMatchObject({ stdout: 'line 0\n3\n', stderr: '' })
  })
})

/** The launcher asked for its version while it believes that another Node runs it. */
function pretendNode(version: string) {
  const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`
  return runCli({}, ['--version'], {
    nodeFlags: ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`],
  })
}

/** The launcher in a package of its own, with `main` or without. */
function copiedLauncher(main?: string): string {
  const dir = workspace()
  mkdirSync(join(dir, 'bin'))
  copyFileSync(join(repository, 'bin', 'evalkit.mjs'), join(dir, 'bin', 'evalkit.mjs'))
  if (main !== undefined) {
    mkdirSync(join(dir, 'dist', 'cli'), { recursive: true })
    writeFileSync(join(dir, 'dist', 'cli', 'main.js'), main)
  }
  return join(dir, 'bin', 'evalkit.mjs')
}
