import { describe, expect, it } from 'vitest'
import { knownTools } from '../schema/known-tools.ts'
import { textMessage, toolMessage } from '../schema/message.ts'
import type { Span } from '../schema/trace.ts'
import { effectsIn, placedCalls } from './effects.ts'
import { type SketchedCall, subjectOf } from './subject.ts'

const known = knownTools({
  v: 1,
  tools: {
    pay: { effect: 'write', idempotencyKey: 'arguments.key' },
    mail: { effect: 'external' },
    see: { effect: 'read' },
  },
})

function effects(...calls: readonly SketchedCall[]) {
  return effectsIn(subjectOf({ calls }).outcome, known).map(({ call: { name }, done }) => `${name} ${done}`)
}

describe('effects', () => {
  it('are writes, and what acts where no tool reads', () => {
    expect(effects({ name: 'see' }, { name: 'pay' }, { name: 'mail' }, { name: 'anything' })).toEqual([
      'pay yes',
      'mail yes',
      'anything yes',
    ])
  })

  it('are none where the tool came back with an error', () => {
    expect(effects({ name: 'pay', isError: true, response: 'Error: card declined' })).toEqual([])
  })

  it.each(['Request timed out', 'ETIMEDOUT', { error: 'deadline exceeded' }, 'socket hang up'])(
    'may have been made after %j',
    (response) => {
      expect(effects({ name: 'pay', isError: true, response })).toEqual(['pay maybe'])
    },
  )

  it('are one under one key, and made if one of the tries was', () => {
    const call = (key: string, more: object = {}) => ({ name: 'pay', arguments: { usd: 1, key }, ...more })
    expect(effects(call('k1', { isError: true, response: 'timeout' }), call('k1'))).toEqual(['pay yes'])
    expect(effects(call('k1'), call('k2'))).toEqual(['pay yes', 'pay yes'])
    expect(effects(call('k1'), { name: 'pay', arguments: { usd: 2, key: 'k1' } })).toEqual([
      'pay yes',
      'pay yes',
    ])
  })

  it('may have been made where nothing came back', () => {
    const span = { parent: null, name: 'pay', kind: 'tool', request: { name: 'pay', arguments: {} } } as const
    const done = (status: 'ok' | 'error') =>
      placedCalls(subjectOf({ spans: [{ ...span, status }] }).outcome).map((call) => call.done)
    expect(done('ok')).toEqual(['maybe'])
    expect(done('error')).toEqual(['no'])
  })

  it('carry their arguments without what is new in every run', () => {
    const { outcome } = subjectOf({ calls: [{ name: 'pay', arguments: { usd: 1, key: 'k1' } }] })
    const [effect] = effectsIn(outcome, known)
    expect(effect).toMatchObject({ key: '"k1"', lasting: { arguments: { usd: 1 } } })
  })
})

describe('where no tool was tapped', () => {
  const asks = (...ids: readonly string[]): Omit<Extract<Span, { kind: 'llm' }>, 'id'> => ({
    kind: 'llm',
    parent: null,
    name: 'chat',
    status: 'ok',
    request: { messages: [] },
    reply: {
      message: {
        role: 'assistant',
        parts: ids.map((id) => ({ type: 'tool_call', id, name: 'pay', arguments: { id } })),
      },
    },
  })

  it('the model is shown what became of the calls it asked for', () => {
    const messages = [toolMessage('a', 'pay', 'paid', false), toolMessage('b', 'pay', 'no money', true)]
    const answered = { ...asks(), request: { messages: [textMessage('user', 'pay'), ...messages] } }
    const { outcome } = subjectOf({ spans: [asks('a', 'b', 'c'), answered] })
    expect(placedCalls(outcome).map(({ at, done, response }) => [at, done, response])).toEqual([
      [0, 'yes', 'paid'],
      [0, 'no', 'no money'],
      [0, 'maybe', undefined],
    ])
  })
})
