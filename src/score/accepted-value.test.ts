import { describe, expect, it } from 'vitest'
import type { Json } from '../schema/json.ts'
import { type ParameterSchema, standardized, valueFault } from './accepted-value.ts'

const lenient = { wholeNumbersInFloatLists: true }
const strict = { wholeNumbersInFloatLists: false }

function typeOf(value: Json, accepted: readonly Json[], schema?: ParameterSchema, rules = lenient) {
  return valueFault('p', value, accepted, schema, rules)?.type
}

const string = { type: 'string' }
const integer = { type: 'integer' }
const float = { type: 'float' }
const floats = { type: 'array', items: { type: 'float' } }

describe('a value against those accepted', () => {
  it.each<[string, Json, readonly Json[], ParameterSchema | undefined, string | undefined]>([
    ['text by letters and digits', 'April 1, 2024', ['april 1 2024'], string, undefined],
    ['text that differs', 'human cell', ['human'], string, 'value_error:string'],
    ['text, where nothing is accepted but leaving it out', 'all', [''], string, 'value_error:string'],
    ['a number in text', '5', [5], integer, 'type_error:simple'],
    ['a whole number for a float', 5, [5.0, 7.5], float, undefined],
    ['a fraction for an integer', 5.5, [5], integer, 'type_error:simple'],
    ['a fraction for an integer where one is accepted', 5.5, [5.5], integer, undefined],
    ['another number', 4, ['', 2], integer, 'value_error:others'],
    ['a boolean is no number', true, [1], integer, 'type_error:simple'],
    ['nothing, where null is accepted', null, ['', null], float, undefined],
    ['nothing, where it is not', null, [1], float, 'type_error:simple'],
    ['the name of a variable', 'data', ['data'], { type: 'array', items: integer }, undefined],
    ['another variable', 'rows', ['data'], { type: 'array', items: integer }, 'value_error:others'],
    ['a list', ['A b', 'c'], [['ab', 'C']], { type: 'array', items: string }, undefined],
    ['a shorter list', ['ab'], [['ab', 'c']], { type: 'array', items: string }, 'value_error:list/tuple'],
    [
      'a list in another order',
      [1, 2],
      [[2, 1]],
      { type: 'array', items: integer },
      'value_error:list/tuple',
    ],
    ['a list of something else', ['1'], [[1]], { type: 'array', items: integer }, 'type_error:nested'],
    ['any of the types named', null, [null], { type: ['string', 'null'] }, undefined],
    ['anything where no type is known', { a: 1 }, [{ a: [1] }], undefined, undefined],
    ['something else where no type is known', 'x', [1], {}, 'value_error:string'],
  ])('%s', (_, value, accepted, schema, type) => {
    expect(typeOf(value, accepted, schema)).toBe(type)
  })

  it('takes objects apart: each member has its own accepted values, at every depth', () => {
    const schema = { type: 'object' }
    const accepted = [{ city: ['Rome', 'Roma'], when: ['', { day: [1, 2] }] }]
    expect(typeOf({ city: 'roma' }, accepted, schema)).toBeUndefined()
    expect(typeOf({ city: 'Rome', when: { day: 2 } }, accepted, schema)).toBeUndefined()
    expect(typeOf({ city: 'Oslo' }, accepted, schema)).toBe('value_error:dict_value')
    expect(typeOf({ when: { day: 2 } }, accepted, schema)).toBe('value_error:dict_key')
    expect(typeOf({ city: 'Rome', at: 1 }, accepted, schema)).toBe('value_error:dict_key')
    expect(valueFault('p', { city: 'Rome', when: { day: 3 } }, accepted, schema, lenient)).toMatchObject({
      path: 'p.when',
    })
    // A member the object inherits is none it was given.
    expect(typeOf({}, [{ constructor: ['x'] }], schema)).toBe('value_error:dict_key')
    expect(typeOf({ constructor: 'x' }, [{}], schema)).toBe('value_error:dict_key')
  })

  it('takes lists of objects apart, in order', () => {
    const schema = { type: 'array', items: { type: 'dict' } }
    const accepted = [[{ field: ['age'], value: ['25', 25] }, { field: ['job'] }]]
    expect(typeOf([{ field: 'age', value: 25 }, { field: 'Job' }], accepted, schema)).toBeUndefined()
    expect(typeOf([{ field: 'age', value: 25 }], accepted, schema)).toBe('value_error:list_dict_count')
    expect(typeOf([{ field: 'job' }, { field: 'age', value: 25 }], accepted, schema)).toBe(
      'value_error:dict_value',
    )
    expect(typeOf([{ field: 'age', value: 25 }, {}], accepted, schema)).toBe('value_error:dict_key')
  })

  it('refuses whole numbers in lists of floats only where it is told to', () => {
    expect(typeOf([1, 3], [[1, 3]], floats)).toBeUndefined()
    expect(typeOf([1, 3], [[1, 3]], floats, strict)).toBe('type_error:nested')
    expect(typeOf([1.5, 2.5], [[1.5, 2.5]], floats, strict)).toBeUndefined()
    expect(typeOf(1, [1], float, strict)).toBeUndefined()
    expect(typeOf([1, 3], [[1, 3]], { type: 'array', items: integer }, strict)).toBeUndefined()
  })

  it('does not take punctuation for nothing', () => {
    expect(typeOf('', ['', 'all'], string)).toBeUndefined()
    expect(typeOf('-', ['', 'all'], string)).toBe('value_error:string')
  })

  it('says what it is and what was accepted', () => {
    expect(valueFault('round_to', 4, ['', 2], integer, lenient)?.what).toBe('is 4, not 2')
    expect(valueFault('unit', 'K', ['C', 'F'], string, lenient)?.what).toBe('is "K", not one of ["C", "F"]')
    expect(valueFault('unit', 'K', [''], string, lenient)?.what).toBe('is "K", and was to be left out')
    expect(valueFault('p', [1, 'x'], [[1, 2]], { type: 'array', items: integer }, lenient)).toMatchObject({
      path: 'p[1]',
      what: 'is "x", which is no integer',
    })
  })
})

describe('standardized', () => {
  it('leaves letters, digits and what is neither', () => {
    expect(standardized("It's 1,000.50 (x_1 ^ 2)")).toBe('it"s100050(x12)')
  })
})
