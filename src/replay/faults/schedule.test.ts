import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EvalkitError } from '../../schema/errors.ts'
import { recordingWith, says, used } from '../../schema/testing/recordings.ts'
import { faults } from './kinds/index.ts'
import { planOf, profileFrom } from './profile.ts'
import { assertKnown, type FaultRule, readFault, readRule, writeRule } from './schedule.ts'

function errorOf(run: () => unknown): EvalkitError {
  try {
    run()
  } catch (error) {
    if (EvalkitError.is(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a rule', () => {
  it.each([
    ['search@2: 503 x2', { place: 'tool', name: 'search', nth: 2, argument: 503, times: 2 }],
    ['model@3: reset', { place: 'model', nth: 3, times: 1 }],
    ['search: malformed', { place: 'tool', name: 'search', times: 'always' }],
    ['*@1: timeout', { place: 'any', nth: 1, times: 1 }],
    ['http: 429', { place: 'http', argument: 1000, times: 'always' }],
    ['model@1: rate-limit 20s x*', { place: 'model', nth: 1, argument: 20_000, times: 'always' }],
    [
      '  "my: tool@1"@4 :slow 200ms x3 ',
      { place: 'tool', name: 'my: tool@1', nth: 4, argument: 200, times: 3 },
    ],
    ['"model"@1: empty', { place: 'tool', name: 'model', nth: 1 }],
    ['model: 529', { place: 'model', argument: 529 }],
    ['search: server-error 500 x1', { argument: 500, times: 1 }],
  ])('%s', (text, expected) => {
    const rule = readRule(text)
    expect(rule).toMatchObject(expected)
    expect(readRule(writeRule(rule))).toEqual(rule)
  })

  it.each([
    ['', 'expected where it happens', 1],
    ['search', 'expected ":" and a fault', 7],
    ['search@0: 503', 'expected which call it is', 8],
    ['search@two: 503', 'expected which call it is', 8],
    ['search: tiemout', 'did you mean "timeout"?', 9],
    ['search: 504x', 'there is no fault "504x"', 9],
    ['search: 404', 'there is no fault "404"', 9],
    ['search:', 'expected a fault', 8],
    ['search: slow fast', 'slow takes a time, such as 30s or 200ms', 14],
    ['search: reset 3', 'reset takes no number', 15],
    ['search: 503 x0', 'expected how often', 14],
    ['search: 503 x2 x3', 'expected the end', 16],
    ['model: injected-instructions', 'injected-instructions happens to http and tools only', 29],
    ['"search: 503', 'expected where it happens', 1],
    ['""@1: 503', 'expected the name of a tool in quotes', 1],
    [`${'x'.repeat(301)}: 503`, 'a rule has 300 characters at most', 301],
  ])('that is none says where and what: %j', (text, what, column) => {
    const error = errorOf(() => readRule(text))
    expect(error.code).toBe('EVK_FAULT_INVALID')
    expect(error.message).toContain(what)
    expect(error.message).toContain(`(column ${column})`)
  })

  it('of strangers is inert in the message', () => {
    const error = errorOf(() => readRule('a: \u001b]0;title\u0007\u202e'))
    expect([error.message, ...error.details].join('')).not.toMatch(/\p{Cc}|\u202e/u)
  })

  it('has one spelling, which reads as the same rule', () => {
    const rules = fc.record({
      name: fc
        .string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
        .filter((name) => JSON.stringify(name).length < 100 && name.isWellFormed()),
      fault: fc.constantFrom(...faults),
      nth: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
      times: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: 'always' as const }),
    })
    fc.assert(
      fc.property(rules, ({ name, fault, nth, times }) => {
        const rule: FaultRule = {
          place: 'tool',
          name,
          fault,
          argument: fault.argument?.fallback ?? 0,
          times,
          ...(nth === undefined ? {} : { nth }),
        }
        const text = writeRule(rule)
        expect(readRule(text)).toEqual(rule)
        expect(writeRule(readRule(text))).toBe(text)
      }),
      { seed: 42 },
    )
  })

  it('names a tool the run calls', () => {
    const recording = recordingWith([used('search_orders', {}, 'x')])
    expect(() => assertKnown({ rules: [readRule('search_orders: 503')] }, recording)).not.toThrow()
    const error = errorOf(() => assertKnown({ rules: [readRule('serch_orders: 503')] }, recording))
    expect(error).toMatchObject({ code: 'EVK_FAULT_INVALID', details: ['did you mean "search_orders"?'] })
    expect(errorOf(() => assertKnown({ rules: [readRule('x: 503')] }, recordingWith([]))).details).toEqual([
      'it calls no tools at all',
    ])
  })
})

describe('a profile', () => {
  const llm = { kind: 'llm', request: { messages: [] }, reply: says('x') } as const
  const recording = recordingWith([
    llm,
    used('get', { n: 1 }, 'a'),
    used('put', {}, 'b'),
    used('get', { n: 2 }, 'c'),
    llm,
  ])
  const rulesOf = (profile: object, seed?: number) => {
    const plan = planOf(profileFrom(profile, 'p.json'), recording, seed)
    return 'schedule' in plan
      ? plan.schedule.rules.map(writeRule)
      : plan.columns.map(({ fault }) => fault.name)
  }

  it('is a schedule, or the columns of a matrix', () => {
    expect(rulesOf({ faults: ['get@2: 503 x2', 'model@1: reset'] })).toEqual([
      'get@2: 503 x2',
      'model@1: reset',
    ])
    expect(rulesOf({ faults: ['503', 'slow 5s'] })).toEqual(['server-error', 'slow'])
  })

  it('of rates draws the same faults from the same seed', () => {
    const rates = { rates: { timeout: 0.3, '503': 0.3 } }
    expect(rulesOf(rates, 7)).toEqual(rulesOf(rates, 7))
    expect(rulesOf({ ...rates, seed: 7 })).toEqual(rulesOf(rates, 7))
    const drawn = new Set(Array.from({ length: 30 }, (_, seed) => rulesOf(rates, seed).join()))
    expect(drawn.size).toBeGreaterThan(5)
    expect(rulesOf({ rates: { timeout: 1 } })).toEqual([
      'model@1: timeout',
      'get@1: timeout',
      'put@1: timeout',
      'get@2: timeout',
      'model@2: timeout',
    ])
    expect(rulesOf({ rates: { timeout: 1 }, on: ['put', 'model'] })).toEqual([
      'model@1: timeout',
      'put@1: timeout',
      'model@2: timeout',
    ])
    expect(rulesOf({ rates: { timeout: 0 } })).toEqual([])
  })

  it('does not change what was drawn for earlier calls where the run grows', () => {
    const profile = profileFrom({ rates: { timeout: 0.4, empty: 0.4 }, seed: 3 }, 'p.json')
    const short = planOf(profile, { calls: recording.calls.slice(0, 3) })
    const long = planOf(profile, recording)
    if (!('schedule' in short) || !('schedule' in long)) throw new Error('no schedule')
    expect(long.schedule.rules.slice(0, short.schedule.rules.length)).toEqual(short.schedule.rules)
  })

  it.each([
    [{}, 'either "faults" or "rates"'],
    [{ faults: ['503'], rates: { '503': 1 } }, 'either "faults" or "rates"'],
    [{ fault: ['503'] }, 'did you mean "faults"?'],
    [{ rates: { '503': 2 } }, 'rates'],
    [{ faults: ['503', 'get: 503'] }, 'says no place, others in the profile do'],
    [{ faults: ['get: 999'] }, 'there is no fault "999"'],
    [{ rates: { boom: 0.1 } }, 'there is no fault "boom"'],
  ])('that is none is refused: %j', (profile, what) => {
    const error = errorOf(() => rulesOf(profile))
    expect(error.code).toBe('EVK_FAULT_INVALID')
    expect([error.message, ...error.details].join(' ')).toContain(what)
  })

  it('reads a fault alone', () => {
    expect(readFault('429 ')).toMatchObject({ argument: 1000, fault: { name: 'rate-limit' } })
    expect(errorOf(() => readFault('503 now')).message).toContain('expected the end')
  })
})
