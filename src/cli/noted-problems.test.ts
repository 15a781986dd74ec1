import { expect, it } from 'vitest'
import { mostKept, notedProblems } from './noted-problems.ts'

it('counts all problems of an import, and keeps the first of each kind', () => {
  const problems = notedProblems()
  const at = (line: number) => ({ file: 'runs.jsonl', at: `line ${line}`, reason: 'broken' })
  for (let line = 1; line <= mostKept + 5; line++) problems.add({ action: 'skipped', ...at(line) })
  problems.add({ action: 'repaired', ...at(7) })
  expect([problems.count('skipped'), problems.count('repaired')]).toEqual([mostKept + 5, 1])
  expect(problems.kept('skipped')).toHaveLength(mostKept)
  expect(problems.kept('skipped').at(-1)?.at).toBe(`line ${mostKept}`)
  expect(problems.kept('repaired')).toEqual([{ action: 'repaired', ...at(7) }])
})
