import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { knownTools } from '../schema/known-tools.ts'
import { replayPolicy } from '../schema/replay-policy.ts'
import type { Effect } from '../schema/tool.ts'
import { type Fallback, fallbackFor, type Fallbacks, unservedReply } from './tool-fallback.ts'
import type { Rung } from './tool-ladder.ts'

const run: Fallbacks['run'] = async () => ({ response: 'ran', isError: false })
const rung = { served: 'pooled' } as Rung

/** What becomes of a call of `search` with this effect. */
function falling(
  effect: Effect | undefined,
  more: Partial<Fallbacks> & { readonly asks?: object } = {},
): Fallback {
  const { asks = {}, ...given } = more
  const known = knownTools({ v: 1, tools: { search: effect === undefined ? {} : { effect } } })
  const policy = replayPolicy.parse(asks)
  return fallbackFor(
    known('search'),
    { name: 'search', arguments: { q: 1 } },
    { policy, run, pooled: () => undefined, ...given },
  )
}

const live = { tools: { search: 'live' } }
const simulate = { search: () => 'made up' }

describe('fallbackFor', () => {
  it('aborts, where nothing is said', () => {
    for (const effect of ['read', 'write', 'external', undefined] as const)
      expect(falling(effect)).toEqual({ how: 'abort' })
  })

  it('runs a pure tool before it asks other recordings; where it cannot be run they are asked', () => {
    const pooled = () => rung
    expect(falling('pure', { pooled })).toMatchObject({ how: 'pure-live' })
    expect(falling('pure', { pooled, run: undefined })).toEqual({ how: 'pooled', found: rung })
    expect(falling('read', { pooled, asks: live, simulate })).toMatchObject({ how: 'pooled' })
    expect(falling('pure', { run: undefined })).toEqual({ how: 'abort' })
  })

  it('does what the policy says of the tool, before what it says of all', () => {
    expect(falling('read', { asks: { onMiss: 'tool-error' } })).toEqual({ how: 'tool-error' })
    expect(falling('write', { asks: { onMiss: 'tool-error' } })).toEqual({ how: 'tool-error' })
    expect(falling('read', { asks: { onMiss: 'tool-error', tools: { search: 'abort' } } })).toEqual({
      how: 'abort',
    })
    expect(falling('read', { asks: live })).toMatchObject({ how: 'live' })
    expect(falling('read', { asks: live, simulate })).toMatchObject({ how: 'simulated' })
    expect(falling('read', { asks: live, run: undefined })).toEqual({ how: 'abort' })
  })

  it('does not run a tool on the word of its name', () => {
    expect(falling(undefined, { asks: live })).toEqual({ how: 'abort' })
  })

  it('never runs or makes up what a write brings, whatever is asked', () => {
    const asks = fc.record({
      onMiss: fc.constantFrom('abort', 'tool-error'),
      strict: fc.boolean(),
      tools: fc.record({ search: fc.constantFrom('abort', 'tool-error', 'live') }, { requiredKeys: [] }),
    })
    const effects = fc.constantFrom<Effect>('write', 'external')
    fc.assert(
      fc.property(effects, asks, fc.boolean(), (effect, policy, isPooled) => {
        const found = falling(effect, { asks: policy, simulate, pooled: () => (isPooled ? rung : undefined) })
        expect(['abort', 'tool-error', 'pooled']).toContain(found.how)
      }),
      { seed: 42 },
    )
  })

  it.each([
    ['a value', () => ({ n: 1 }), { response: { n: 1 }, isError: false }],
    ['nothing', () => undefined, { response: null, isError: false }],
    ['a promise', async () => 'later', { response: 'later', isError: false }],
  ])('makes up %s', async (_, search, reply) => {
    const found = falling('read', { simulate: { search } })
    expect('run' in found && (await found.run())).toEqual(reply)
  })

  it('says what was thrown, and what JSON cannot say', async () => {
    for (const search of [() => Promise.reject(new Error('no')), () => 1n]) {
      const found = falling('read', { simulate: { search } })
      expect('run' in found && (await found.run())).toMatchObject({
        isError: true,
        response: { thrown: expect.anything() as unknown },
      })
    }
  })
})

it('tells the agent of a call that was not made in words nobody takes for a tool’s', () => {
  expect(unservedReply({ name: 'pay', arguments: {} })).toEqual({
    response: { error: 'evalkit: this call of pay is not in the recording. It was not made.' },
    isError: true,
  })
})
