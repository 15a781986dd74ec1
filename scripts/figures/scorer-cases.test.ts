import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compareFigures } from './figures.ts'
import { keptDifferences, scorerCases } from './scorer-cases.ts'

/** A data directory with a few of autoevals' cases (MIT). */
async function directoryOf(tables: unknown): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'evalkit-scorers-'))
  await mkdir(join(directory, 'scorer-cases'))
  await writeFile(join(directory, 'scorer-cases', 'autoevals-cases.json'), JSON.stringify(tables))
  return directory
}

describe('scorer-cases', () => {
  it('counts the cases that agree, and names each that does not', async () => {
    const directory = await directoryOf({
      values: {
        test_levenshtein: [
          ['abc', 'axc', 0.66667],
          ['a', 'b', 1],
        ],
      },
      json: { test_json: [[{ a: 1 }, ['a', 1], 0.5714285714285714]], test_valid_json: [['1', 0, null]] },
    })
    expect(await scorerCases.compute(directory)).toEqual({
      test_levenshtein: { agree: 1, '["a","b"]: theirs is 1': 0 },
      test_json: { agree: 0, '[{"a":1},["a",1]]: an object and a list are not texts': 0 },
      test_valid_json: { agree: 1 },
    })
  })

  it('differs where a case does that is not on the list', async () => {
    const directory = await directoryOf({ values: { test_numeric: [[1, 2, 0.5]] } })
    const rows = compareFigures(scorerCases.expected, await scorerCases.compute(directory))
    expect(rows).toContainEqual(
      expect.objectContaining({
        name: 'test_numeric › [1,2]: theirs is 0.5',
        expected: undefined,
        same: false,
      }),
    )
  })

  it('refuses a table that it does not compare', async () => {
    const directory = await directoryOf({ values: { test_more: [] } })
    await expect(scorerCases.compute(directory)).rejects.toThrow('test_more')
  })

  it('keeps no difference that docs/scorers.md does not argue', async () => {
    const page = await readFile(join(dirname(dirname(import.meta.dirname)), 'docs', 'scorers.md'), 'utf8')
    const all = Object.values(keptDifferences).flat()
    expect(all.length).toBeGreaterThan(0)
    for (const { of } of all) expect(page).toContain(of)
  })
})
