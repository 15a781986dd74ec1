import { describe, expect, it } from 'vitest'
import type { Json } from './json.ts'
import { knownTools } from './known-tools.ts'
import { touchedBy } from './touched.ts'

const known = knownTools()

describe('touchedBy', () => {
  it.each([
    [['/order'], { order: 'A' }, ['A']],
    [['/order'], { order: 10 }, ['10']],
    [['/order'], { order: '10' }, ['10']],
    [['/orders'], { orders: ['B', 'A', 'B'] }, ['A', 'B']],
    [['/line/id', '/user'], { line: { id: 'l' }, user: 'u' }, ['l', 'u']],
    [['/line/id', '/user'], { user: 'u' }, ['u']],
    [['/key'], { key: { b: 1, a: 2 } }, ['{"a":2,"b":1}']],
    [['/a~1b'], { 'a/b': 'x' }, ['x']],
  ])('%j finds in %j the resources %j', (resource, given, touched) => {
    expect(touchedBy({ ...known('cancel'), resource }, given as Json)).toEqual(touched)
  })

  it.each([
    ['no pointers', undefined, { order: 'A' }],
    ['nothing found', ['/order'], { id: 'A' }],
    ['null', ['/order'], { order: null }],
    ['an empty list', ['/orders'], { orders: [] }],
    ['a text', ['/order'], 'A'],
    ['what every object inherits', ['/constructor'], {}],
  ])('may be anything with %s', (_, resource, given) => {
    expect(touchedBy({ ...known('cancel'), resource }, given as Json)).toBeUndefined()
  })
})
