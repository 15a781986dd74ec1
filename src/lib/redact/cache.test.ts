import { describe, expect, it } from 'vitest'
import { textCache } from './cache.ts'

const text = (name: string): string => name.repeat(50)

describe('the cache of texts', () => {
  it('remembers what is asked for again, and forgets what is not, within its budget', () => {
    const cache = textCache<number>(400)
    cache.keep(text('a'), 1)
    for (const name of ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']) {
      cache.keep(text(name), 2)
      expect(cache.find(text('a'))?.value).toBe(1)
    }
    for (const name of ['k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's']) cache.keep(text(name), 3)
    for (const name of ['t', 'u', 'v', 'w', 'x', 'y', 'z', 'A', 'B']) cache.keep(text(name), 3)
    expect(cache.find(text('a'))).toBeUndefined()
  })

  it('keeps neither what is short nor what would push out all else', () => {
    const cache = textCache<number>(4000)
    cache.keep('short', 1)
    cache.keep('x'.repeat(1001), 1)
    expect([cache.find('short'), cache.find('x'.repeat(1001))]).toEqual([undefined, undefined])
  })

  it('finds a long list for what goes on from it', () => {
    const cache = textCache<number>(40_000)
    const list = JSON.stringify([{ said: 'x'.repeat(600) }])
    cache.keep(list, 1)
    expect(cache.find(`${list.slice(0, -1)},1]`)).toEqual({ text: list, value: 1 })
  })
})
