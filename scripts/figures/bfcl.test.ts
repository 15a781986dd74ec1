import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Answer, type Category, errorOf, type Question, type Result } from './bfcl.ts'

/** A row of `test/data/bfcl`, as its README tells. */
interface Row extends Question, Result {
  readonly model: string
  readonly accepted: Answer['ground_truth']
  readonly error_type: string | null
}

const file = new URL('../../test/data/bfcl/cases.json', import.meta.url)
const rows = JSON.parse(readFileSync(file, 'utf8')) as readonly Row[]

describe('the official verdicts of BFCL', () => {
  it.each(rows.map((row) => [`${row.id} of ${row.model}: ${row.error_type ?? 'passes'}`, row] as const))(
    '%s',
    (_, { id, result, accepted, function: functions, error_type: official }) => {
      const category = id.replace(/_\d+$/, '') as Category
      expect(errorOf(result, accepted, functions, category, false)).toBe(official ?? undefined)
    },
  )

  it('are ours by default, too, but for whole numbers in lists of floats', () => {
    const others = rows.filter(({ id, result, accepted, function: functions, error_type: official }) => {
      const category = id.replace(/_\d+$/, '') as Category
      return errorOf(result, accepted, functions, category, true) !== (official ?? undefined)
    })
    expect(new Set(others.map((row) => row.error_type))).toEqual(new Set(['type_error:nested']))
  })
})
