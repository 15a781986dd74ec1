import { expect, it } from 'vitest'
import { holdsPart } from './json-part.ts'

it.each([
  [{ id: 7, user: { name: 'Mia', age: 40 } }, { user: { name: 'Mia' } }, true],
  [{ id: 7 }, { id: 8 }, false],
  [{ id: 7 }, { id: '7' }, false],
  [{}, { constructor: {} }, false],
  [[{ id: 1 }, { id: 2, paid: true }], [{ id: 2 }], true],
  [[{ id: 1 }], [{ id: 1 }, { id: 2 }], false],
  ['Error: user not found', 'not found', true],
  ['Error: user not found', 'Not found', false],
  ['{"status": "paid", "id": 7}', { status: 'paid' }, true],
  ['7', 7, true],
  ['seven', 7, false],
  [{ note: 'paid on Monday' }, { note: 'Monday' }, true],
  [null, null, true],
  [null, {}, false],
  [[], {}, false],
] as const)('whether %j holds %j: %s', (value, part, holds) => {
  expect(holdsPart(value, part)).toBe(holds)
})
