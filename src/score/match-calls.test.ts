import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MadeCall } from './evidence.ts'
import { explainCalls } from './explain-calls.ts'
import { type MatchMode, type MatchOptions, matchCalls } from './match-calls.ts'

const seed = { seed: 42 }
const modes: readonly MatchMode[] = ['strict', 'in-order', 'unordered', 'subset', 'superset']
const rules = ['exact', 'subset', 'superset', 'ignore'] as const

/** Few names and few arguments, so that calls often resemble each other. */
const call: fc.Arbitrary<MadeCall> = fc.record({
  name: fc.constantFrom('search', 'book'),
  arguments: fc.dictionary(fc.constantFrom('q', 'lang'), fc.integer({ min: 0, max: 1 }), {
    noNullPrototype: true,
  }),
})
const calls = fc.array(call, { maxLength: 6 })
const options = fc.record({ mode: fc.constantFrom(...modes), args: fc.constantFrom(...rules) })

function passes(made: readonly MadeCall[], reference: readonly MadeCall[], options: MatchOptions): boolean {
  return matchCalls(made, reference, options).passed
}

function holds<T>(arbitrary: fc.Arbitrary<T>, law: (given: T) => void): void {
  fc.assert(fc.property(arbitrary, law), seed)
}

describe('matchCalls', () => {
  it('is passed by the reference itself, in every mode and under every rule', () => {
    holds(fc.record({ reference: calls, options }), ({ reference, options }) => {
      expect(matchCalls(reference, reference, options)).toMatchObject({ passed: true, value: 1 })
    })
  })

  it('does not mind the order in unordered mode', () => {
    const permuted = calls.chain((reference) =>
      fc.record({
        reference: fc.constant(reference),
        made: fc.shuffledSubarray(reference, { minLength: reference.length }),
        args: fc.constantFrom(...rules),
      }),
    )
    holds(permuted, ({ reference, made, args }) => {
      expect(passes(made, reference, { mode: 'unordered', args })).toBe(true)
    })
  })

  it('fails when a reference call is dropped, in every mode that needs all', () => {
    const dropped = fc.record({
      reference: fc.array(call, { minLength: 1, maxLength: 6 }),
      at: fc.nat(),
      mode: fc.constantFrom<MatchMode>('strict', 'in-order', 'unordered', 'superset'),
      args: fc.constantFrom(...rules),
    })
    holds(dropped, ({ reference, at, mode, args }) => {
      const made = reference.toSpliced(at % reference.length, 1)
      const match = matchCalls(made, reference, { mode, args })
      expect(match.passed).toBe(false)
      expect(match.value).toBeLessThan(1)
    })
  })

  it('is monotone in superset and in-order mode: one more call never makes it fail', () => {
    const more = fc.record({
      made: calls,
      reference: calls,
      extra: call,
      at: fc.nat(),
      mode: fc.constantFrom<MatchMode>('superset', 'in-order'),
      args: fc.constantFrom(...rules),
    })
    holds(more, ({ made, reference, extra, at, mode, args }) => {
      const before = matchCalls(made, reference, { mode, args })
      const after = matchCalls(made.toSpliced(at % (made.length + 1), 0, extra), reference, { mode, args })
      expect(after.value).toBeGreaterThanOrEqual(before.value)
      expect(after.passed || !before.passed).toBe(true)
    })
  })

  it('orders the modes: strict, then unordered and in-order, then superset', () => {
    holds(
      fc.record({ made: calls, reference: calls, args: fc.constantFrom(...rules) }),
      ({ made, reference, args }) => {
        const passed = (mode: MatchMode) => passes(made, reference, { mode, args })
        expect(!passed('strict') || (passed('unordered') && passed('in-order'))).toBe(true)
        expect(!passed('in-order') || passed('superset')).toBe(true)
        expect(passed('unordered')).toBe(passed('superset') && made.length === reference.length)
      },
    )
  })

  it('mirrors: a subset one way is a superset the other way', () => {
    holds(fc.record({ made: calls, reference: calls }), ({ made, reference }) => {
      const subset = passes(made, reference, { mode: 'subset', args: 'exact' })
      expect(subset).toBe(passes(reference, made, { mode: 'superset', args: 'exact' }))
    })
  })

  it('gives 1 when passed and less otherwise, and says why in a bounded line', () => {
    const any = fc.record({ made: calls, reference: calls, options })
    holds(any, ({ made, reference, options }) => {
      const match = matchCalls(made, reference, options)
      expect(match.value === 1).toBe(match.passed)
      expect(match.value).toBeGreaterThanOrEqual(0)
      const reason = explainCalls(made, reference, match, options)
      expect(reason.length).toBeLessThanOrEqual(1_500)
      expect(/missing: |extra: |different: /.test(reason)).toBe(!match.passed)
    })
  })

  it('compares only the paths a tool names, through lists and objects', () => {
    const made = { name: 'book', arguments: { user: { id: 'mia', age: 3 }, seats: [{ row: 4 }] } }
    const reference = { name: 'book', arguments: { user: { id: 'mia' }, seats: [{ row: 4, window: true }] } }
    const by = (args: readonly string[]) =>
      passes([made], [reference], { mode: 'strict', args: 'exact', tools: { book: { args } } })
    expect(by(['user.id', 'seats.0.row'])).toBe(true)
    expect(by(['user.id', 'seats.0.window'])).toBe(false)
    expect(by(['user.age'])).toBe(false)
    expect(by(['constructor.name'])).toBe(false)
    expect(by(['user.id', 'no.such.path'])).toBe(false)
  })

  it('takes a tool called like a member of every object for any other', () => {
    const made = [{ name: 'constructor', arguments: { id: 1 } }]
    expect(passes(made, made, { mode: 'strict', args: 'exact', tools: {} })).toBe(true)
    expect(passes(made, [], { mode: 'strict', args: 'exact', tools: {} })).toBe(false)
  })

  it('lets numbers differ by the tolerance', () => {
    const made = [{ name: 'pay', arguments: { usd: 20, note: 'refund' } }]
    const reference = [{ name: 'pay', arguments: { usd: 19.99, note: 'refund' } }]
    expect(passes(made, reference, { mode: 'strict', args: 'exact', tolerance: 0.01 })).toBe(true)
    expect(passes(made, reference, { mode: 'strict', args: 'exact', tolerance: 0.001 })).toBe(false)
    expect(passes(made, reference, { mode: 'strict', args: 'exact' })).toBe(false)
  })
})

describe('explainCalls', () => {
  it('puts each wrong call beside the reference call it is nearest to', () => {
    const made = [
      { name: 'book', arguments: { id: 1, seat: '4A', meal: 'none' } },
      { name: 'book', arguments: { id: 2, seat: '9C', meal: 'none' } },
    ]
    const reference = [
      { name: 'book', arguments: { id: 2, seat: '9D', meal: 'none' } },
      { name: 'book', arguments: { id: 1, seat: '4B', meal: 'none' } },
    ]
    expect(why(made, reference, { mode: 'unordered', args: 'exact' })).toBe(
      '0 of 2 reference calls matched; different: book: seat is "9C", not "9D"; book: seat is "4A", not "4B"',
    )
  })

  it('tells what is missing and what is extra, and counts what it does not show', () => {
    const made = [{ name: 'cancel', arguments: {} }]
    const reference = Array.from({ length: 7 }, (_, index) => ({ name: 'search', arguments: { index } }))
    expect(why(made, reference, { mode: 'unordered', args: 'exact' })).toBe(
      '0 of 7 reference calls matched; missing: search({ "index": 0 }), search({ "index": 1 }), ' +
        'search({ "index": 2 }), search({ "index": 3 }), and 3 more; extra: cancel({})',
    )
  })

  it('stays short whatever an agent says', () => {
    const long = 'x'.repeat(10_000)
    const made = Array.from({ length: 300 }, (_, index) => ({
      name: `${long}${index % 3}`,
      arguments: { [long]: index },
    }))
    const reference = made.map((call) => ({ ...call, arguments: { [long]: long } }))
    expect(why(made, reference, { mode: 'unordered', args: 'exact' }).length).toBeLessThanOrEqual(1_500)
  })
})

function why(made: readonly MadeCall[], reference: readonly MadeCall[], options: MatchOptions): string {
  return explainCalls(made, reference, matchCalls(made, reference, options), options)
}
