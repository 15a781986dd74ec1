import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import { type Case, category } from '../../schema/case.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { caseIds } from './case-ids.ts'
import type { DatasetImporter, ImportedCase, LeftOut } from './importer.ts'
import { expectationsOf } from './promptfoo-asserts.ts'
import { isTestTable, testsOfRows } from './promptfoo-csv.ts'
import { combinations, fillIn } from './promptfoo-vars.ts'
import { type ForeignSource, valuesOf } from './source.ts'

const source = 'promptfoo'

/**
 * Test files of promptfoo: `tests` in YAML or JSON (a list of them, or a whole config), JSON lines and CSV, as
 * https://www.promptfoo.dev/docs/configuration/test-cases describes them. The variables of a test are the input. Assertions
 * that say what a right answer is become `expected` and `reference`; those that need a judge stand in the note; the others
 * belong into an eval's `checks` and are named with the check that asks the same.
 */
export const promptfoo: DatasetImporter = {
  name: source,
  description: 'Test files of promptfoo: YAML, JSON, JSON lines or CSV.',
  looksFor: 'a list "tests" of { vars, assert }, or a table with a column "__expected"',
  detect(file) {
    if (file.kind === 'csv') return isTestTable(file)
    const values = valuesOf(file)
    if (values.length === 1 && config.safeParse(values[0]).success) return true
    return values.length > 0 && values.slice(0, 20).every((one) => isReference(one) || looksLikeTest(one))
  },
  *read(file) {
    const { tests, defaults, left } = testsIn(file)
    yield* left.map((one) => ({ left: one }))
    const idOf = caseIds('test')
    for (const { line, value } of tests) yield* casesOf(value, line, defaults, file.file, idOf)
  },
}

const test = z.looseObject({
  description: z.string().optional(),
  vars: z.record(z.string(), z.unknown()).optional(),
  assert: z.array(z.unknown()).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  options: z.looseObject({ disableVarExpansion: z.boolean().optional() }).optional(),
})
type Test = z.infer<typeof test>

const config = z.looseObject({ tests: z.union([z.array(z.unknown()), z.string(), z.looseObject({})]) })

function looksLikeTest(value: unknown): boolean {
  const read = test.safeParse(value)
  return read.success && (read.data.vars !== undefined || read.data.assert !== undefined)
}

function isReference(value: unknown): value is string {
  return typeof value === 'string' && /^(?:file|huggingface|https?):\/\//.test(value)
}

interface Tests {
  readonly tests: readonly { readonly line: number | undefined; readonly value: unknown }[]
  readonly defaults: Test
  readonly left: readonly LeftOut[]
}

function testsIn(file: ForeignSource): Tests {
  if (file.kind === 'csv') return { ...testsOfRows(file.rows()), defaults: {} }
  if (file.kind === 'jsonl') return { tests: file.lines(), defaults: {}, left: [] }
  const { value, lineOf } = file.document()
  const placed = (list: readonly unknown[], path: readonly string[]) =>
    list.map((one, index) => ({ line: lineOf([...path, index]), value: one }))
  if (Array.isArray(value)) return { tests: placed(value, []), defaults: {}, left: [] }
  const read = config.safeParse(value)
  if (!read.success) {
    throw new EvalkitError('EVK_SCHEMA', 'The file holds no tests of promptfoo.', {
      at: { file: file.file },
      hint: 'It is a list of tests, or a config with a list "tests".',
    })
  }
  const { tests, defaultTest, ...others } = read.data
  const list = Array.isArray(tests) ? tests : [tests]
  const usual = test.safeParse(defaultTest)
  const notTests = Object.keys(others).filter((key) => key !== 'description' && key !== '$schema')
  const left = [
    ...notTests.map((key) => ({
      line: lineOf([key]),
      what: `"${key.slice(0, 60)}" of the config`,
      why: 'it says how tests are run, and a dataset is what is asked: write an eval with a target and checks',
    })),
    ...(defaultTest === undefined || usual.success
      ? []
      : [
          {
            line: lineOf(['defaultTest']),
            what: '"defaultTest"',
            why: 'it is no test that stands in this file',
          },
        ]),
  ]
  return { tests: placed(list, ['tests']), defaults: usual.data ?? {}, left }
}

function* casesOf(
  value: unknown,
  line: number | undefined,
  defaults: Test,
  file: string,
  idOf: (name: string | undefined, asked: unknown) => string,
): Iterable<ImportedCase> {
  const leave = (what: string, why: string): ImportedCase => ({ left: { line, what, why } })
  if (isReference(value)) {
    yield leave('a test in another file', 'import that file itself')
    return
  }
  const read = test.safeParse(value)
  if (!read.success || (read.data.vars ?? defaults.vars) === undefined) {
    yield leave('a test', 'it has no "vars", so there is nothing to ask')
    return
  }
  const { description, vars: own, assert = [], metadata, options, ...others } = read.data
  for (const key of Object.keys(others))
    yield leave(`"${key.slice(0, 60)}" of a test`, 'a case has nothing like it')
  for (const key of Object.keys(options ?? {})) {
    if (key !== 'disableVarExpansion')
      yield leave(`option "${key.slice(0, 60)}"`, 'a case has nothing like it')
  }
  const expanded = combinations({ ...defaults.vars, ...own }, options?.disableVarExpansion === true)
  if ('refused' in expanded) {
    yield leave('a test', expanded.refused)
    return
  }
  const several = expanded.vars.length > 1
  const about = aboutOf({ ...defaults.metadata, ...metadata })
  for (const key of about.left)
    yield leave(`metadata "${key.slice(0, 60)}"`, 'it is no text, number or list of texts')
  const ids = expanded.vars.map((vars) => idOf(description, vars))
  for (const [index, vars] of expanded.vars.entries()) {
    const id = ids[index] ?? ''
    const { left, ...expects } = expectationsOf([...(defaults.assert ?? []), ...assert], (text) =>
      fillIn(text, vars),
    )
    for (const { what, why } of left) yield leave(what, why)
    const made: Case = {
      v: 1,
      id,
      input: vars,
      ...defined({ expected: expects.expected, reference: expects.reference, category: about.category }),
      tags: about.tags,
      // Made from one test, they break together.
      ...(several ? { cluster: ids[0] } : {}),
      source: { traces: [], importedFrom: `${source}: ${file}` },
      ...(expects.notes.length === 0 ? {} : { note: expects.notes.join('\n') }),
    }
    yield { case: made }
  }
}

/** Metadata as we say it: a category where the word is one of ours, tags, and `key=value` tags. */
function aboutOf(metadata: Readonly<Record<string, unknown>>): {
  readonly category: Case['category']
  readonly tags: readonly string[]
  readonly left: readonly string[]
} {
  const tags: string[] = []
  const left: string[] = []
  let ours: Case['category']
  for (const [key, value] of Object.entries(metadata)) {
    const word = key === 'category' ? category.safeParse(value) : undefined
    const words = wordsOf(value)
    if (word?.success === true) ours = word.data
    else if (words === undefined) left.push(key)
    else for (const one of words) tags.push(key === 'tags' ? one : `${key}=${one}`)
  }
  return { category: ours, tags: [...new Set(tags)], left }
}

/** A text, number or truth value, or a list of them, as texts. */
function wordsOf(value: unknown): readonly string[] | undefined {
  const words = z
    .array(z.union([z.string(), z.number(), z.boolean()]))
    .safeParse(Array.isArray(value) ? value : [value])
  return words.success ? words.data.map(String) : undefined
}
