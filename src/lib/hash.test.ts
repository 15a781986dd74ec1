import { describe, expect, it } from 'vitest'
import { contentHash, sha256 } from './hash.ts'

describe('sha256', () => {
  it('is the one of FIPS 180-4', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(sha256(new TextEncoder().encode('abc'))).toBe(sha256('abc'))
  })
})

describe('contentHash', () => {
  it('is the same for the same JSON', () => {
    expect(contentHash({ a: 1, b: undefined, c: [2] })).toBe(contentHash({ c: [2], a: 1 }))
    expect(contentHash({ a: 1 })).toMatch(/^[0-9a-f]{16}$/)
    expect(contentHash({ a: 1 })).not.toBe(contentHash({ a: '1' }))
  })
})
