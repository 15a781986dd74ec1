import { describe, expect, it } from 'vitest'
import { effectOfName, knownTools, volatileOf } from './known-tools.ts'
import type { ToolsFile } from './tool.ts'

describe('knownTools', () => {
  const file: ToolsFile = {
    v: 1,
    tools: {
      pay: { effect: 'write', resource: ['/order'] },
      search: { volatile: ['arguments.at'] },
      open: { volatile: [], inputSchema: { type: 'object' } },
    },
  }
  const code = {
    facts: {
      effect: 'external',
      resource: ['/customer'],
      volatile: ['arguments.now'],
      idempotencyKey: 'arguments.key',
      risk: 'high',
    },
    inputSchema: { type: 'string' },
  } as const

  it('takes the word of the file before that of the code, fact by fact', () => {
    const known = knownTools(file, () => code)
    expect(known('pay')).toEqual({
      effect: 'write',
      resource: ['/order'],
      volatile: ['arguments.now'],
      volatileInCode: ['arguments.key', 'arguments.now'],
      idempotencyKey: 'arguments.key',
      risk: 'high',
      inputSchema: { type: 'string' },
      from: 'file',
    })
    expect(known('search')).toMatchObject({ effect: 'external', from: 'code', volatile: ['arguments.at'] })
    expect(known('search').volatileInCode).toEqual(['arguments.key'])
    expect(known('open')).toMatchObject({ volatile: [], inputSchema: { type: 'object' } })
    expect(known('other')).toMatchObject({ effect: 'external', from: 'code', resource: ['/customer'] })
  })

  it('guesses what nobody says, and says so', () => {
    const known = knownTools(file)
    expect(known('search')).toMatchObject({ effect: 'read', from: 'name' })
    expect(known('frobnicate')).toMatchObject({
      effect: 'write',
      from: 'name',
      volatile: [],
      volatileInCode: [],
    })
    expect(known('search')).toBe(known('search'))
  })

  it.each(['constructor', '__proto__', 'toString', ''])('knows nothing of "%s" by accident', (name) => {
    expect(knownTools(file)(name)).toMatchObject({ effect: 'write', from: 'name', inputSchema: undefined })
  })
})

describe('effectOfName', () => {
  it.each([
    'get_order',
    'getOrder',
    'GetOrder',
    'list',
    'search-flights',
    'shop.get_order',
    'mcp__shop__find_user_id_by_email',
    'shop/list_orders',
    'check_availability',
    'describe_coordinator',
  ])('takes %s for a read', (name) => {
    expect(effectOfName(name)).toBe('read')
  })

  it.each([
    'refund',
    'get_or_create_user',
    'getOrCreate',
    'fetchAndLock',
    'find-and-replace',
    'read_then_delete',
    'check_in',
    'checkOut',
    'checkout',
    'getaway',
    'query_database',
    'load_money',
    'update_get',
    'shop_get_order',
    'exec',
    '',
    '日本',
  ])('takes %s for a write', (name) => {
    expect(effectOfName(name)).toBe('write')
  })
})

it('names the tools of the file, and no others', () => {
  const known = knownTools({ v: 1, tools: { undo: { compensates: 'pay' } } })
  known('asked')
  expect(known.named).toEqual(['undo'])
  expect(knownTools().named).toEqual([])
})

it('counts an idempotency key among what is new in every run', () => {
  expect(volatileOf({ volatile: ['arguments.b', 'arguments.a'], idempotencyKey: 'arguments.a' })).toEqual([
    'arguments.a',
    'arguments.b',
  ])
  expect(volatileOf()).toEqual([])
})
