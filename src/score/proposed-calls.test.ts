import { describe, expect, it } from 'vitest'
import { callsIn, objectsIn, textsIn } from './proposed-calls.ts'

const call = { name: 'refund', arguments: { order: 'W12', usd: 20 } }

describe('calls that a question lists', () => {
  it.each([
    ['our own words', { tool: 'refund', arguments: call.arguments }],
    ['LangGraph', { action_requests: [{ name: 'refund', args: call.arguments }], review_configs: [] }],
    ['LangGraph, older', { action_request: { action: 'refund', args: call.arguments }, config: {} }],
    ['the Agents SDK', [{ name: 'refund', arguments: '{"order":"W12","usd":20}' }]],
    ['Claude', { tool_name: 'refund', input: call.arguments }],
    ['a call of Chat Completions', { function: { name: 'refund', arguments: '{"order":"W12","usd":20}' } }],
  ])('are found in the words of %s', (_, question) => {
    expect(callsIn(question)).toEqual([call])
  })

  it('are none without a name, without arguments, or with arguments that are no object', () => {
    expect(callsIn({ order: 'W12', usd: 20 })).toEqual([])
    expect(callsIn({ name: 'Mia', order: 'W12' })).toEqual([])
    expect(callsIn({ tool: 'refund', arguments: '{"order":' })).toEqual([])
    expect(callsIn({ tool: 'refund', arguments: 7 })).toEqual([])
  })

  it('are not looked for in the arguments of a call', () => {
    const outer = { tool: 'plan', arguments: { steps: [{ tool: 'refund', arguments: {} }] } }
    expect(callsIn(outer)).toEqual([{ name: 'plan', arguments: outer.arguments }])
  })
})

it('reads as much as anybody would', () => {
  const wide = Array.from({ length: 100_000 }, () => ({ a: 1 }))
  expect(objectsIn(wide).length).toBeLessThanOrEqual(100_000)
  let deep: object = {}
  for (let depth = 0; depth < 150; depth++) deep = { deep }
  expect(objectsIn(deep as never).length).toBeLessThan(20)
})

it('finds texts, and numbers where they are asked for', () => {
  const value = { a: 'x', b: [1, 'y'], c: { d: 2, e: ['z'] }, f: true }
  expect(textsIn(value)).toEqual(['x', 'y', 'z'])
  expect(textsIn(value, true).toSorted()).toEqual(['1', '2', 'x', 'y', 'z'])
  expect(textsIn('whole')).toEqual(['whole'])
})
