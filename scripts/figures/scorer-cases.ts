import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Json } from '../../src/schema/json.ts'
import { jsonFrom, textFrom } from '../../src/schema/read.ts'
import type { Check } from '../../src/score/check.ts'
import { equals, jsonDiff, jsonSchema, listMatch, similarity } from '../../src/score/checks/index.ts'
import { score } from '../../src/score/score.ts'
import { subjectOf } from '../../src/score/subject.ts'
import type { Figures, NamedFigures, Section } from './figures.ts'

/** The case tables of autoevals (`py/autoevals/test_values.py`, `test_json.py`), as the data directory holds them. */
type Tables = Readonly<Record<string, Readonly<Record<string, readonly (readonly Json[])[]>>>>

/** What autoevals' own tests allow. */
const tolerance = 1e-4

/** A case of theirs in our words: what came out, what is asked of it, and their value. */
interface Asked {
  readonly output: Json
  readonly check: Check
  readonly theirs: number
}

type Table = (row: readonly Json[]) => Asked

/** A row of two values and how alike they are. */
function pair(checkFor: (expected: Json) => Check): Table {
  return ([output = null, expected = null, theirs]) => ({
    output,
    check: checkFor(expected),
    theirs: Number(theirs),
  })
}

// Without a schema, their ValidJSON asks for an object or a list.
const objectOrList = { type: ['object', 'array'] }

const tables: Readonly<Record<string, Table>> = {
  test_levenshtein: pair((expected) => similarity({ text: expected as string })),
  test_numeric: pair((value) => jsonDiff({ value })),
  test_list_contains: pair((values) =>
    listMatch({ values: Array.isArray(values) ? [...(values as Json[])] : [] }),
  ),
  test_exact_match: pair((value) => equals({ value })),
  test_string_as_json: pair((value) => jsonDiff({ value })),
  test_json: pair((value) => jsonDiff({ value })),
  test_semantic_json: pair((value) => jsonDiff({ value })),
  test_valid_json: ([output = null, theirs, schema]) => ({
    output,
    check: jsonSchema({
      schema: typeof schema === 'object' && schema !== null ? (schema as object) : objectOrList,
    }),
    theirs: Number(theirs),
  }),
}

/**
 * Where we differ on purpose, by table and case, so that no other may: our value, and why. docs/scorers.md says it at
 * length.
 */
export const keptDifferences: Readonly<
  Record<string, readonly { readonly of: string; readonly ours: number; readonly why: string }[]>
> = {
  test_exact_match: [
    { of: '[123,"123"]', ours: 0, why: 'a number is not a text' },
    { of: '[{"a":1,"b":2},{"b":2,"a":1}]', ours: 1, why: 'keys of an object have no order' },
    { of: '[{"a":1,"b":2},"{\\"a\\": 1, \\"b\\": 2}"]', ours: 0, why: 'an object is not a text' },
    { of: '[{"a":1,"b":2},"{\\"a\\":1, \\"b\\":2}"]', ours: 0, why: 'an object is not a text' },
    { of: '[null,"None"]', ours: 0, why: 'nothing is not the word for it in Python' },
  ],
  test_json: [{ of: '[{"a":1},["a",1]]', ours: 0, why: 'an object and a list are not texts' }],
}

/** How many cases of each table agree. */
const agreeing: Readonly<Record<string, number>> = {
  test_levenshtein: 9,
  test_numeric: 5,
  test_list_contains: 8,
  test_exact_match: 10,
  test_string_as_json: 9,
  test_json: 10,
  test_valid_json: 13,
  test_semantic_json: 9,
}

/** Each case of autoevals through our checks: how many agree, and each that does not. */
export const scorerCases: Section = {
  name: 'scorer-cases',
  expected: Object.fromEntries(
    Object.entries(agreeing).map(([name, agree]) => {
      const kept = (keptDifferences[name] ?? []).map(({ of, ours, why }) => [labelOf(of, why), ours])
      return [name, { agree, ...Object.fromEntries(kept) }]
    }),
  ),
  async compute(directory) {
    const file = join(directory, 'scorer-cases', 'autoevals-cases.json')
    const data = jsonFrom(textFrom(await readFile(file), { file }), { file }) as Tables
    const figures: Record<string, NamedFigures> = {}
    for (const [name, rows] of Object.values(data).flatMap((group) => Object.entries(group))) {
      const table = tables[name]
      if (table === undefined) throw new Error(`${file} has a table that is not compared: ${name}`)
      figures[name] = await compared(name, rows, table)
    }
    return figures
  },
}

async function compared(
  name: string,
  rows: readonly (readonly Json[])[],
  table: Table,
): Promise<NamedFigures> {
  const different: Record<string, Figures> = {}
  let agree = 0
  for (const row of rows) {
    const { output, check, theirs } = table(row)
    const [got] = await score(subjectOf({ output }), [check])
    const ours = got?.status === 'scored' ? got.value : null
    if (ours !== null && Math.abs(ours - theirs) <= tolerance) agree++
    else {
      // As it is written, because the order of keys is what one of them is about.
      const of = JSON.stringify(row.slice(0, 2))
      const why = keptDifferences[name]?.find((one) => one.of === of)?.why ?? `theirs is ${theirs}`
      different[labelOf(of, why)] = ours
    }
  }
  return { agree, ...different }
}

function labelOf(of: string, why: string): string {
  return `${of}: ${why}`
}
