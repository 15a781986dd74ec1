import { describe, expect, it } from 'vitest'
import { type GrownText, goingOn, onceOfEach, wholeText } from './grown-text.ts'

describe('a text that goes on from an earlier one', () => {
  it('is all of it, without its last character, and what is new', () => {
    const first = wholeText('[1,2]')
    const second = goingOn(first, ',3]')
    const third = goingOn(second, ',4,5]')
    expect([first, second, third].map(({ text }) => text)).toEqual(['[1,2]', '[1,2,3]', '[1,2,3,4,5]'])
    expect(third).toMatchObject({ before: second, rest: ',4,5]', stem: '[1,2,3,4,5' })
  })

  it('is made something of once, behind what it goes on from, in chains of any length', () => {
    const made: string[] = []
    const items = onceOfEach<number>(({ rest }, before = 0) => {
      made.push(rest)
      return before + rest.split(',').length - 1
    })
    let last: GrownText = wholeText('[0]')
    const second = goingOn(last, ',1]')
    for (let at = 1; at <= 50_000; at++) last = at === 1 ? second : goingOn(last, `,${at}]`)
    expect(items(second)).toBe(1)
    expect(items(last)).toBe(50_000)
    expect(items(second)).toBe(1)
    expect(made).toHaveLength(50_001)
    expect(JSON.parse(last.text)).toHaveLength(50_001)
  })

  it('is made nothing of again where nothing came of it', () => {
    let calls = 0
    const nothing = onceOfEach<undefined>(() => void calls++)
    const text = goingOn(wholeText('[]'), ',1]')
    expect([nothing(text), nothing(text), calls]).toEqual([undefined, undefined, 2])
  })
})
