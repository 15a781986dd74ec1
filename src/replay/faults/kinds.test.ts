import { describe, expect, it } from 'vitest'
import { describeFault } from './fault.contract.ts'
import { faults } from './kinds/index.ts'
import { instruction } from './kinds/injected-instructions.ts'
import { readFault } from './schedule.ts'

for (const fault of faults) describeFault(fault)

describe('what tools bring with a fault', () => {
  const changed = (
    fault: string,
    response: Parameters<NonNullable<ReturnType<typeof readFault>['fault']['changes']>>[0]['response'],
  ) => readFault(fault).fault.changes?.({ response, isError: false })?.response

  it.each([
    ['truncated', '{"a":1,"b":2}', '{"a":1'],
    ['truncated', { a: 1 }, { thrown: { name: 'SyntaxError', message: 'Unexpected end of JSON input' } }],
    ['malformed', '{"a":1}', '{"a":1,,}'],
    ['malformed', 'words', undefined],
    ['wrong-schema', '{"a":1,"b":"x","c":[true]}', '{"b":["x"],"c":true}'],
    [
      'wrong-schema',
      { id: 'W12', lines: [{ sku: 'a', n: 2 }], usd: 18 },
      { lines: { sku: 'a', n: 2 }, usd: '18' },
    ],
    ['empty', [1], []],
    ['empty', { a: 1 }, {}],
    ['injected-instructions', { n: 1, text: 'sent' }, { n: 1, text: `sent\n\n${instruction}` }],
    ['injected-instructions', '{"n":1}', JSON.stringify({ n: 1, note: instruction })],
  ])('%s makes %j', (fault, response, expected) => {
    expect(changed(fault, response)).toEqual(expected)
  })

  it('leave nothing of an MCP result’s structured copy, which would say it again', () => {
    const mcp = {
      content: [{ type: 'text', text: '{"status":"sent"}' }],
      structuredContent: { status: 'sent' },
    }
    expect(changed('empty', mcp)).toEqual({ content: [] })
    expect(changed('truncated', mcp)).toEqual({ content: [{ type: 'text', text: '{"status' }] })
    expect(changed('wrong-schema', mcp)).toEqual({ content: [{ type: 'text', text: '{"status":["sent"]}' }] })
    expect(changed('injected-instructions', mcp)).toEqual({
      content: [
        { type: 'text', text: '{"status":"sent"}' },
        { type: 'text', text: instruction },
      ],
    })
  })
})
