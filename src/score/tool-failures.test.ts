import { describe, expect, it } from 'vitest'
import type { Json } from '../schema/json.ts'
import type { SpanOf } from '../schema/trace.ts'
import { callIdentity, exchangeIdentity, hasFailed, isEmptyResult } from './tool-failures.ts'

function span(response: Json | undefined, change: Partial<SpanOf<'tool'>> = {}): SpanOf<'tool'> {
  return {
    id: 's1',
    parent: null,
    kind: 'tool',
    name: 'search',
    status: 'ok',
    request: { name: 'search', arguments: { b: 1, a: 2 } },
    ...(response === undefined ? {} : { reply: { response, isError: false } }),
    ...change,
  }
}

describe('a call that failed', () => {
  it.each<Json>([
    'Error: user not found',
    '  "Exception: no connection',
    'Traceback (most recent call last)',
    { error: 'no stock' },
    { error: { code: 5 } },
    { success: false },
    { ok: false },
    { isError: true },
  ])('says so in %j', (response) => {
    expect(hasFailed(span(response))).toBe(true)
  })

  it.each<Json>([
    'Errors and omissions insurance',
    'No error.',
    { error: null, order: 'W1' },
    { error: '' },
    { errors: [] },
    { ok: true },
    ['Error'],
    7,
    null,
  ])('is not seen in %j', (response) => {
    expect(hasFailed(span(response))).toBe(false)
  })

  it('is marked by its span or its reply', () => {
    expect(hasFailed(span(undefined, { status: 'error' }))).toBe(true)
    expect(hasFailed(span('x', { reply: { response: 'x', isError: true } }))).toBe(true)
    expect(hasFailed(span(undefined))).toBe(false)
  })
})

describe('an empty result', () => {
  it.each<Json>([
    null,
    '',
    ' ',
    '[]',
    '{ }',
    'null',
    'None',
    [],
    {},
    { items: [] },
    { items: [], total: 0, next: null },
  ])('is %j', (response) => {
    expect(isEmptyResult(response)).toBe(true)
  })

  it.each<Json>(['ok', 0, false, [0], { a: null }, { items: [1] }, { items: [], order: 'W1' }, { total: 0 }])(
    'is not %j',
    (response) => {
      expect(isEmptyResult(response)).toBe(false)
    },
  )
})

describe('identities', () => {
  it('know no order of members', () => {
    const other = span('x', { request: { name: 'search', arguments: { a: 2, b: 1 }, id: 'call_9' } })
    expect(callIdentity(span('y'))).toBe(callIdentity(other))
  })

  it('of exchanges tell results apart, and errors from results', () => {
    expect(exchangeIdentity(span('x'))).not.toBe(exchangeIdentity(span('y')))
    expect(exchangeIdentity(span('x', { reply: { response: 'x', isError: true } }))).not.toBe(
      exchangeIdentity(span('x')),
    )
    expect(exchangeIdentity(span(undefined))).toBeUndefined()
  })
})
