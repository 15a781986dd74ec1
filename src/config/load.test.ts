import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { failureOf, folderWith } from '../dataset/testing/folder.ts'
import { configFrom } from './config.ts'
import { loadConfig, loadEval, loadEvals } from './load.ts'

const doors = {
  define: pathToFileURL(join(import.meta.dirname, '../run/define-eval.ts')).href,
  config: pathToFileURL(join(import.meta.dirname, 'config.ts')).href,
}
const evalText = (name: string): string =>
  `import { defineEval } from '${doors.define}'
   const same = ({ output, expected }: { output: unknown, expected: unknown }) => output === expected
   export default defineEval({ name: '${name}', dataset: [{ input: 1 }], target: (n: number) => n, checks: [same] })`
const config = configFrom({}, 'evalkit.config.ts')
const namesOf = async (files: Record<string, string>, asked: string[] = []) =>
  (await loadEvals(folderWith(files), config, asked)).map(({ eval: { name }, file }) => `${name} ${file}`)

describe('loadConfig', () => {
  it('is the defaults where there is no file', async () => {
    expect(await loadConfig(folderWith())).toEqual(config)
  })

  it.each(['evalkit.config.ts', 'evalkit.config.mts', 'evalkit.config.mjs'])('reads %s', async (name) => {
    const text = `import { defineConfig } from '${doors.config}'\nexport default defineConfig({ evals: 'tests' })`
    expect((await loadConfig(folderWith({ [name]: text }))).evals).toBe('tests')
  })

  it.each([
    ['no default export', 'export const settings = { evals: "tests" }', 'The file has no default export.'],
    ['a wrong key', 'export default { evls: "tests" }', 'did you mean "evals"?'],
    ['something else', 'export default "tests"', 'expected object'],
    ['a mistake of its own', 'throw new Error("boom")', 'boom'],
  ])('refuses a file with %s, by its name', async (_, text, says) => {
    const error = await failureOf(() => loadConfig(folderWith({ 'evalkit.config.ts': text })))
    expect([error.code, error.at.file]).toEqual(['EVK_CONFIG_INVALID', 'evalkit.config.ts'])
    expect(error.message).toContain(says)
  })
})

describe('loadEvals', () => {
  const two = { 'evals/refund.eval.ts': evalText('refund'), 'evals/exchange.eval.ts': evalText('swap') }

  it('loads all of the folder, in the order of their files', async () => {
    const others = {
      'evals/tools.json': '{}',
      'evals/refund.baseline.json': '{}',
      'evals/help.ts': 'throw 1',
    }
    expect(await namesOf({ ...two, ...others })).toEqual([
      'swap evals/exchange.eval.ts',
      'refund evals/refund.eval.ts',
    ])
  })

  it.each([
    ['its file', 'exchange', 'swap evals/exchange.eval.ts'],
    ['its own name', 'swap', 'swap evals/exchange.eval.ts'],
    ['its path', 'evals/exchange.eval.ts', 'swap evals/exchange.eval.ts'],
  ])('finds one by %s', async (_, asked, found) => {
    expect(await namesOf(two, [asked])).toEqual([found])
  })

  it('finds one outside the folder by its path', async () => {
    expect(await namesOf({ 'other/x.eval.mts': evalText('x') }, ['other/x.eval.mts'])).toEqual([
      'x other/x.eval.mts',
    ])
  })

  it('loads one that is asked for twice once', async () => {
    expect(await namesOf(two, ['swap', 'exchange', 'refund'])).toEqual([
      'swap evals/exchange.eval.ts',
      'refund evals/refund.eval.ts',
    ])
  })

  it('names the nearest of those there are', async () => {
    const error = await failureOf(() => namesOf(two, ['refnud']))
    expect([error.code, error.details]).toEqual(['EVK_EVAL_NOT_FOUND', ['did you mean "refund"?']])
    expect((await failureOf(() => namesOf({}))).code).toBe('EVK_EVAL_NOT_FOUND')
    expect((await failureOf(() => namesOf({ 'evals/readme.md': '' }))).code).toBe('EVK_EVAL_NOT_FOUND')
    expect((await failureOf(() => namesOf({}, ['evals/no.eval.ts']))).code).toBe('EVK_FILE_NOT_FOUND')
  })

  it('says where the folder is none', async () => {
    expect((await failureOf(() => namesOf({ evals: 'a file' }))).code).toBe('EVK_FILE_UNUSABLE')
  })

  it('refuses two evals of one name, and names both files', async () => {
    const error = await failureOf(() =>
      namesOf({ 'evals/a.eval.ts': evalText('x'), 'evals/b.eval.ts': evalText('x') }),
    )
    expect([error.code, error.at.file, error.details]).toEqual([
      'EVK_EVAL_INVALID',
      'evals/b.eval.ts',
      ['the other one: evals/a.eval.ts'],
    ])
  })

  it.each([
    ['nothing', 'export const x = 1', 'The file has no default export.'],
    ['a bare object', 'export default { name: "x" }', 'The file exports something that is no eval.'],
    ['a list', 'export default []', 'The file exports something that is no eval.'],
  ])('refuses a file that exports %s', async (_, text, says) => {
    const folder = folderWith({ 'evals/x.eval.ts': text })
    const error = await failureOf(() => loadEval(folder, join(folder, 'evals/x.eval.ts')))
    expect([error.code, error.message, error.at.file]).toEqual(['EVK_EVAL_INVALID', says, 'evals/x.eval.ts'])
  })

  it('places what defineEval refuses', async () => {
    const folder = folderWith({ 'evals/x.eval.ts': evalText('x').replace('checks:', 'cheks:') })
    const error = await failureOf(() => loadEval(folder, join(folder, 'evals/x.eval.ts')))
    expect([error.code, error.at.file]).toEqual(['EVK_EVAL_INVALID', 'evals/x.eval.ts'])
    expect(error.message).toContain('did you mean "checks"?')
  })
})
