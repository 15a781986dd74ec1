import { fork } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { folderForAll } from '../dataset/testing/folder.ts'
import type { EvalkitError } from '../schema/errors.ts'

const momo: readonly [what: string, entry: string, files: Readonly<Record<string, string>>][] = [
  ['TypeScript', 'book.ts', { 'book.ts': 'const title: string = "Momo"\nexport default { title }' }],
  ['TypeScript of modules', 'book.mts', { 'book.mts': 'export default { title: "Momo" as const }' }],
  ['JavaScript', 'book.mjs', { 'book.mjs': 'export default { title: "Momo" }' }],
  ['CommonJS', 'book.cjs', { 'book.cjs': 'module.exports = { title: "Momo" }' }],
  ['top-level await', 'book.ts', { 'book.ts': 'export default await Promise.resolve({ title: "Momo" })' }],
  [
    'an import with its ending',
    'book.ts',
    {
      'book.ts': 'import { title } from "./title.ts"\nexport default { title }',
      'title.ts': 'export const title: string = "Momo"',
    },
  ],
  [
    'an import without its ending',
    'book.ts',
    {
      'book.ts': 'import { title } from "./title"\nexport default { title }',
      'title.ts': 'export const title: string = "Momo"',
    },
  ],
  [
    'a folder that is imported',
    'book.ts',
    {
      'book.ts': 'import { title } from "./title"\nexport default { title }',
      'title/index.ts': 'export const title: string = "Momo"',
    },
  ],
  ['an enum', 'book.ts', { 'book.ts': 'enum Title { Momo = "Momo" }\nexport default { title: Title.Momo }' }],
  [
    'an enum that is imported',
    'book.ts',
    {
      'book.ts': 'import { Title } from "./title.ts"\nexport default { title: Title.Momo }',
      'title.ts': 'export enum Title { Momo = "Momo" }',
    },
  ],
  [
    'a decorator',
    'book.ts',
    {
      'book.ts':
        'const d = (target: unknown, _: unknown) => {}\n@d class Book { title = "Momo" }\nexport default { ...new Book() }',
    },
  ],
]

const broken: readonly [what: string, text: string, line: number, says: string][] = [
  ['a syntax error', 'export const a: number = 1\nexport default { x: = 2 }\n', 2, 'SyntaxError'],
  ['a syntax error beside an enum', 'enum A { B }\n\nexport default { x: = 2 }\n', 3, 'SyntaxError'],
  ['a name that is there twice', 'const a = 1\nconst a = 2\nexport default a\n', 2, 'already been declared'],
  ['a throw', 'export default 1\n\nthrow new TypeError("boom")\n', 3, 'TypeError: boom'],
  ['a throw beside an enum', 'enum A { B }\nexport default A\nthrow new Error("boom")\n', 3, 'Error: boom'],
  [
    'a throw beside a decorator',
    'const d = (t: unknown, _: unknown) => {}\n@d class A {}\nthrow new Error("boom")\n',
    3,
    'Error: boom',
  ],
]

const thrown = [
  '"just text"',
  'null',
  'undefined',
  '{ toString: null }',
  'Object.create(null)',
  'Symbol("x")',
]

const others: Readonly<Record<string, string>> = {
  'nothing/book.ts': 'export const title = "Momo"',
  'nowhere/book.ts': 'import { x } from "./nowhere"\nexport default x',
  'bare/book.ts': 'import x from "no-such-package-here"\nexport default x',
  'folder/book.ts/x': '',
  'ours/book.mjs': `throw Object.assign(new Error('Two checks.'), {
    code: 'EVK_EVAL_INVALID', exit: 2, hint: 'Name one.', at: { path: 'checks' }, details: ['a'],
    [Symbol.for('evalkit.error')]: true })`,
}

type Result = { readonly path: string; readonly loaded?: unknown; readonly failed?: EvalkitError }
const results = new Map<string, Result>()

const folder = folderForAll({
  ...Object.fromEntries(
    momo.flatMap(([, , files], n) =>
      Object.entries(files).map(([name, text]) => [`momo-${n}/${name}`, text]),
    ),
  ),
  ...Object.fromEntries(broken.map(([, text], n) => [`broken-${n}/book.ts`, text])),
  ...Object.fromEntries(thrown.map((what, n) => [`thrown-${n}/book.mjs`, `throw ${what}`])),
  ...others,
})

beforeAll(async () => {
  const paths = [
    ...momo.map(([, entry], n) => `momo-${n}/${entry}`),
    ...broken.map((_, n) => `broken-${n}/book.ts`),
    ...thrown.map((_, n) => `thrown-${n}/book.mjs`),
    ...Object.keys(others).map((path) => path.replace(/\/x$/, '')),
    'missing/book.ts',
  ]
  // Older Node strips types only when it is asked to; `loadUserFile` must do without there.
  const execArgv = process.features.typescript ? [] : ['--experimental-strip-types', '--no-warnings']
  const script = join(import.meta.dirname, 'testing/load-files.ts')
  const child = fork(
    script,
    paths.map((path) => join(folder, path)),
    { execArgv, serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  )
  child.on('message', (message) => {
    const result = message as Result
    results.set(result.path.slice(folder.length + 1), result)
  })
  await new Promise((resolve) => child.on('close', resolve))
}, 30_000)

const failed = (path: string): EvalkitError => {
  const error = results.get(path)?.failed
  if (error === undefined) throw new Error(`${path} did not fail: ${JSON.stringify(results.get(path))}`)
  return error
}

describe('loadUserFile', () => {
  it.each(momo.map(([what, entry], n) => [what, `momo-${n}/${entry}`]))('loads %s', (_, path) => {
    expect(results.get(path)).toMatchObject({ loaded: { title: 'Momo' } })
  })

  it('gives nothing where there is no default export', () => {
    expect(results.get('nothing/book.ts')).toMatchObject({ loaded: undefined })
    expect(results.get('nothing/book.ts')).not.toHaveProperty('failed')
  })

  it.each(broken.map(([what, , line, says], n) => [what, n, line, says] as const))(
    'names file and line of %s',
    (_, n, line, says) => {
      const error = failed(`broken-${n}/book.ts`)
      expect(error.code).toBe('EVK_EVAL_LOAD')
      expect(error.message).toContain('The file does not load: ')
      expect(error.message).toContain(says)
      expect(error.at).toEqual({ file: 'book', line })
    },
  )

  it('names what a file imports in vain', () => {
    expect(failed('nowhere/book.ts')).toMatchObject({ code: 'EVK_EVAL_LOAD' })
    expect(failed('nowhere/book.ts').message).toContain('nowhere')
    expect(failed('bare/book.ts').message).toContain('no-such-package-here')
  })

  it.each(thrown.map((what, n) => [what, `thrown-${n}/book.mjs`]))(
    'survives a file that throws %s',
    (_, path) => {
      expect(failed(path).code).toBe('EVK_EVAL_LOAD')
    },
  )

  it('adds the place to a failure that is ours already', () => {
    expect(failed('ours/book.mjs')).toMatchObject({
      code: 'EVK_EVAL_INVALID',
      hint: 'Name one.',
      details: ['a'],
    })
    expect(failed('ours/book.mjs').at).toEqual({ file: 'book', path: 'checks' })
  })

  it('says a missing file, and a folder in its place', () => {
    expect(failed('missing/book.ts')).toMatchObject({
      code: 'EVK_FILE_NOT_FOUND',
      message: 'The file does not exist.',
    })
    expect(failed('folder/book.ts')).toMatchObject({
      code: 'EVK_FILE_NOT_FOUND',
      message: 'This is no file.',
    })
  })
})
