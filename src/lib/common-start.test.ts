import { expect, it } from 'vitest'
import { commonStart } from './common-start.ts'

const [one, two, three] = [{ n: 1 }, { n: 2 }, { n: 3 }]

it.each([
  ['nothing', [], [one], 0],
  ['a list that goes on', [one, two], [one, two, three], 2],
  ['a list that ends sooner', [one, two, three], [one, two], 2],
  ['lists that part', [one, three], [one, two], 1],
  ['what only says the same', [one], [{ n: 1 }], 0],
])('counts the first members that are the same: %s', (_, a, b, shared) => {
  expect(commonStart(a, b)).toBe(shared)
})
