import { describe, expect, it } from 'vitest'
import { admits } from './admits.ts'

describe('admits', () => {
  it.each([
    'I could not reach the shop.',
    'Sorry, please try again later.',
    'Your refund wasn’t possible: the payment service is unavailable.',
    'Request timed out',
    'FAILED',
    { status: 'ok', error: 'no stock' },
    { success: false },
    { parts: [{ text: 'We are unable to help.' }] },
    ['fine', 'an error happened'],
  ])('hears it in %j', (answer) => {
    expect(admits(answer)).toBe(true)
  })

  it.each([
    'Refunded W12.',
    'Your order was sent on Tuesday.',
    'Erroneous? Unfailing.',
    '',
    null,
    undefined,
    7,
    true,
    { ok: true, error: null },
    { order: 'W12', usd: 18, lines: [] },
  ])('does not hear it in %j', (answer) => {
    expect(admits(answer)).toBe(false)
  })

  it('looks at megabytes in no time', () => {
    expect(admits(`${'x '.repeat(5_000_000)} error`)).toBe(false)
  })
})
