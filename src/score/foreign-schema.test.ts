import { describe, expect, it } from 'vitest'
import type { Json } from '../schema/json.ts'
import { compileSchema } from './foreign-schema.ts'
import { jsonSchema } from './checks/index.ts'
import { score } from './score.ts'
import { subjectOf } from './subject.ts'

function problems(schema: Readonly<Record<string, unknown>>, value: Json) {
  const compiled = compileSchema(schema)
  return compiled.ok ? compiled.validate(value) : compiled.what
}

describe('compileSchema', () => {
  it('reads each draft by its own rules', () => {
    const pair = [{ type: 'string' }, { type: 'number' }]
    const draft07 = { $schema: 'http://json-schema.org/draft-07/schema#', items: pair }
    const draft2020 = { $schema: 'https://json-schema.org/draft/2020-12/schema', prefixItems: pair }
    for (const schema of [draft07, draft2020]) {
      expect(problems(schema, ['a', 1])).toEqual([])
      expect(problems(schema, ['a', 'b'])).toEqual([{ path: '[1]', what: 'must be number' }])
    }
    expect(problems({ items: pair }, [])).toContain('items')
  })

  // Each asks for a number above 0, in words that only its draft (or none before it) knows.
  it.each([
    ['http://json-schema.org/draft-04/schema#', { exclusiveMinimum: true, minimum: 0 }],
    ['http://json-schema.org/draft-06/schema#', { exclusiveMinimum: 0 }],
    ['http://json-schema.org/draft-07/schema#', { if: { maximum: 0 }, else: true, exclusiveMinimum: 0 }],
    [
      'https://json-schema.org/draft/2019-09/schema',
      { $ref: '#/$defs/one', $defs: { one: { exclusiveMinimum: 0 } } },
    ],
    ['https://json-schema.org/draft/2020-12/schema', { exclusiveMinimum: 0 }],
  ])('reads %s', (draft, keywords) => {
    const schema = { $schema: draft, ...keywords }
    expect(problems(schema, 1)).toEqual([])
    expect(problems(schema, 0)).toEqual([{ path: '', what: 'must be > 0' }])
  })

  it('refuses keywords that came after its draft, and drafts nobody reads', () => {
    const draft06 = 'http://json-schema.org/draft-06/schema#'
    expect(problems({ $schema: draft06, if: {}, else: false }, 1)).toContain('unknown keyword: "if"')
    const draft04 = 'http://json-schema.org/draft-04/schema'
    expect(problems({ $schema: draft04, exclusiveMinimum: 0 }, 1)).toContain('must be boolean')
    expect(problems({ $schema: 'http://json-schema.org/draft-03/schema#' }, 1)).toContain('draft-03')
    expect(problems({ $schema: 'https://example.com/mine' }, 1)).toContain('https://example.com/mine')
    expect(problems({ $schema: 'http://json-schema.org/constructor' }, 1)).toContain('its draft')
  })

  it('writes places as all our paths are written', () => {
    const schema = {
      type: 'object',
      properties: { 'a/b~c': { type: 'array', items: { type: 'object', additionalProperties: false } } },
    }
    expect(problems(schema, { 'a/b~c': [{}, { x: 1 }] })).toEqual([
      { path: '["a/b~c"][1]', what: 'must NOT have additional properties: "x"' },
    ])
  })

  it('knows formats, and refuses those it does not know', () => {
    expect(problems({ type: 'string', format: 'date' }, '2026-02-30')).toHaveLength(1)
    expect(problems({ type: 'string', format: 'date' }, '2026-02-28')).toEqual([])
    expect(problems({ type: 'string', format: 'airport' }, 'JFK')).toContain('unknown format "airport"')
  })

  it('follows references within the schema, also to itself', () => {
    const schema = {
      $defs: {
        node: { type: 'object', properties: { next: { $ref: '#/$defs/node' }, id: { type: 'integer' } } },
      },
      $ref: '#/$defs/node',
    }
    expect(problems(schema, { next: { next: { id: 'x' } } })).toEqual([
      { path: 'next.next.id', what: 'must be integer' },
    ])
  })

  it('overlooks what it does not know where the schema is somebody else’s', () => {
    const schema = { type: 'string', format: 'airport', 'x-order': 1 }
    expect(problems(schema, 'JFK')).toEqual(expect.any(String))
    const compiled = compileSchema(schema, 'lenient')
    expect(compiled.ok && compiled.validate('JFK')).toEqual([])
    expect(compiled.ok && compiled.validate(1)).toEqual([{ path: '', what: 'must be string' }])
  })

  it('does not mind annotations of other tools', () => {
    expect(problems({ type: 'string', example: 'JFK' }, 'SEA')).toEqual([])
  })
})

describe('jsonSchema', () => {
  it('judges text as text where it is told to', async () => {
    const subject = subjectOf({ output: '42' })
    const asText = jsonSchema({ schema: { type: 'string' }, parse: false })
    const asJson = jsonSchema({ schema: { type: 'string' } })
    expect(await score(subject, [asText, asJson])).toMatchObject([{ passed: true }, { passed: false }])
  })

  it('fails where there is no output', async () => {
    expect(await score(subjectOf({}), [jsonSchema({ schema: {} })])).toMatchObject([
      { passed: false, reason: 'there is no output' },
    ])
  })
})
