import { describe, expect, it } from 'vitest'
import { defined } from './defined.ts'

describe('defined', () => {
  it('keeps what is there, null and empty included', () => {
    const kept = defined({ a: undefined, b: null, c: '', d: 0 })
    expect(Object.keys(kept)).toEqual(['b', 'c', 'd'])
  })
})
