import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { growingTexts, restOf } from './growing-texts.ts'

const item = (at: number, name = 'a'): object => ({ role: 'user', content: `${name}${at} `.repeat(60) })
const list = (length: number, name?: string): string =>
  JSON.stringify(Array.from({ length }, (_, at) => item(at, name)))

describe('texts that grow', () => {
  it('finds the same text, and the latest list that a longer one goes on from', () => {
    const texts = growingTexts<number>({ budget: 100_000, shortest: 10 })
    texts.keep(list(1), 1)
    texts.keep(list(2, 'b'), 2)
    expect(texts.find(list(1))).toEqual({ text: list(1), value: 1 })
    expect(texts.find(list(3))).toEqual({ text: list(1), value: 1 })
    expect(texts.find(list(3, 'b'))).toEqual({ text: list(2, 'b'), value: 2 })
    expect(texts.find(list(1, 'b'))).toBeUndefined()
  })

  it('forgets a conversation as it was before, and what was not asked for longest', () => {
    const texts = growingTexts<number>({ budget: 20 * list(2).length, shortest: 10 })
    texts.keep(list(1), 1)
    texts.keep(list(2), 2)
    expect(texts.find(list(1))).toBeUndefined()
    for (let at = 0; at < 40; at++) {
      texts.keep(`${String(at).repeat(200)}${list(2)}`, at)
      texts.find(list(2))
    }
    expect(texts.find(`${'0'.repeat(200)}${list(2)}`)).toBeUndefined()
    expect(texts.find(`${'39'.repeat(200)}${list(2)}`)?.value).toBe(39)
  })

  it('keeps neither what is short nor what would push out all else', () => {
    const texts = growingTexts<number>({ budget: 1000, shortest: 200 })
    texts.keep('x'.repeat(199), 1)
    texts.keep('x'.repeat(251), 1)
    expect([texts.find('x'.repeat(199)), texts.find('x'.repeat(251))]).toEqual([undefined, undefined])
  })

  it('what goes on is JSON exactly if the rest is, and says what both say', () => {
    const begun = fc.array(fc.jsonValue(), { minLength: 1 }).map((value) => JSON.stringify(value))
    const more = fc.oneof(
      fc.array(fc.jsonValue()).map((value) => JSON.stringify(value).slice(1)),
      fc.string({ unit: fc.constantFrom('[', ']', ',', '"', '1', '{', '}', ' ') }),
    )
    const read = (text: string): readonly unknown[] | undefined => {
      try {
        const value: unknown = JSON.parse(text)
        return Array.isArray(value) && value.length > 0 ? value : undefined
      } catch {
        return undefined
      }
    }
    fc.assert(
      fc.property(begun, more, (before, added) => {
        const text = `${before.slice(0, -1)},${added}`
        const rest = read(restOf(before, text))
        expect(rest === undefined ? undefined : [...(read(before) ?? []), ...rest]).toEqual(read(text))
      }),
      { seed: 42, numRuns: 2000 },
    )
  })
})
