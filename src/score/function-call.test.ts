import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AcceptedCall } from '../schema/case.ts'
import type { Json } from '../schema/json.ts'
import type { ParameterSchema } from './accepted-value.ts'
import type { MadeCall } from './evidence.ts'
import { matchFunctionCalls } from './function-call.ts'

const schema: ParameterSchema = {
  type: 'dict',
  properties: {
    a: { type: 'integer' },
    b: { type: 'integer' },
    root: { type: 'string' },
  },
  required: ['a', 'b'],
}
const accepted: AcceptedCall = { name: 'math.solve', arguments: { a: [3], b: [-11], root: ['all', ''] } }

function call(args: Json, name = 'math_solve'): MadeCall {
  return { name, arguments: args }
}

function match(made: readonly MadeCall[], wanted: readonly AcceptedCall[]) {
  return matchFunctionCalls(made, wanted, { wholeNumbersInFloatLists: true, schemaOf: () => schema })
}

describe('one call', () => {
  it.each<[string, MadeCall, string | undefined, string]>([
    ['as accepted', call({ a: 3, b: -11 }), undefined, '1 call as accepted'],
    ['under its own name', call({ a: 3, b: -11, root: 'All' }, 'math.solve'), undefined, '1 call'],
    ['of another tool', call({ a: 3, b: -11 }, 'solve'), 'wrong_func_name', 'is not called; solve is'],
    ['without what is required', call({ a: 3 }), 'missing_required', 'b is required and missing'],
    ['with a parameter too many', call({ a: 3, b: -11, c: 1 }), 'unexpected_param', 'c is not expected'],
    ['with another value', call({ a: 3, b: 11 }), 'value_error:others', 'b is 11, not -11'],
    ['with another type', call({ a: '3', b: -11 }), 'type_error:simple', 'a is "3", which is no integer'],
    ['with a list for arguments', call([3, -11]), 'decoder_failed', 'its arguments are no object'],
    [
      'with arguments that are not JSON',
      { name: 'math_solve', arguments: '{"a": 3', malformed: true },
      'decoder_failed',
      'its arguments are not JSON',
    ],
  ])('%s', (_, made, errorType, reason) => {
    const found = match([made], [accepted])
    expect(found.errorType).toBe(errorType)
    expect(found.passed).toBe(errorType === undefined)
    expect(found.reason).toContain(reason)
  })

  it('must give what may not be left out, required or not', () => {
    const wanted = { name: 'math.solve', arguments: { a: [3], b: [-11], root: ['all'] } }
    expect(match([call({ a: 3, b: -11 })], [wanted])).toEqual({
      passed: false,
      value: 0,
      errorType: 'missing_optional',
      reason: 'math.solve: root is missing, and may not be left out',
    })
  })

  it('may give only parameters that the tool has', () => {
    const wanted = { name: 'math.solve', arguments: { a: [3], b: [-11], c: [1, ''] } }
    expect(match([call({ a: 3, b: -11, c: 1 })], [wanted]).errorType).toBe('unexpected_param')
  })
})

describe('several calls', () => {
  const one = { name: 'f', arguments: { a: [1, 2], b: [0] } }
  const other = { name: 'f', arguments: { a: [1], b: [0] } }

  it('counts them before it looks at them', () => {
    expect(match([], [accepted])).toMatchObject({
      errorType: 'wrong_count',
      reason: '0 calls made, 1 wanted',
    })
    expect(match([call({ a: 3, b: -11 }), call({})], [accepted])).toMatchObject({
      value: 0.5,
      errorType: 'wrong_count',
      reason: '2 calls made (math_solve, math_solve), 1 wanted',
    })
  })

  it('finds the pairing that a greedy checker misses', () => {
    const made = [call({ a: 1, b: 0 }, 'f'), call({ a: 2, b: 0 }, 'f')]
    expect(match(made, [one, other]).passed).toBe(true)
  })

  it('tells the fault of the call that is nearest', () => {
    const made = [call({ a: 1, b: 0 }, 'f'), call({ a: 7, b: 0 }, 'f')]
    expect(match(made, [one, other])).toEqual({
      passed: false,
      value: 0.5,
      errorType: 'cannot_find_match',
      reason: expect.stringMatching(/^f: a is 7, not/) as unknown,
    })
  })

  it('wants none where none is accepted', () => {
    expect(match([], [])).toEqual({ passed: true, value: 1, reason: 'no call wanted, none made' })
    expect(match([call({}, 'f')], [])).toMatchObject({ value: 0, errorType: 'decoder_success' })
  })

  it('does not care for order', () => {
    const values = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(values, fc.func(fc.integer()), (numbers, chance) => {
        const wanted = numbers.map((a) => ({ name: 'f', arguments: { a: [a], b: [0] } }))
        const made = numbers.toSorted((x, y) => chance(x) - chance(y)).map((a) => call({ a, b: 0 }, 'f'))
        expect(match(made, wanted).passed).toBe(true)
        expect(match(made.slice(1), wanted)).toMatchObject({
          passed: false,
          value: (numbers.length - 1) / numbers.length,
        })
      }),
      { seed: 42 },
    )
  })
})
