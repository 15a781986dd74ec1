import { describe, expect, it } from 'vitest'
import { standsInPrompt } from './label-leaks.ts'

const prompt =
  'Judge.\nA right answer:\n  Your order 42   arrives on Tuesday morning.\n{"amount":30,"currency":"EUR","paid":true}'

describe('what stands in a prompt', () => {
  it.each([
    ['the output', { output: 'your order 42 arrives on Tuesday morning.' }, true],
    ['a note', { note: 'Your order 42 arrives on tuesday morning' }, true],
    ['JSON', { output: { currency: 'EUR', amount: 30, paid: true } }, true],
    ['another output', { output: 'Your order 43 arrives on Tuesday morning.' }, false],
    ['what is too short to tell', { output: 'Judge.' }, false],
    ['nothing', {}, false],
  ])('is found: %s', (_, label, found) => {
    expect(standsInPrompt([prompt], label)).toBe(found)
  })
})
