import { describe, expect, it } from 'vitest'
import { instantOf, millisBetween } from './instant.ts'

describe('trap 14: a moment in any spelling', () => {
  it.each([
    ['2026-11-21T06:04:19.687001Z', '2026-11-21T06:04:19.687Z', 1795241059687001000n],
    ['2026-11-21T06:04:19.687001', '2026-11-21T06:04:19.687Z', 1795241059687001000n],
    ['2026-11-21 07:04:19+01:00', '2026-11-21T06:04:19.000Z', 1795241059000000000n],
    [1795241059810, '2026-11-21T06:04:19.810Z', 1795241059810000000n],
    ['1795241059810', '2026-11-21T06:04:19.810Z', 1795241059810000000n],
    [1795241059, '2026-11-21T06:04:19.000Z', 1795241059000000000n],
    [1795241059.5, '2026-11-21T06:04:19.500Z', 1795241059500000000n],
    ['1795241059.5', '2026-11-21T06:04:19.500Z', 1795241059500000000n],
    [1795241059810001, '2026-11-21T06:04:19.810Z', 1795241059810001000n],
    ['1795241059810000001', '2026-11-21T06:04:19.810Z', 1795241059810000001n],
  ])('%j', (value, iso, nanos) => {
    expect(instantOf(value)).toEqual({ iso, nanos })
  })

  it.each([
    undefined,
    null,
    '',
    'yesterday',
    0,
    -1,
    1e308,
    Number.NaN,
    '9'.repeat(30),
    '2026-13-45T99:99:99Z',
    {},
  ])('is none in %j', (value) => {
    expect(instantOf(value)).toBeUndefined()
  })

  it('has a distance to a later one only', () => {
    const [early, late] = [instantOf('2026-11-21T06:04:19.687001Z'), instantOf(1795241059810)]
    expect(millisBetween(early, late)).toBeCloseTo(122.999, 6)
    expect(millisBetween(late, early)).toBeUndefined()
  })
})
