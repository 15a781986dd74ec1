import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeProto } from './decode-proto.ts'
import { grownIn } from './grown-attributes.ts'
import { grownBytes } from './grown-bytes.ts'
import { observeRun } from './observe.ts'
import { runsIn } from './run.ts'
import { growingRequests } from './testing/growing.ts'

const conversation = (length: number, name = 'a'): string =>
  JSON.stringify(Array.from({ length }, (_, at) => `${name}${at} é `.repeat(100)))

function reading(...texts: readonly string[]) {
  const bytes = Buffer.from(texts.join(''))
  const read = grownBytes(bytes)
  let from = 0
  return texts.map((text) => {
    const until = from + Buffer.byteLength(text)
    const grown = read(from, until)
    from = until
    return grown
  })
}

describe('texts in bytes', () => {
  it('go on from the latest list that they begin with, and are one where they are the same', () => {
    const [one, two, other, again, three] = reading(
      conversation(1),
      conversation(2),
      conversation(2, 'b'),
      conversation(2),
      conversation(3),
    )
    expect([one?.before, two?.before, other?.before, again, three?.before]).toEqual([
      undefined,
      one,
      undefined,
      two,
      two,
    ])
    expect(three?.text).toBe(conversation(3))
    expect(three?.rest).toBe(`,${conversation(3).split(',')[2]}`)
  })

  it('are found beside others that begin alike', () => {
    const system = `["${'You help people. '.repeat(60)}",`
    const texts = Array.from({ length: 20 }, (_, at) => [
      `${system}"${at}"]`,
      `${system}"${at}","more"]`,
    ]).flat()
    const inTurn = texts.toSorted((a, b) => a.length - b.length)
    const read = reading(...inTurn)
    expect(read.map(({ text }) => text)).toEqual(inTurn)
    expect(read.filter(({ before }) => before !== undefined)).toHaveLength(20)
  })

  it('go on from nothing but a list that ends, with a comma', () => {
    const list = conversation(2)
    for (const [before, after] of [
      [`${list} `, `${list},"password: hunter22xyz"]`],
      [list.slice(0, -1), `${list.slice(0, -2)},"more"]`],
      [list, `${list.slice(0, -1)} "more"]`],
      [list, `${list}"more"]`],
    ] as const) {
      const [, text] = reading(before, after)
      expect(text).toMatchObject({ before: undefined, text: after })
    }
  })

  it('are what they are alone, whatever they go on from, and so is the trace that is made of them', () => {
    let grown = 0
    fc.assert(
      fc.property(growingRequests, ({ request, attributes: said }) => {
        const { spans } = decodeProto(request)
        expect(spans.map(({ attributes }) => attributes)).toEqual(said)
        const alone = spans.map((span) => ({ ...span, attributes: { ...span.attributes } }))
        for (const { attributes } of spans) {
          for (const [name, { text, before, rest }] of grownIn(attributes)) {
            expect(attributes[name]).toBe(text)
            expect(before === undefined ? rest : before.text.slice(0, -1) + rest).toBe(text)
            if (before !== undefined) grown++
          }
        }
        const made = (all: typeof spans) =>
          runsIn({ spans: all, logs: [] }).runs.map((run) => observeRun(run))
        expect(made(spans)).toEqual(made(alone))
      }),
      { seed: 42, numRuns: 400 },
    )
    expect(grown).toBeGreaterThan(100)
  })
})
