import { describe, expect, it } from 'vitest'
import type { Divergence, Outcome } from '../schema/outcome.ts'
import type { Trace } from '../schema/trace.ts'
import { showReplay } from './show-replay.ts'

const trace: Trace = {
  v: 1,
  id: 't_shop',
  name: 'shop',
  source: { format: 'sample' },
  status: 'ok',
  versions: {},
  tags: [],
  attributes: {},
  scores: [],
  spans: [],
}

const missed = (divergence: Divergence): Outcome => ({
  status: 'aborted',
  trace,
  durationMs: 1,
  fidelity: { share: 0.5, steps: 2, firstOffTape: 2, counts: { exact: 1, miss: 1 } },
  divergences: [divergence],
})

const shown = (divergence: Divergence, width = 100): readonly string[] =>
  showReplay(trace, missed(divergence), { colour: false, width }).trimEnd().split('\n')

describe('a miss', () => {
  const divergence: Divergence = {
    step: 2,
    kind: 'request',
    what: 'At step 2 tool find is called with arguments the recording does not hold.',
    differences: [{ path: 'arguments.zip', expected: '10115', got: '10117' }],
    nearest: [
      { step: 3, name: 'find', differences: [{ path: 'arguments.zip', expected: '10115', got: '10117' }] },
      {
        step: 5,
        name: 'find',
        consumedBy: 1,
        differences: [
          { path: 'arguments.zip', expected: '1', got: '10117' },
          { path: 'arguments.day', got: 2 },
        ],
      },
      { step: 7, name: 'find', consumedBy: 2, differences: [] },
    ],
  }

  it('shows the nearest recorded call in full, and two more with the path that could be volatile', () => {
    expect(shown(divergence).slice(2)).toEqual([
      'diverged at step 2: At step 2 tool find is called with arguments the recording does not hold.',
      '  at        arguments.zip',
      '  expected  "10115"',
      '  got       "10117"',
      '  or        recorded step 5, served already at step 1: arguments.zip "1" → "10117" and 1 more',
      '  or        recorded step 7, the same, served already at step 2',
      'fidelity 50.0 %: 1 exact, 1 miss',
    ])
  })

  it('is one line for each, whatever stands in it', () => {
    const path = `arguments.${'x'.repeat(500)}`
    const hostile = { path, expected: '\u001b[31m\n::error::', got: '\u202e' }
    const near = { step: 9, name: '\u001b[2J', differences: [hostile] }
    const lines = shown({ ...divergence, nearest: [near, near, near] }, 80)
    const others = lines.filter((line) => line.startsWith('  or'))
    expect(others).toHaveLength(2)
    expect(others.filter((line) => line.length > 80)).toEqual([])
    expect(lines.filter((line) => !/^[\x20-\x7e…→]*$/.test(line))).toEqual([])
  })
})
