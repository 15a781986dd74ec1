import { describe, expect, it } from 'vitest'
import type { Span } from './trace.ts'
import { sessionOf, userOf } from './trace-origin.ts'

const root = (attributes: Span['attributes']): Span => ({
  id: 's1',
  parent: null,
  name: 'agent',
  kind: 'agent',
  status: 'ok',
  ...(attributes === undefined ? {} : { attributes }),
})

describe('where a trace belongs', () => {
  it.each([
    [{ session: 'a', user: 'u', attributes: { 'session.id': 'b' }, spans: [] }, 'a', 'u'],
    [{ attributes: { 'session.id': 'b', 'enduser.id': 7 }, spans: [] }, 'b', '7'],
    [{ attributes: { 'gen_ai.conversation.id': 'c', 'user.id': '' }, spans: [] }, 'c', undefined],
    [{ attributes: {}, spans: [root({ 'langfuse.session.id': 'd' })] }, 'd', undefined],
    [{ attributes: {}, spans: [root(undefined), root({ 'session.id': 'x' })] }, undefined, undefined],
    [{ attributes: { 'session.id': ['x'], 'user.id': null }, spans: [] }, undefined, undefined],
  ] as const)('%j', (trace, session, user) => {
    expect(sessionOf(trace)).toBe(session)
    expect(userOf(trace)).toBe(user)
  })
})
