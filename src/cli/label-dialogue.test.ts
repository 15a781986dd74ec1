import { describe, expect, it } from 'vitest'
import type { Answers } from './answers.ts'
import { labelDialogue } from './label-dialogue.ts'

/** Who answers what was written down, key by key or line by line. */
const answering = (given: readonly string[], byKey: boolean, notes: readonly string[] = []): Answers => {
  const [left, texts] = [[...given], [...notes]]
  return {
    byKey,
    next: async () => left.shift(),
    text: async () => texts.shift(),
    close: () => undefined,
  }
}

const talk = async (
  answers: Answers,
  items: readonly string[] = ['a', 'b', 'c'],
  gone: readonly string[] = [],
) => {
  const put: string[] = []
  const shown: string[] = []
  let said = ''
  const kept = await labelDialogue({
    items,
    answers,
    say: (text) => {
      said += text
    },
    async show(item) {
      if (gone.includes(item)) return undefined
      shown.push(item)
      return `${item}\n`
    },
    async put(item, label, note) {
      put.push(`${item} ${label}${note === undefined ? '' : ` ${note}`}`)
      return ''
    },
  })
  return { kept, put, shown: shown.join(''), said }
}

describe('the dialogue of labelling', () => {
  it('takes keys, and asks again after one it does not know', async () => {
    const { kept, put, said } = await talk(answering(['x', 'p', 'f', 's'], true))
    expect([kept, put]).toEqual([2, ['a pass', 'b fail']])
    expect(said).toContain('p, f, s, n, b or q.')
  })

  it('keeps a note with the label of the outcome it was written for, and with no other', async () => {
    const typed = await talk(answering(['n', 'p', 'p'], true, ['because']))
    expect(typed.put).toEqual(['a pass because', 'b pass'])
    const piped = await talk(answering(['n  it is wrong', 's', 'f'], false))
    expect(piped.put).toEqual(['b fail'])
  })

  it('goes back, and takes another label for it', async () => {
    const { put, shown, kept } = await talk(answering(['b', 'p', 'b', 'f', 'q'], true))
    expect([put, shown, kept]).toEqual([['a pass', 'a fail'], 'abab', 2])
  })

  it('leaves out what is gone, and ends where nothing more is said', async () => {
    expect((await talk(answering(['p', 'p'], false), ['a', 'b', 'c'], ['b'])).put).toEqual([
      'a pass',
      'c pass',
    ])
    expect((await talk(answering([], false))).kept).toBe(0)
  })

  it('takes words as well as letters, and stops a script at any other', async () => {
    expect((await talk(answering(['PASS', 'fail', 'Quit'], false))).put).toEqual(['a pass', 'b fail'])
    await expect(talk(answering(['p', 'maybe', 'f'], false))).rejects.toMatchObject({
      code: 'EVK_USAGE',
      message: '"maybe" is no answer (line 2 of stdin).',
    })
  })

  it('bounds a note', async () => {
    const { put } = await talk(answering(['n', 'p', 'q'], true, ['x'.repeat(50_000)]))
    expect(put[0]).toHaveLength('a pass '.length + 10_000)
  })
})
