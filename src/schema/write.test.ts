import { describe, expect, it } from 'vitest'
import { knownTools } from './known-tools.ts'
import { lastingArguments, writeOf } from './write.ts'

const known = knownTools({
  v: 1,
  tools: {
    pay: { effect: 'write', idempotencyKey: 'arguments.key', volatile: ['arguments.lines[*].at'] },
  },
})
const paid = (key: string | null, at: string) => ({
  name: 'pay',
  arguments: { usd: 20, key, lines: [{ sku: 'a', at }] },
})

describe('a write', () => {
  it('is the same whatever is new in every try', () => {
    expect(writeOf(paid('k1', '9:00'), known).identity).toBe(writeOf(paid('k2', '9:05'), known).identity)
    expect(writeOf({ name: 'pay', arguments: { usd: 21 } }, known).identity).not.toBe(
      writeOf({ name: 'pay', arguments: { usd: 20 } }, known).identity,
    )
  })

  it('has the key that was sent; null is none', () => {
    expect(writeOf(paid('k1', '9:00'), known).key).toBe('"k1"')
    expect(writeOf(paid(null, '9:00'), known).key).toBeUndefined()
  })

  it('says whether its tool writes by its name alone', () => {
    expect(writeOf(paid('k1', '9:00'), known).guessed).toBe(false)
    expect(writeOf({ name: 'book', arguments: {} }, known).guessed).toBe(true)
  })

  it('has arguments that last, and others', () => {
    expect(lastingArguments(known('pay'), paid('k1', '9:00').arguments)).toEqual({
      usd: 20,
      lines: [{ sku: 'a' }],
    })
    expect(lastingArguments(known('pay'), 'no object')).toBe('no object')
  })
})
