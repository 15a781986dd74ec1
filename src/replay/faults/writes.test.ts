import { describe, expect, it } from 'vitest'
import type { InjectedFault } from '../../schema/fault.ts'
import { knownTools } from '../../schema/known-tools.ts'
import type { Span } from '../../schema/trace.ts'
import { writesIn } from './writes.ts'

const known = knownTools({
  v: 1,
  tools: {
    pay: { effect: 'write', idempotencyKey: 'arguments.key', volatile: ['arguments.items[*].at'] },
    see: { effect: 'read' },
  },
})
const base = { parent: 's1', status: 'ok' } as const
const agent: Span = { ...base, id: 's1', parent: null, kind: 'agent', name: 'a' }

function tool(name: string, given: object, reply?: { isError: boolean }): Span {
  const request = { name, arguments: given as never }
  return {
    ...base,
    id: 's2',
    kind: 'tool',
    name,
    request,
    ...(reply === undefined ? {} : { reply: { response: 'x', ...reply } }),
  }
}

function http(method: string, status?: number): Span {
  const url = 'http://127.0.0.1:9/a'
  const reply = status === undefined ? {} : { reply: { status } }
  return { ...base, id: 's2', kind: 'custom', name: 'x', request: { method, url, body: { a: 1 } }, ...reply }
}

const fault = (more: Partial<InjectedFault>): InjectedFault => ({
  step: 1,
  place: 'http',
  name: 'x',
  nth: 1,
  fault: 'timeout',
  times: 1,
  done: 'maybe',
  recovered: false,
  ...more,
})
const done = (span: Span, ...faults: readonly InjectedFault[]) =>
  writesIn({ spans: [agent, span] }, known, faults).map((write) => `${write.done} ${write.key ?? '-'}`)

describe('writesIn', () => {
  it('knows two tries of one write by what is not new in each', () => {
    const [one, two, other] = [
      { key: 'a', usd: 1, items: [{ at: 1, n: 1 }] },
      { key: 'b', usd: 1, items: [{ at: 2, n: 1 }] },
      { key: 'a', usd: 2, items: [{ at: 1, n: 1 }] },
    ].map((given) => writesIn({ spans: [agent, tool('pay', given, { isError: false })] }, known)[0])
    expect(one?.identity).toBe(two?.identity)
    expect(one?.identity).not.toBe(other?.identity)
    expect([one?.key, two?.key]).toEqual(['"a"', '"b"'])
  })

  it('counts what writes, and says whether it was done', () => {
    expect(done(tool('see', {}, { isError: false }))).toEqual([])
    expect(done(tool('pay', {}, { isError: false }))).toEqual(['yes -'])
    expect(done(tool('pay', {}, { isError: true }))).toEqual(['no -'])
    expect(done(tool('pay', {}))).toEqual(['asked -'])
    expect(done(tool('pay', {}, { isError: true }), fault({ place: 'tool' }))).toEqual(['maybe -'])
  })

  it('counts each try of an HTTP request that may have got through', () => {
    expect(done(http('GET', 200))).toEqual([])
    expect(done(http('POST', 200))).toEqual(['yes -'])
    expect(done(http('POST', 500))).toEqual(['no -'])
    expect(done(http('POST'))).toEqual(['asked -'])
    expect(done(http('POST', 200), fault({ keys: [null] }))).toEqual(['maybe -'])
    expect(done(http('POST', 200), fault({ times: 2, keys: [null, 'k'], done: 'no' }))).toEqual([
      'no -',
      'no k',
    ])
    expect(done(http('POST', 200), fault({ recovered: true, keys: ['k', 'k'] }))).toEqual([
      'maybe k',
      'yes k',
    ])
    // Sent twice, these do the same (RFC 9110, 9.2.2).
    expect(done(http('PUT', 200), fault({ recovered: true, keys: [null, null] }))).toEqual(['maybe ', 'yes '])
  })

  it('says where only a name tells that a tool writes', () => {
    const spans = [agent, tool('pay', {}, { isError: false }), tool('notify', {}, { isError: false })]
    expect(writesIn({ spans }, known).map(({ guessed }) => guessed)).toEqual([false, true])
  })
})
