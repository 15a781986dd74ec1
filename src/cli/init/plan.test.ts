import { describe, expect, it } from 'vitest'
import { type Facts, planInit, type Planned, wantedFiles } from './plan.ts'
import { manifestFrom } from './manifest.ts'
import { packageManagerOf } from './package-manager.ts'

const empty: Facts = {
  within: '',
  branch: 'main',
  packageManager: packageManagerOf({ lockFiles: [] }),
  installIn: '',
  language: 'typescript',
  folders: { evals: 'evals', datasets: 'datasets', fixtures: 'fixtures' },
  evals: [],
  version: '1.2.3',
}

/** What becomes of a project that holds these files. */
function planned(facts: Partial<Facts>, there: Readonly<Record<string, string>> = {}): readonly Planned[] {
  const all = { ...empty, ...facts }
  return planInit(all, wantedFiles(all), ({ path }) => there[path])
}

function shown(files: readonly Planned[]): readonly string[] {
  return files.map(({ action, path }) => `${action} ${path}`)
}

function manifest(text: string): NonNullable<Facts['manifest']> {
  const value = manifestFrom(JSON.parse(text))
  if (value === undefined) throw new Error('no manifest')
  return { text, value }
}

/** The files of a project after its first init. */
const written = Object.fromEntries(planned({}).map(({ path, text }) => [path, text]))
const after: Partial<Facts> = {
  configFile: 'evalkit.config.ts',
  evals: ['demo.eval.ts'],
  manifest: manifest(written['package.json'] ?? ''),
  gitignore: written['.gitignore'] ?? '',
}

describe('planInit', () => {
  it('writes everything into an empty folder', () => {
    expect(shown(planned({}))).toEqual([
      'write evalkit.config.ts',
      'write agents/demo.ts',
      'write evals/demo.eval.ts',
      'write datasets/demo.jsonl',
      'write fixtures/demo/cancel.json',
      'write fixtures/demo/too-late.json',
      'write fixtures/demo/two-questions.json',
      'write fixtures/demo/unknown-order.json',
      'write .github/workflows/evalkit.yml',
      'write package.json',
      'write .gitignore',
    ])
  })

  it('changes nothing the second time', () => {
    expect(planned(after, written).every(({ action }) => action === 'keep')).toBe(true)
  })

  it('writes what was taken away', () => {
    const { 'fixtures/demo/cancel.json': _, ...left } = written
    const changes = planned(after, left).filter(({ action }) => action !== 'keep')
    expect(shown(changes)).toEqual(['write fixtures/demo/cancel.json'])
  })

  it('keeps what was changed, and adds nothing to a demo that was made another', () => {
    const own = { ...written, 'agents/demo.ts': 'mine', 'evalkit.config.ts': 'mine' }
    expect(planned(after, own).every(({ action }) => action === 'keep')).toBe(true)
    const another = { 'evals/demo.eval.ts': 'mine' }
    expect(shown(planned({ evals: ['demo.eval.ts'] }, another)).filter((it) => it.includes('demo'))).toEqual([
      'keep evals/demo.eval.ts',
    ])
  })

  it.each(['agents/demo.ts', 'datasets/demo.jsonl', 'fixtures/demo/cancel.json'])(
    'refuses where another file stands in the demo’s place: %s',
    (path) => {
      expect(() => planned({}, { [path]: 'mine' })).toThrow(
        expect.objectContaining({ code: 'EVK_INIT_CONFLICT', at: { file: path } }),
      )
    },
  )

  it('writes no demo where there are evals', () => {
    expect(shown(planned({ evals: ['support.eval.ts'] }, { 'agents/demo.ts': 'mine' }))).toEqual([
      'write evalkit.config.ts',
      'write .github/workflows/evalkit.yml',
      'write package.json',
      'write .gitignore',
    ])
  })

  it.each([
    ['typescript', undefined, 'ts'],
    ['typescript', '{ "type": "module" }', 'ts'],
    ['typescript', '{ "type": "commonjs" }', 'mts'],
    ['javascript', '{ "type": "module" }', 'js'],
    ['javascript', '{}', 'mjs'],
  ] as const)('%s in a package that says %j: .%s', (language, text, ending) => {
    const files = planned({ language, ...(text === undefined ? {} : { manifest: manifest(text) }) })
    expect(shown(files).slice(0, 3)).toEqual([
      `write evalkit.config.${ending}`,
      `write agents/demo.${ending}`,
      `write evals/demo.eval.${ending}`,
    ])
    expect(files[2]?.text).toContain(`from '../agents/demo.${ending}'`)
  })

  it('goes where the config says', () => {
    const folders = { evals: 'test/evals/', datasets: 'test/data', fixtures: 'test/tapes' }
    const files = planned({ folders, configFile: 'evalkit.config.mjs' }, { 'evalkit.config.mjs': 'mine' })
    expect(shown(files).slice(0, 5)).toEqual([
      'keep evalkit.config.mjs',
      'write agents/demo.ts',
      'write test/evals/demo.eval.ts',
      'write test/data/demo.jsonl',
      'write test/tapes/demo/cancel.json',
    ])
    expect(files[2]?.text).toContain(`from '../../agents/demo.ts'`)
    const flat = planned({ folders: { evals: '.', datasets: 'datasets', fixtures: 'fixtures' } })
    expect(flat[2]?.text).toContain(`from './agents/demo.ts'`)
  })

  it('in a package of a repository: one workflow a package, at the root', () => {
    const workflow = planned({ within: 'packages/shop' }).find(({ in: from }) => from === 'repository')
    expect(workflow?.path).toBe('.github/workflows/evalkit-packages-shop.yml')
    expect(workflow?.text).toContain('working-directory: "packages/shop"')
  })

  it.each([
    ['node_modules', 'node_modules\n.evalkit/\n', 'change'],
    ['a\r\nb\r\n', 'a\r\nb\r\n.evalkit/\r\n', 'change'],
    ['', '.evalkit/\n', 'change'],
    ['/.evalkit\n', '/.evalkit\n', 'keep'],
    ['x\r\n.evalkit/\r\n', 'x\r\n.evalkit/\r\n', 'keep'],
  ])('.gitignore %j becomes %j', (gitignore, text, action) => {
    const file = planned({ gitignore }, { '.gitignore': gitignore }).find(({ path }) => path === '.gitignore')
    expect(file).toMatchObject({ text, action })
  })
})
