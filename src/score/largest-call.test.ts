import { describe, expect, it } from 'vitest'
import { largestCall } from './largest-call.ts'

const words = { shown: (amount: number) => `${amount} s`, allowed: '5 s allowed', what: 'time' }

describe('the largest call', () => {
  it.each([
    [[1, 5], { value: 1, reason: '5 s in the largest of 2 model calls, 5 s allowed' }],
    [[6], { value: 0, reason: '6 s in the model call, 5 s allowed' }],
    [[undefined, 6], { value: 0, reason: '6 s in the largest of 2 model calls, 5 s allowed' }],
    [[undefined, 1], { unscored: 'only 1 of 2 model calls tell their time' }],
    [[], { unscored: 'the run has no model calls' }],
  ])('of %j', (calls, answer) => {
    expect(largestCall(calls, 5, words)).toEqual(answer)
  })
})
