import { describe, expect, it } from 'vitest'
import type { LlmRequest } from '../schema/call.ts'
import type { Span } from '../schema/trace.ts'
import { callsAsked, offeredTools } from './asked-calls.ts'
import { subjectOf } from './subject.ts'

type LlmSpan = Omit<Extract<Span, { kind: 'llm' }>, 'id'>

function asks(tools: LlmRequest['tools'], ...names: readonly string[]): LlmSpan {
  const parts = names.map((name) => ({ type: 'tool_call', id: 'c', name, arguments: {} }) as const)
  return {
    parent: null,
    name: 'chat',
    status: 'ok',
    kind: 'llm',
    request: { messages: [], ...(tools === undefined ? {} : { tools }) },
    reply: { message: { role: 'assistant', parts } },
  }
}

describe('callsAsked', () => {
  it('are those of the models, also where no tool ran', () => {
    const { outcome } = subjectOf({ spans: [asks([], 'search', 'serch')], calls: [{ name: 'search' }] })
    expect(callsAsked(outcome).map(({ name }) => name)).toEqual(['search', 'serch'])
  })

  it('are those that were made where no model asked for any', () => {
    const { outcome } = subjectOf({ calls: [{ name: 'search' }], says: ['Done.'] })
    expect(callsAsked(outcome).map(({ name }) => name)).toEqual(['search'])
  })

  it('are not those of a simulated user', () => {
    const { outcome } = subjectOf({ spans: [{ ...asks([], 'hang_up'), by: 'user' }] })
    expect(callsAsked(outcome)).toEqual([])
  })
})

describe('offeredTools', () => {
  const string = { type: 'object', properties: { id: { type: 'string' } } }
  const number = { type: 'object', properties: { id: { type: 'number' } } }

  it('are those of all requests, with each schema once', () => {
    const subject = subjectOf({
      spans: [
        asks([{ name: 'get', inputSchema: string }]),
        asks([{ name: 'get', inputSchema: { ...string } }, { name: 'put' }]),
        asks([{ name: 'get', inputSchema: number }]),
      ],
    })
    const offered = offeredTools(subject)
    expect(offered.told).toBe(true)
    expect(['get', 'put', 'drop', 'constructor'].filter((name) => offered.has(name))).toEqual(['get', 'put'])
    expect(offered.schemasOf('get')).toEqual([string, number])
  })

  it('have the schema that is known of them where the model was told none', () => {
    const subject = subjectOf({ spans: [asks([{ name: 'put' }])], tools: { put: { inputSchema: string } } })
    expect(offeredTools(subject).schemasOf('put')).toEqual([string])
    expect(offeredTools(subject).schemasOf('get')).toEqual([])
  })

  it('are not known where no request tells them', () => {
    expect(offeredTools(subjectOf({ spans: [asks(undefined)] })).told).toBe(false)
  })
})
