import { describe, expect, it } from 'vitest'
import { goingOn, wholeText } from '../../lib/grown-text.ts'
import type { Json } from '../../schema/json.ts'
import { areGrown } from './grown-attributes.ts'
import { takeListBefore, told } from './told.ts'

const prompt = 'Be quick about it. '.repeat(30)

describe('attributes that are read', () => {
  it('go on from the very same items, whether that is known before or found out', () => {
    const first = wholeText(JSON.stringify([{ a: prompt }]))
    const second = goingOn(first, ',{"b":[1]}]')
    const read = (text: string, grown = second): readonly Json[] => {
      const attributes = { said: text }
      if (text === grown.text) areGrown(attributes, new Map([['said', grown]]))
      return told(attributes).value('said') as readonly Json[]
    }
    const [before, after] = [read(first.text), read(second.text)]
    expect(after).toEqual([{ a: prompt }, { b: [1] }])
    expect(after[0]).toBe(before[0])
    const found = read(`${second.text.slice(0, -1)},3]`)
    expect(found[0]).toBe(before[0])
    // Said once: a conversation of thousands of calls would else hold thousands of lists.
    expect(takeListBefore(after)).toBe(before)
    expect(takeListBefore(after)).toBeUndefined()
  })

  it('are what they say alone where what follows is no JSON', () => {
    const first = wholeText(JSON.stringify([{ a: prompt }]))
    for (const rest of [',]', ',1', ',1]]', ', "\\u005f_proto__": 1]', ',{"__proto__":1}]']) {
      const text = goingOn(first, rest)
      const attributes = { said: text.text }
      areGrown(attributes, new Map([['said', text]]))
      expect(told(attributes).value('said')).toEqual(told({ said: text.text }).value('said'))
    }
  })
})
