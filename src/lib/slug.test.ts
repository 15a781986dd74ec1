import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { slugOf } from './slug.ts'

const safe = /^[a-z0-9][a-z0-9._-]{0,63}$/

describe('slugOf', () => {
  it.each([
    ['refund-42', 'refund-42'],
    ['Refund for Ann', 'refund-for-ann'],
    ['a.b_c', 'a.b_c'],
  ])('%j is %j', (text, slug) => {
    expect(slugOf(text)).toBe(slug)
  })

  it.each([
    '../../etc/passwd',
    '..',
    '.',
    '',
    ' ',
    '---',
    '日本',
    'a/b',
    'a\\b',
    'C:\\x',
    '\u0000',
    '.hidden',
    'é',
  ])('is a safe name for %j', (text) => {
    expect(slugOf(text)).toMatch(safe)
  })

  it('is safe, never empty, and its own slug', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 200 })), (text) => {
        const slug = slugOf(text)
        expect(slug).toMatch(safe)
        expect(slugOf(slug)).toBe(slug)
      }),
      { seed: 42, numRuns: 1000 },
    )
  })

  it('tells apart what it cannot say', () => {
    const issues = ['airplane_mode', 'data_mode_off', 'data_usage_exceeded', 'bad_network_preference', 'vpn']
    const personas = ['None', 'Easy', 'Hard']
    const tasks = issues.flatMap((issue) =>
      issues.flatMap((other) =>
        personas.map(
          (persona) => `[mobile_data_issue]user_abroad_roaming|${issue}|${other}[PERSONA:${persona}]`,
        ),
      ),
    )
    const lossy = [
      'a/b',
      'a\\b',
      'a:b',
      'a?b',
      'a--b',
      'ä b',
      'a b!',
      '#1',
      '1#',
      '①',
      '（1）',
      '日',
      '本',
      'x'.repeat(65),
    ]
    const texts = [...new Set([...tasks, ...lossy, `${'x'.repeat(65)}y`, 'a-b', '1'])]
    expect(new Set(texts.map(slugOf)).size).toBe(texts.length)
  })
})
