import { describe, expect, it } from 'vitest'
import type { Call, Provenance, ToolReply } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import { knownTools } from '../schema/known-tools.ts'
import { defaultNormalizers, type Normalizers } from '../schema/normalizers.ts'
import { asks, recordingWith, used } from '../schema/testing/recordings.ts'
import type { ToolDefinition, ToolsFile } from '../schema/tool.ts'
import { type LadderSettings, toolLadder } from './tool-ladder.ts'

const tools: ToolsFile['tools'] = {
  get: { effect: 'read' },
  get_order: { effect: 'read', resource: ['/order'] },
  put: { effect: 'write' },
  pay: { effect: 'write', resource: ['/order'], idempotencyKey: 'arguments.key' },
  create: { effect: 'write', resource: ['/order'] },
  mail: { effect: 'external' },
  add: { effect: 'pure' },
}
const known = knownTools({ v: 1, tools })
const get = (status: string, given: Json = { id: 1 }): Call => used('get', given, status)
const put = (status: string, given: Json = { id: 1 }): Call => used('put', given, status)
const failed = (call: Call): Call =>
  call.kind === 'tool' ? { ...call, reply: { ...call.reply, isError: true } } : call

/** A ladder over these calls, asked in turn; each answer as `provenance: reply`. */
function asking(calls: readonly Call[], more: Partial<LadderSettings> = {}) {
  const ladder = toolLadder(recordingWith(calls), { known, normalizers: defaultNormalizers, ...more })
  let step = 0
  function ask(name: string, given: Json = { id: 1 }): string {
    const found = ladder.own(++step, { name, arguments: given })
    return found === undefined ? 'nothing' : `${found.served}: ${JSON.stringify(found.call.reply.response)}`
  }
  return { ladder, ask }
}

describe('rungs', () => {
  it('are asked in their order: exact, normalized, repeat-read, stale-state', () => {
    const { ask } = asking([get('first', { id: 1, more: '[2]' }), get('second', { id: 1, more: [2] })])
    expect(ask('get', { id: 1, more: [2] })).toBe('exact: "second"')
    expect(ask('get', { id: 1, more: [2] })).toBe('normalized: "first"')
    expect(ask('get', { id: 1, more: [2] })).toBe('repeat-read: "second"')
    expect(ask('put')).toBe('nothing')
    const { ladder, ask: again } = asking([get('first')])
    ladder.answered({ name: 'put', arguments: {} }, { response: 'ok', isError: false })
    expect(again('get')).toBe('stale-state: "first"')
  })

  it('serve repeats in recorded order, then the last again', () => {
    const { ask } = asking([get('queued'), get('running'), get('done')])
    expect([1, 2, 3, 4, 5].map(() => ask('get'))).toEqual([
      'exact: "queued"',
      'exact: "running"',
      'exact: "done"',
      'repeat-read: "done"',
      'repeat-read: "done"',
    ])
  })

  it('serve what was read in the same state, whatever the order', () => {
    const calls = [get('packed'), put('cancelled'), get('gone')]
    const { ask } = asking(calls)
    expect([ask('put'), ask('get'), ask('get')]).toEqual([
      'exact: "cancelled"',
      'exact: "gone"',
      'repeat-read: "gone"',
    ])
    const { ask: strict } = asking(calls, { strict: true })
    expect([strict('get'), strict('get'), strict('put'), strict('get')]).toEqual([
      'exact: "packed"',
      'repeat-read: "packed"',
      'exact: "cancelled"',
      'exact: "gone"',
    ])
  })

  it('say of a read after other writes that it is stale, and say nothing at all when strict', () => {
    const calls = [get('packed'), put('ok')]
    const one = asking(calls)
    expect([one.ask('put'), one.ask('get')]).toEqual(['exact: "ok"', 'stale-state: "packed"'])
    const strict = asking(calls, { strict: true })
    expect([strict.ask('put'), strict.ask('get')]).toEqual(['exact: "ok"', 'nothing'])
  })

  it('keep for its own state what was lent to another', () => {
    const { ask } = asking([put('ok'), get('one'), get('two')])
    expect([ask('get'), ask('get'), ask('get')]).toEqual([
      'stale-state: "one"',
      'stale-state: "two"',
      'stale-state: "two"',
    ])
    expect([ask('put'), ask('get'), ask('get'), ask('get')]).toEqual([
      'exact: "ok"',
      'exact: "one"',
      'exact: "two"',
      'repeat-read: "two"',
    ])
  })

  it('do not take a write to another order for one that matters', () => {
    const order = (id: string, status: string): Call => used('get_order', { order: id }, status)
    const cancel = used('create', { order: 'B' }, 'ok')
    const { ask } = asking([order('A', 'packed'), cancel, order('B', 'gone')])
    expect(ask('create', { order: 'B' })).toBe('exact: "ok"')
    expect(ask('get_order', { order: 'A' })).toBe('exact: "packed"')
    expect(ask('get_order', { order: 'B' })).toBe('exact: "gone"')
  })
})

describe('a write', () => {
  it.each(['put', 'mail', 'frobnicate'])('%s is served as often as it was recorded', (name) => {
    const { ask } = asking([used(name, {}, 'ok')])
    expect([ask(name, {}), ask(name, {})]).toEqual(['exact: "ok"', 'nothing'])
  })

  it.each(['put', 'mail', 'frobnicate'])('%s is not served after other writes than recorded', (name) => {
    const { ladder, ask } = asking([used(name, {}, 'ok')])
    ladder.answered({ name: 'create', arguments: {} }, { response: 'ok', isError: false })
    expect(ask(name, {})).toBe('nothing')
  })

  it('that failed changed nothing, and is tried again as it was', () => {
    const { ask } = asking([failed(put('busy')), put('ok'), get('new')])
    expect([ask('put'), ask('put'), ask('get')]).toEqual(['exact: "busy"', 'exact: "ok"', 'exact: "new"'])
    const early = asking([failed(put('busy')), get('old'), put('ok')])
    expect([early.ask('get'), early.ask('put'), early.ask('get')]).toEqual([
      'exact: "old"',
      'exact: "busy"',
      'repeat-read: "old"',
    ])
  })

  it('that the recording did not make counts from then on; a read that it did not make does not', () => {
    const { ladder, ask } = asking([get('old')])
    const ok: ToolReply = { response: 'ok', isError: false }
    ladder.answered({ name: 'get', arguments: { id: 2 } }, ok)
    ladder.answered({ name: 'put', arguments: {} }, { ...ok, isError: true })
    expect(ask('get')).toBe('exact: "old"')
    ladder.answered({ name: 'put', arguments: {} }, ok)
    expect(ask('get')).toBe('stale-state: "old"')
  })
})

it('serves a pure tool in any state, and again', () => {
  const { ask } = asking([put('ok'), used('add', [1, 2], 3)])
  expect([ask('add', [1, 2]), ask('add', [1, 2]), ask('put'), ask('add', [1, 2])]).toEqual([
    'exact: 3',
    'repeat-read: 3',
    'exact: "ok"',
    'repeat-read: 3',
  ])
})

describe('values that are new in every run', () => {
  const volatile = (paths: Normalizers['volatile']): Normalizers => ({
    ...defaultNormalizers,
    volatile: paths,
  })
  const created = (id: string): Call => used('create', { order: id }, { created: id })
  const read = (id: string, status: string): Call => used('get_order', { order: id }, `${id} is ${status}`)
  const orders = { normalizers: volatile({ create: ['arguments.order'] }) }

  it('are bound, and stand in results and in later arguments', () => {
    const { ladder, ask } = asking([created('order-1111'), read('order-1111', 'packed')], orders)
    const found = ladder.own(1, { name: 'create', arguments: { order: 'order-9999' } })
    expect(found).toMatchObject({ served: 'normalized', normalizers: ['volatile'], step: 1 })
    expect(found?.call.reply.response).toEqual({ created: 'order-9999' })
    expect(ask('get_order', { order: 'order-9999' })).toBe('normalized: "order-9999 is packed"')
  })

  it('are the resource that was written, under both names', () => {
    const calls = [created('order-1111'), read('order-1111', 'packed'), created('order-2222')]
    const { ask } = asking(calls, orders)
    expect(ask('create', { order: 'order-8888' })).toContain('normalized')
    expect(ask('create', { order: 'order-9999' })).toContain('normalized')
    expect(ask('get_order', { order: 'order-8888' })).toBe('normalized: "order-8888 is packed"')
    const early = asking([read('order-1111', 'nowhere'), created('order-1111')], orders)
    expect(early.ask('create', { order: 'order-9999' })).toContain('normalized')
    expect(early.ask('get_order', { order: 'order-9999' })).toBe('stale-state: "order-9999 is nowhere"')
  })

  it('are not taken for the recorded value of the same name', () => {
    const calls = [created('order-1001'), read('order-1001', 'one'), read('order-1002', 'two')]
    const { ask } = asking(calls, orders)
    // Counted up from elsewhere: this run's 1002 is the recording's 1001.
    ask('create', { order: 'order-1002' })
    expect(ask('get_order', { order: 'order-1002' })).toBe('normalized: "order-1002 is one"')
    expect(ask('get_order', { order: 'order-1002' })).toBe('repeat-read: "order-1002 is one"')
  })

  it('must be the same twice where they were, and not where they were not', () => {
    const twice = asking([used('put', { id: 'key-aa' }, 1), used('put', { id: 'key-aa' }, 2)], {
      normalizers: volatile({ put: ['arguments.id'] }),
    })
    expect(twice.ask('put', { id: 'key-xx' })).toBe('normalized: 1')
    expect(twice.ask('put', { id: 'key-yy' })).toBe('nothing')
    expect(twice.ladder.near({ name: 'put', arguments: { id: 'key-yy' } })[1]?.differences).toEqual([
      { path: 'arguments.id', expected: 'key-xx', got: 'key-yy' },
    ])
    expect(twice.ask('put', { id: 'key-xx' })).toBe('normalized: 2')
  })

  it('are held to what they were even where they happened to be the same', () => {
    const { ask } = asking([used('put', { id: 'key-aa' }, 1), used('put', { id: 'key-aa' }, 2)], {
      normalizers: volatile({ put: ['arguments.id'] }),
    })
    expect(ask('put', { id: 'key-aa' })).toBe('exact: 1')
    expect(ask('put', { id: 'key-bb' })).toBe('nothing')
  })

  it('are those the code tells, too: they go with the code', () => {
    const inCode = () => ({ facts: { effect: 'write', idempotencyKey: 'arguments.key' } }) as const
    const calls = [used('send', { key: 'k-recorded', to: 'ann' }, 'sent as k-recorded')]
    const { ask } = asking(calls, { known: knownTools(undefined, inCode) })
    expect(ask('send', { key: 'k-today-1', to: 'ann' })).toBe('normalized: "sent as k-today-1"')
  })
})

describe('schemas', () => {
  const city = { name: 'get', inputSchema: { properties: { n: { type: 'integer' } } } }
  const told = (tool: ToolDefinition): Call => ({
    kind: 'llm',
    request: { messages: [], tools: [tool] },
    reply: asks([]),
  })

  it('are those the model was told, where nobody says another', () => {
    const { ask } = asking([told(city), get('one', { n: 10 })])
    expect(ask('get', { n: '10' })).toBe('normalized: "one"')
    expect(asking([get('one', { n: 10 })]).ask('get', { n: '10' })).toBe('nothing')
  })

  it('are first those of evals/tools.json', () => {
    const gained = { properties: { n: { type: 'integer' }, page: { default: 1 } } }
    const now = knownTools({ v: 1, tools: { get: { effect: 'read', inputSchema: gained } } })
    expect(asking([told(city), get('one', { n: 10 })], { known: now }).ask('get', { n: 10, page: 1 })).toBe(
      'normalized: "one"',
    )
  })
})

describe('the pool', () => {
  const definition = (description: string): Call => ({
    kind: 'llm',
    request: { messages: [], tools: [{ name: 'get', description }] },
    reply: asks([]),
  })
  function pooled(
    own: readonly Call[],
    pool: readonly (readonly Call[])[],
    more: Partial<LadderSettings> = {},
  ) {
    const others = pool.map((calls, at) => recordingWith(calls, { trace: `t_${at}` }))
    const { ladder } = asking(own, { pool: others, ...more })
    return (
      name: string,
      given: Json = { id: 1 },
    ): readonly [Provenance, string | undefined, Json] | undefined => {
      const found = ladder.own(1, { name, arguments: given }) ?? ladder.pooled(1, { name, arguments: given })
      return found && [found.served, found.from, found.call.reply.response]
    }
  }

  it('is asked in order, and named', () => {
    const ask = pooled(
      [get('mine')],
      [[get('first', { id: 2 })], [get('second', { id: 2 }), get('third', { id: 3 })]],
    )
    expect(ask('get')).toEqual(['exact', undefined, 'mine'])
    expect(ask('get', { id: 2 })).toEqual(['pooled', 't_0', 'first'])
    expect(ask('get', { id: 3 })).toEqual(['pooled', 't_1', 'third'])
    expect(ask('get', { id: 4 })).toBeUndefined()
  })

  it('is not asked for another version of the tool', () => {
    const other = [definition('new'), get('new', { id: 2 })]
    expect(pooled([definition('old')], [other])('get', { id: 2 })).toBeUndefined()
    expect(pooled([definition('new')], [other])('get', { id: 2 })).toEqual(['pooled', 't_0', 'new'])
    expect(pooled([], [other])('get', { id: 2 })).toEqual(['pooled', 't_0', 'new'])
  })

  it('says of what is stale there that it is stale, and nothing when strict', () => {
    const pool = [[get('two', { id: 2 })]]
    const one = pooled([put('ok')], pool)
    expect([one('put'), one('get', { id: 2 })]).toEqual([
      ['exact', undefined, 'ok'],
      ['stale-state', 't_0', 'two'],
    ])
    const strict = pooled([put('ok')], pool, { strict: true })
    expect([strict('put'), strict('get', { id: 2 })]).toEqual([['exact', undefined, 'ok'], undefined])
  })

  it('knows what was written from the recording, and the recording what was written from the pool', () => {
    const ask = pooled([put('ok'), get('mine, after')], [[put('ok'), get('theirs, after', { id: 2 })]])
    expect([ask('put'), ask('get', { id: 2 })]).toEqual([
      ['exact', undefined, 'ok'],
      ['pooled', 't_0', 'theirs, after'],
    ])
    const back = pooled([get('mine, before')], [[put('ok', { id: 7 })]])
    expect([back('put', { id: 7 }), back('get')]).toEqual([
      ['pooled', 't_0', 'ok'],
      ['stale-state', undefined, 'mine, before'],
    ])
  })

  it('has other ids: what is new in every run is bound to each recording by itself', () => {
    const normalizers = { ...defaultNormalizers, volatile: { create: ['arguments.order'] } }
    const created = (id: string): Call => used('create', { order: id }, { created: id })
    const ask = pooled(
      [get('mine')],
      [[created('order-1111'), used('get', { of: 'order-1111' }, 'of order-1111')]],
      {
        normalizers,
      },
    )
    expect(ask('create', { order: 'order-9999' })).toEqual(['pooled', 't_0', { created: 'order-9999' }])
    expect(ask('get', { of: 'order-9999' })).toEqual(['pooled', 't_0', 'of order-9999'])
  })
})
