import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBindings, type Pair } from './bindings.ts'

const recorded = '11111111-aaaa-4aaa-8aaa-111111111111'
const live = '22222222-bbbb-4bbb-8bbb-222222222222'

function bound(...pairs: readonly Pair[]): ReturnType<typeof createBindings> {
  const bindings = createBindings()
  bindings.bind(pairs)
  return bindings
}

describe('bindings', () => {
  it('hold one to one, for good', () => {
    const bindings = bound({ recorded, live })
    expect(bindings.fits([{ recorded, live }])).toBe(true)
    expect(bindings.fits([{ recorded, live: 'another' }])).toBe(false)
    expect(bindings.fits([{ recorded: 'another', live }])).toBe(false)
    expect(bindings.fits([{ recorded: 'x', live: 'y' }])).toBe(true)
  })

  it('hold within what is bound together, which binds nothing yet', () => {
    const { fits, any } = createBindings()
    expect(
      fits([
        { recorded: 'a', live: 'x' },
        { recorded: 'a', live: 'y' },
      ]),
    ).toBe(false)
    expect(
      fits([
        { recorded: 'a', live: 'x' },
        { recorded: 'b', live: 'x' },
      ]),
    ).toBe(false)
    expect(
      fits([
        { recorded: 'a', live: 'x' },
        { recorded: 'a', live: 'x' },
      ]),
    ).toBe(true)
    expect(fits([{ recorded: 'a', live: 'y' }])).toBe(true)
    expect(any).toBe(false)
  })

  it('tell a number from its text', () => {
    const bindings = bound({ recorded: 1, live: 2 }, { recorded: '1', live: '3' })
    expect(
      bindings.fits([
        { recorded: 1, live: 2 },
        { recorded: '1', live: '3' },
      ]),
    ).toBe(true)
  })

  it('let what is the same, and what is no id, be', () => {
    const bindings = bound({ recorded: 'same-id', live: 'same-id' }, { recorded: null, live: true })
    const value = { id: 'same-id' }
    expect(bindings.any).toBe(false)
    expect(bindings.toLive(value)).toBe(value)
    expect(bindings.fits([{ recorded: 'same-id', live: 'other' }])).toBe(false)
    expect(
      bindings.fits([
        { recorded: null, live: false },
        { recorded: ['a'], live: ['b'] },
      ]),
    ).toBe(true)
  })

  it('replace wherever they stand: whole, in texts, deep inside', () => {
    const { toLive, toRecorded } = bound({ recorded, live })
    const said = (id: string) => ({
      id,
      text: `Order ${id}, "${id}".`,
      list: [{ url: `/o/${id}?a=1` }],
      n: 1,
    })
    expect(toLive(said(recorded))).toEqual(said(live))
    expect(toRecorded(said(live))).toEqual(said(recorded))
  })

  it('give the very same value back where nothing bound is in it', () => {
    const { toLive } = bound({ recorded, live })
    const part = { deep: ['x'] }
    const value = { part, id: recorded }
    expect(toLive(part)).toBe(part)
    expect(toLive(value).part).toBe(part)
  })

  it('replace both ways at once: what changed places is not replaced twice', () => {
    const swapped = bound(
      { recorded: 'order-one', live: 'order-two' },
      { recorded: 'order-two', live: 'order-one' },
    )
    expect(swapped.toLive('order-one order-two')).toBe('order-two order-one')
  })

  it.each([
    ['within a longer number', 'order-100', 'order-1000'],
    ['within a longer word', 'ordering', 'orderings'],
    ['before it', '100-order', '2100-order'],
  ])('are not found %s', (_, from, text) => {
    expect(bound({ recorded: from, live: 'order-999' }).toLive(`see ${text}.`)).toBe(`see ${text}.`)
    expect(bound({ recorded: from, live: 'order-999' }).toLive(`see ${from}.`)).toBe('see order-999.')
  })

  it('take the longer of two that begin alike', () => {
    const both = bound(
      { recorded: 'order-1-a', live: 'order-2-b' },
      { recorded: 'order-1-a-x', live: 'order-3-c-y' },
    )
    expect(both.toLive('order-1-a-x, order-1-a')).toBe('order-3-c-y, order-2-b')
  })

  it.each([
    ['a small number', 7, 8, { n: 7, text: '7' }],
    ['a short text', 'ab', 'cd', { n: 'ab', text: 'cab ab' }],
  ])('hold %s to its place, and replace it nowhere', (_, from, to, value) => {
    const bindings = bound({ recorded: from, live: to })
    expect(bindings.toLive(value)).toBe(value)
    expect(bindings.fits([{ recorded: from, live: 'other' }])).toBe(false)
  })

  it('find a time as a number and in a text', () => {
    const { toLive } = bound({ recorded: 1_700_000_000, live: 1_800_000_000 })
    expect(toLive({ at: 1_700_000_000, said: '{"at":1700000000}', more: '17000000001' })).toEqual({
      at: 1_800_000_000,
      said: '{"at":1800000000}',
      more: '17000000001',
    })
  })

  it('take texts for what they are, also where patterns and replacements mean something', () => {
    const { toLive } = bound({ recorded: 'a.*(b|c)[$&]', live: '$&$1\\1$`' })
    expect(toLive('axxb a.*(b|c)[$&]!')).toBe('axxb $&$1\\1$`!')
  })

  it('bear a text that is no id, and many that are', () => {
    const long = 'x'.repeat(1_000_000)
    const many = Array.from({ length: 5000 }, (_, at) => ({
      recorded: `recorded-${at}`,
      live: `live-id-${at}`,
    }))
    const { toLive } = bound({ recorded: long, live: 'short-one' }, ...many)
    expect(toLive([long, `see recorded-4999.`])).toEqual(['short-one', 'see live-id-4999.'])
  })

  it('go back and forth without loss, whatever was bound', () => {
    const ids = fc.uniqueArray(fc.uuid(), { minLength: 2, maxLength: 12 })
    const shape = fc.array(fc.tuple(fc.nat(), fc.string(), fc.boolean()), { maxLength: 6 })
    fc.assert(
      fc.property(ids, shape, (all, parts) => {
        const half = Math.floor(all.length / 2)
        const pairs = all.slice(0, half).map((id, at) => ({ recorded: id, live: all[half + at] ?? '' }))
        const bindings = createBindings()
        expect(bindings.fits(pairs)).toBe(true)
        bindings.bind(pairs)
        const value = parts.map(([at, text, isWhole]) => {
          const id = pairs[at % pairs.length]?.recorded ?? ''
          return isWhole ? id : `${text} ${id} ${text}`
        })
        const there = bindings.toLive(value)
        expect(bindings.toRecorded(there)).toEqual(value)
        for (const { recorded: from } of pairs) expect(JSON.stringify(there)).not.toContain(from)
      }),
      { seed: 42 },
    )
  })

  it('never stand for two values', () => {
    const some = fc.constantFrom('a-one', 'b-two', 'c-three', 4_000_000, 5_000_000)
    const pair = fc.record({ recorded: some, live: some })
    fc.assert(
      fc.property(fc.array(fc.array(pair, { maxLength: 3 }), { maxLength: 8 }), (rounds) => {
        const bindings = createBindings()
        const held: Pair[] = []
        for (const pairs of rounds) {
          if (!bindings.fits(pairs)) continue
          bindings.bind(pairs)
          held.push(...pairs)
        }
        for (const one of held) {
          for (const other of held) expect(one.recorded === other.recorded).toBe(one.live === other.live)
        }
      }),
      { seed: 42 },
    )
  })
})
