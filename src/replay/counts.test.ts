import { describe, expect, it } from 'vitest'
import type { CallKind, Provenance } from '../schema/call.ts'
import { createCounts } from './counts.ts'

const recorded = { llm: 'recorded', tools: 'recorded' } as const
type Step = readonly [how: Provenance, kind?: CallKind]

/** What is said of a run whose replies were found like this, step by step. */
function after(steps: readonly Step[], mode: Parameters<typeof createCounts>[0] = recorded) {
  const counts = createCounts(mode)
  steps.forEach(([how, kind = 'tool'], at) => counts.count(at + 1, kind, how))
  return counts.fidelity(steps.length)
}

describe('counts', () => {
  it('are of all replies, and a share of 1 where nothing was asked', () => {
    expect(after([])).toEqual({ share: 1, steps: 0, counts: {} })
    expect(after([['exact'], ['normalized'], ['repeat-read'], ['pure-live'], ['exact']])).toEqual({
      share: 1,
      steps: 5,
      counts: { exact: 2, normalized: 1, 'repeat-read': 1, 'pure-live': 1 },
    })
  })

  it.each(['stale-state', 'pooled'] as const)(
    'leave out a reply that was %s, and judge what comes after by itself',
    (how) => {
      expect(after([['exact'], [how], ['exact'], ['exact']])).toMatchObject({ share: 0.75, steps: 4 })
      expect(after([[how]])).not.toHaveProperty('firstOffTape')
    },
  )

  it.each(['injected', 'simulated', 'live', 'miss'] as const)('end at a reply that was %s', (how) => {
    expect(after([['exact'], [how], ['exact'], ['exact']])).toMatchObject({ share: 0.25, firstOffTape: 2 })
  })

  it('end at a turn that answers another question', () => {
    expect(after([['exact'], ['stale-state', 'human'], ['exact']])).toMatchObject({ firstOffTape: 2 })
  })

  it('leave out what the mode takes from the world, and only that', () => {
    const live = { llm: 'live', tools: 'recorded' } as const
    expect(after([['live', 'llm'], ['exact'], ['live', 'llm']], live)).toEqual({
      share: 1,
      steps: 3,
      counts: { live: 2, exact: 1 },
    })
    expect(after([['cached', 'llm'], ['exact']], { ...live, llm: 'cached' }).share).toBe(1)
    expect(after([['live', 'tool'], ['exact']], live)).toMatchObject({ share: 0, firstOffTape: 1 })
    expect(after([['live', 'tool'], ['exact']], { llm: 'recorded', tools: 'live' }).share).toBe(1)
    expect(after([['live', 'llm'], ['exact']], { llm: 'recorded', tools: 'live' })).toMatchObject({
      firstOffTape: 1,
    })
  })

  it('do not hang on the order in which replies came', () => {
    const counts = createCounts(recorded)
    counts.count(1, 'tool', 'exact')
    counts.count(3, 'tool', 'exact')
    counts.missed(2)
    counts.count(4, 'tool', 'exact')
    expect(counts.fidelity(4)).toEqual({
      share: 0.25,
      steps: 4,
      firstOffTape: 2,
      counts: { exact: 3, miss: 1 },
    })
  })
})
