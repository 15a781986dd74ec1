import { describe, expect, it } from 'vitest'
import type { Json } from '../schema/json.ts'
import { knownTools } from '../schema/known-tools.ts'
import type { ToolsFile } from '../schema/tool.ts'
import { createState } from './state.ts'

const file: ToolsFile = {
  v: 1,
  tools: {
    get_order: { effect: 'read', resource: ['/order'] },
    cancel: { effect: 'write', resource: ['/order'] },
    move: { effect: 'write', resource: ['/from', '/to'] },
    reset: { effect: 'write' },
    mail: { effect: 'external' },
    add: { effect: 'pure' },
    list_orders: { effect: 'read' },
  },
}
const known = knownTools(file)

/** What was written, in order, then what a read of each order and of all stands on. */
function after(...done: readonly (readonly [tool: string, given: Json, isError?: boolean])[]) {
  const state = createState(known)
  for (const [tool, given, isError = false] of done)
    state.answered(tool, given, `${tool} ${JSON.stringify(given)}`, isError)
  const of = (order: Json): string => state.digestOf('get_order', { order })
  return { a: of('A'), b: of('B'), all: state.digestOf('list_orders', {}) }
}

const fresh = after()

describe('state', () => {
  it('is of the resource: a write to one order is none to another', () => {
    const { a, b, all } = after(['cancel', { order: 'A' }])
    expect(a).not.toBe(fresh.a)
    expect(b).toBe(fresh.b)
    expect(all).not.toBe(fresh.all)
  })

  it('is changed everywhere by a write that does not say what it touches, before and after', () => {
    const unscoped = after(['reset', {}])
    expect(unscoped.a).not.toBe(fresh.a)
    expect(unscoped.a).toBe(unscoped.b)
    const both = after(['reset', {}], ['cancel', { order: 'A' }])
    expect(both.b).toBe(unscoped.b)
    expect(both.a).not.toBe(after(['cancel', { order: 'A' }], ['reset', {}]).a)
    expect(after(['cancel', { order: 'A' }], ['reset', {}]).b).toBe(unscoped.b)
  })

  it('is changed by a write to several resources for each of them', () => {
    const { a, b } = after(['move', { from: 'A', to: 'B' }])
    expect(a).not.toBe(fresh.a)
    expect(b).not.toBe(fresh.b)
    expect(after(['move', { from: 'A', to: 'C' }]).b).toBe(fresh.b)
  })

  it('keeps the order of writes to one resource, and forgets that between two', () => {
    const one = after(['cancel', { order: 'A' }], ['move', { from: 'A', to: 'C' }])
    const other = after(['move', { from: 'A', to: 'C' }], ['cancel', { order: 'A' }])
    expect(one.a).not.toBe(other.a)
    const ab = after(['cancel', { order: 'A' }], ['cancel', { order: 'B' }])
    const ba = after(['cancel', { order: 'B' }], ['cancel', { order: 'A' }])
    expect([ab.a, ab.b]).toEqual([ba.a, ba.b])
    expect(ab.all).not.toBe(ba.all)
  })

  it.each([
    ['a write that failed', 'cancel', true],
    ['a read', 'get_order', false],
    ['a pure tool', 'add', false],
    ['what touches the world outside', 'mail', false],
  ] as const)('is not changed by %s', (_, tool, isError) => {
    expect(after([tool, { order: 'A' }, isError])).toEqual(fresh)
  })

  it('is changed by a tool nobody knows', () => {
    expect(after(['frobnicate', {}]).a).not.toBe(fresh.a)
  })

  it('counts a write each time', () => {
    const once = after(['cancel', { order: 'A' }])
    expect(after(['cancel', { order: 'A' }], ['cancel', { order: 'A' }]).a).not.toBe(once.a)
  })
})
