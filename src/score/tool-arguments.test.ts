import { describe, expect, it } from 'vitest'
import { holdArguments } from './tool-arguments.ts'

const text = {
  type: 'object',
  properties: { id: { type: 'string' }, at: { type: 'string' } },
  required: ['id'],
}
const number = { type: 'object', properties: { id: { type: 'number' } } }

describe('holdArguments', () => {
  it('is content with one schema that fits', () => {
    expect(holdArguments({ id: 7 }, [text, number])).toEqual({ fits: true })
  })

  it('tells the problems of the schema that is fitted best', () => {
    expect(holdArguments({ id: true, at: 1 }, [text, number])).toEqual({
      fits: false,
      problems: [{ path: 'id', what: 'must be number' }],
    })
  })

  it('reads a schema as a provider does: what it does not know says nothing', () => {
    const loose = { type: 'object', 'x-order': 1, properties: { day: { type: 'string', format: 'weekday' } } }
    expect(holdArguments({ day: 'Monday' }, [loose])).toEqual({ fits: true })
  })

  it('gives up on a schema that never comes to an end', () => {
    const slow = { type: 'object', properties: { id: { type: 'string', pattern: '^(a+)+$' } } }
    expect(holdArguments({ id: `${'a'.repeat(40)}!` }, [slow])).toMatchObject({
      fits: undefined,
      what: expect.stringContaining('took longer than') as unknown,
    })
    expect(holdArguments({}, [{ allOf: [{ $ref: '#' }] }])).toMatchObject({ fits: undefined })
  })

  it('cannot say where there is no schema, or none that can be read', () => {
    expect(holdArguments({}, [])).toEqual({ fits: undefined, what: 'no schema of it is known' })
    expect(holdArguments({}, [{ type: 'dict' }])).toMatchObject({
      fits: undefined,
      what: expect.stringContaining('its schema cannot be read') as unknown,
    })
    expect(holdArguments({ id: 'x' }, [{ type: 'dict' }, text])).toEqual({ fits: true })
  })
})
