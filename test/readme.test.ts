import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repository } from './support/cli.ts'
import { blocksOf, showsOutput, withBlockText } from './support/markdown.ts'
import { runPage } from './support/page.ts'

const pages = [...globSync(['README.md', 'docs/**/*.md'], { cwd: repository })].sort()
const mend = 'hint  Mend the page, or let UPDATE=1 npx vitest run test/readme.test.ts write what comes out.'

describe('what the pages show is what happens', () => {
  it.each(pages)('%s', { timeout: 300_000 }, async (page) => {
    const path = join(repository, page)
    const problems = await runPage(readFileSync(path, 'utf8'))
    if (process.env['UPDATE'] === '1') {
      // From the end, so that earlier line numbers stay right.
      for (const { line, real } of problems.toReversed()) {
        if (real !== undefined) writeFileSync(path, withBlockText(readFileSync(path, 'utf8'), line, real))
      }
    }
    const left = problems.filter(({ real }) => real === undefined || process.env['UPDATE'] !== '1')
    const list = left.map(({ line, what }) => `${page}:${line} ${what}`).join('\n\n')
    expect(list === '' ? '' : `${list}\n${mend}`).toBe('')
  })

  it('runs shell blocks in one folder, compares their output, and knows their exit codes', async () => {
    const page = [
      fence('sh run', 'echo one > count', 'cat count; echo two'),
      fence('text output', 'one', '…'),
      fence('sh run exit=3', 'cat count; exit 3'),
      fence('text output', 'one'),
      fence('sh', 'false'),
    ]
    expect(await runPage(page.join('\n'))).toEqual([])
  })

  it('says what differs and where', async () => {
    const page = [fence('sh run', 'echo real'), fence('text output', 'shown'), fence('sh run', 'false')].join(
      '\n',
    )
    expect(await runPage(page)).toEqual([
      { line: 4, what: 'shows other output than the real one:\nreal', real: 'real\n' },
      { line: 7, what: 'exits 1 instead of 0:\n' },
    ])
  })

  it('type-checks and runs TypeScript, and finds evalkit by its name', async () => {
    const page = [
      fence('ts file=lib/a.ts', "export const answer: number = 'forty-two'"),
      fence('ts run', "import { answer } from './lib/a.ts'", "import 'evalkit'", 'console.log(answer)'),
      fence('text output', 'forty-two'),
    ]
    const problems = await runPage(page.join('\n'))
    expect(problems.map(({ line, what }) => `${line} ${what.slice(0, 46)}`)).toEqual([
      '1 does not type-check: lib/a.ts(1,14): error TS2',
    ])
  })

  it('runs the built program by its name and through npx', async () => {
    const page = [
      fence('sh run', 'evalkit --version', 'npx evalkit --version'),
      fence('text output', '0.…', '0.…'),
    ]
    expect(await runPage(page.join('\n'))).toEqual([])
  })

  it('refuses to install: node_modules is not its own', async () => {
    const problems = await runPage(fence('sh run', 'npm ci'))
    expect(problems).toEqual([
      { line: 1, what: 'exits 2 instead of 0:\npages run npm run and npm test only' },
    ])
    expect(existsSync(join(repository, 'node_modules', 'vitest'))).toBe(true)
  })

  it('does not touch the clone it stands in', async () => {
    await runPage(fence('sh run', 'mkdir -p evals', 'echo x > evals/stray.txt'))
    expect(existsSync(join(repository, 'evals', 'stray.txt'))).toBe(false)
  })

  it.each([
    ['a\nb', 'a\nb\n', true],
    ['a  \n', 'a', true],
    ['a', 'a\nb', false],
    ['took … ms (1.5)', 'took 12 ms (1.5)', true],
    ['took … ms (1.5)', 'took 12 ms (1x5)', false],
    ['a\n…\nz', 'a\nz', true],
    ['a\n…\nz', 'a\nb\nc\nz', true],
    ['a\n…\nz', 'a\nb\nc', false],
  ])('shown %j, real %j: %s', (shown, real, same) => expect(showsOutput(shown, real)).toBe(same))

  it('writes real output back between the fences', () => {
    const page = `${fence('sh run', 'x')}\n${fence('text output', 'old', 'older')}\nend`
    expect(withBlockText(page, 4, 'new\n')).toBe(
      `${fence('sh run', 'x')}\n${fence('text output', 'new')}\nend`,
    )
  })

  it('refuses a fence that is never closed', () => {
    expect(() => blocksOf('a\n```sh run\nb')).toThrow('line 2')
  })
})

function fence(info: string, ...lines: readonly string[]): string {
  return ['```' + info, ...lines, '```'].join('\n')
}
