import { describe, expect, it } from 'vitest'
import { textCache } from './cache.ts'

const text = (name: string): string => name.repeat(50)

describe('the cache of texts', () => {
  it('remembers what is asked for again, and forgets what is not, within its budget', () => {
    const cache = textCache<number>(400)
    cache.set(text('a'), 1)
    for (const name of ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']) {
      cache.set(text(name), 2)
      expect(cache.get(text('a'))).toBe(1)
    }
    for (const name of ['k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's']) cache.set(text(name), 3)
    for (const name of ['t', 'u', 'v', 'w', 'x', 'y', 'z', 'A', 'B']) cache.set(text(name), 3)
    expect(cache.get(text('a'))).toBeUndefined()
  })

  it('keeps neither what is short nor what would push out all else', () => {
    const cache = textCache<number>(400)
    cache.set('short', 1)
    cache.set('x'.repeat(101), 1)
    expect([cache.get('short'), cache.get('x'.repeat(101))]).toEqual([undefined, undefined])
  })
})
