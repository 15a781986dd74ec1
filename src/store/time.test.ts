import { describe, expect, it } from 'vitest'
import { momentOf, timeSpanOf } from './time.ts'

const day = 86_400_000

describe('timeSpanOf', () => {
  it.each([
    ['2025-06-01', '2025-06-01T00:00:00Z', day],
    ['2025-06-01T10:30', '2025-06-01T10:30:00Z', 60_000],
    ['2025-06-01 10:30:05', '2025-06-01T10:30:05Z', 1000],
    ['2025-06-01T10:30:05.1Z', '2025-06-01T10:30:05.100Z', 1],
    ['2025-06-01T10:30:05.123456', '2025-06-01T10:30:05.123Z', 1],
    ['2025-06-01T12:00:00+02:00', '2025-06-01T10:00:00Z', 1000],
    ['2025-06-01T00:30:00-0130', '2025-06-01T02:00:00Z', 1000],
    ['2024-02-29', '2024-02-29T00:00:00Z', day],
  ])('%s', (text, from, length) => {
    const start = Date.parse(from)
    expect(timeSpanOf(text)).toEqual({ from: start, until: start + length })
  })

  it.each([
    '',
    'today',
    '2025',
    '2025-02-29',
    '2025-00-01',
    '2025-06-01T25:00',
    '2025-06-01T10:60',
    '1748772000',
  ])('does not know %j', (text) => {
    expect(timeSpanOf(text)).toBeUndefined()
    expect(momentOf(text)).toBeUndefined()
  })
})
