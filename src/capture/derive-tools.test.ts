import { describe, expect, it } from 'vitest'
import type { Json } from '../schema/json.ts'
import { type Message, textMessage, toolMessage } from '../schema/message.ts'
import type { Span, SpanOf } from '../schema/trace.ts'
import { deriveTools } from './derive-tools.ts'

type Call = readonly [id: string, name: string, given: Json]

const question = textMessage('user', 'Is W12 paid, and where is it?')

function asks(...calls: readonly Call[]): Message {
  return {
    role: 'assistant',
    parts: calls.map(([id, name, given]) => ({ type: 'tool_call', id, name, arguments: given })),
  }
}

function shows(id: string, response: Json, isError = false): Message {
  return toolMessage(id, '', response, isError)
}

function model(id: string, messages: readonly Message[], message?: Message): SpanOf<'llm'> {
  return {
    id,
    parent: 's1',
    kind: 'llm',
    name: 'llm',
    status: 'ok',
    request: { messages },
    ...(message === undefined ? {} : { reply: { message } }),
  }
}

function tool(id: string, name: string, given: Json, callId?: string): SpanOf<'tool'> {
  return {
    id,
    parent: 's1',
    kind: 'tool',
    name,
    status: 'ok',
    request: { name, arguments: given, ...(callId === undefined ? {} : { id: callId }) },
    reply: { response: 'tapped', isError: false },
  }
}

/** What was derived: place, id of the call, name, arguments, result. */
function derivedIn(spans: readonly Span[]): readonly unknown[] {
  return deriveTools(spans).flatMap((span, at) =>
    span.kind === 'tool' && span.attributes?.['evalkit.derived'] === true
      ? [[at, span.request.id, span.request.name, span.request.arguments, span.reply?.response]]
      : [],
  )
}

const done = textMessage('assistant', 'It is paid, and on its way.')

describe('tools that ran where nothing recorded them', () => {
  it('stand between the reply that asked and the request that shows the result, in call order', () => {
    const asked = asks(['c1', 'get_order', { id: 'W12' }], ['c2', 'track', { id: 'W12' }])
    // Results may come in any order.
    const history = [question, asked, shows('c2', 'Berlin', true), shows('c1', { paid: true })]
    const spans = deriveTools([model('s2', [question], asked), model('s3', history, done)])
    expect(spans.map(({ id, parent, kind, status }) => [id, parent, kind, status])).toEqual([
      ['s2', 's1', 'llm', 'ok'],
      ['s2.1', 's1', 'tool', 'ok'],
      ['s2.2', 's1', 'tool', 'error'],
      ['s3', 's1', 'llm', 'ok'],
    ])
    expect(spans[1]).toEqual({
      id: 's2.1',
      parent: 's1',
      kind: 'tool',
      name: 'get_order',
      status: 'ok',
      attributes: { 'evalkit.derived': true },
      request: { name: 'get_order', arguments: { id: 'W12' }, id: 'c1' },
      reply: { response: { paid: true }, isError: false },
    })
    expect(spans[2]).toMatchObject({ reply: { response: 'Berlin', isError: true } })
  })

  it('are derived once, however often the conversation repeats them', () => {
    const first = asks(['c1', 'get_order', { id: 'W12' }])
    const second = asks(['c2', 'track', { id: 'W12' }])
    const one = [question, first, shows('c1', 'paid')]
    const two = [...one, second, shows('c2', 'Berlin')]
    const spans = [model('s2', [question], first), model('s3', one, second), model('s4', two, done)]
    expect(derivedIn([...spans, model('s5', [...two, done, question], done)])).toEqual([
      [1, 'c1', 'get_order', { id: 'W12' }, 'paid'],
      [3, 'c2', 'track', { id: 'W12' }, 'Berlin'],
    ])
  })

  it('are paired by id and order where ids are used again', () => {
    const ask = (city: string): Message => asks(['call', 'weather', { city }])
    const one = [question, ask('Bonn'), shows('call', 'rain')]
    const two = [...one, ask('Rome'), shows('call', 'sun')]
    const spans = [
      model('s2', [question], ask('Bonn')),
      model('s3', one, ask('Rome')),
      model('s4', two, done),
    ]
    expect(derivedIn(spans)).toEqual([
      [1, 'call', 'weather', { city: 'Bonn' }, 'rain'],
      [3, 'call', 'weather', { city: 'Rome' }, 'sun'],
    ])
  })

  it('are paired by what they were given where the model gave no id', () => {
    const asked = asks(['', 'now', {}], ['', 'now', {}], ['', 'weather', { city: 'Bonn' }])
    const named = asks(['x1', 'now', {}], ['x2', 'now', {}], ['x3', 'weather', { city: 'Bonn' }])
    const results = [shows('x1', 'noon'), shows('x2', 'later'), shows('x3', 'rain')]
    const history = [question, named, ...results]
    const spans = [model('s2', [question], asked), model('s3', history, done), model('s4', history, done)]
    expect(derivedIn(spans)).toEqual([
      [1, 'x1', 'now', {}, 'noon'],
      [2, 'x2', 'now', {}, 'later'],
      [3, 'x3', 'weather', { city: 'Bonn' }, 'rain'],
    ])
  })

  it('are paired by order where nobody gives ids at all', () => {
    const asked = asks(['', 'now', {}], ['', 'now', {}])
    const history = [question, asked, shows('', 'noon'), shows('', 'later')]
    const spans = [model('s2', [question], asked), model('s3', history, done), model('s4', history, done)]
    expect(derivedIn(spans)).toEqual([
      [1, '', 'now', {}, 'noon'],
      [2, '', 'now', {}, 'later'],
    ])
  })

  it('are not what was said before the run began', () => {
    const before = [question, asks(['x1', 'now', {}]), shows('x1', 'yesterday'), question]
    const asked = asks(['', 'now', {}])
    const history = [...before, asks(['x2', 'now', {}]), shows('x2', 'noon')]
    const spans = [model('s2', before, asked), model('s3', history, done)]
    expect(derivedIn(spans)).toEqual([[1, 'x2', 'now', {}, 'noon']])
  })

  it('are not there where no request shows a result', () => {
    const spans = [model('s2', [question], asks(['c1', 'track', {}])), model('s3', [question], done)]
    expect(deriveTools(spans)).toBe(spans)
  })

  it.each([
    ['id', tool('s3', 'get_order', { id: 'W12', currency: 'EUR' }, 'c1')],
    ['name and arguments, in any order of keys', tool('s3', 'get_order', { at: 1, id: 'W12' })],
    ['name', tool('s3', 'get_order', { id: 'W12', at: 1, currency: 'EUR' })],
  ])('are left to the tap that met them, known by %s', (_, tapped) => {
    const asked = asks(['c1', 'get_order', { id: 'W12', at: 1 }])
    const spans = [model('s2', [question], asked), tapped, model('s4', [question, asked, shows('c1', 'x')])]
    expect(deriveTools(spans)).toBe(spans)
  })

  it('are derived where a tap met only some of them', () => {
    const asked = asks(['c1', 'track', { id: 1 }], ['c2', 'track', { id: 2 }])
    const history = [question, asked, shows('c1', 'one'), shows('c2', 'two')]
    const spans = [model('s2', [question], asked), tool('s3', 'track', { id: 2 }), model('s4', history)]
    expect(derivedIn(spans)).toEqual([[1, 'c1', 'track', { id: 1 }, 'one']])
  })

  it('are none where a tap would have met them: the agent itself answered', () => {
    const asked = asks(['c1', 'refund', {}])
    const spans = [model('s2', [question], asked), model('s3', [question, asked, shows('c1', 'declined')])]
    expect(deriveTools(spans, new Set(['refund']))).toBe(spans)
  })

  it('never take an id that is taken', () => {
    const asked = asks(['c1', 'track', {}])
    const spans = [model('s2', [question], asked), model('s2.1', [question, asked, shows('c1', 'x')])]
    expect(new Set(deriveTools(spans).map(({ id }) => id)).size).toBe(3)
  })

  it('cost a walk over the spans, not over their square', () => {
    const calls = Array.from({ length: 2_000 }, (_, at): Call => [`c${at}`, 'track', { at }])
    const asked = asks(...calls)
    const history = [question, asked, ...calls.map(([id]) => shows(id, id))]
    const spans = [
      model('s2', [question], asked),
      ...Array.from({ length: 50 }, (_, at) => model(`m${at}`, history)),
    ]
    expect(derivedIn(spans)).toHaveLength(2_000)
  })
})
