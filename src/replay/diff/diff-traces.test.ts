import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { knownTools } from '../../schema/known-tools.ts'
import { type DiffClass, type DiffCounts, type TraceDiff, traceDiff } from '../../schema/trace-diff.ts'
import type { Trace } from '../../schema/trace.ts'
import { diffTraces } from './diff-traces.ts'
import {
  agent,
  alone,
  asks,
  call,
  called,
  failing,
  type TinyStep,
  tinyTrace,
  user,
} from './testing/tiny-traces.ts'

const known = knownTools({
  v: 1,
  tools: {
    get_order: { effect: 'read', resource: ['/order'] },
    get_stock: { effect: 'read', resource: ['/item'] },
    list_rules: { effect: 'read' },
    refund: { effect: 'write', resource: ['/order'], idempotencyKey: 'arguments.key' },
    note: { effect: 'write', resource: ['/order'] },
    wipe: { effect: 'write' },
    add: { effect: 'pure' },
    mail: { effect: 'external', volatile: ['arguments.sent'] },
  },
})

function diff(left: readonly TinyStep[], right: readonly TinyStep[]): TraceDiff {
  return diffTraces(tinyTrace('t_left', left), tinyTrace('t_right', right), known)
}

/** `=get_order ~refund/argument drift -note/write drift`. */
function shown({ rows }: TraceDiff): string {
  return rows
    .map(({ left, right, class: of, movedTo }) => {
      const sign = movedTo !== undefined ? '^' : left === undefined ? '+' : right === undefined ? '-' : '='
      const name = (left ?? right)?.kind === 'llm' ? 'agent' : (left ?? right)?.name
      return `${sign}${name}${of === 'identical' ? '' : `/${of}`}`
    })
    .join(' ')
}

const w1 = { order: 'W1001' }
const w2 = { order: 'W2002' }

describe('classes', () => {
  const cases: readonly [string, readonly TinyStep[], readonly TinyStep[], string | DiffCounts, number][] = [
    [
      'identical',
      [user('hi'), call('get_order', w1), agent('done')],
      [user('hi'), call('get_order', w1), agent('done')],
      '=user =get_order =agent',
      0,
    ],
    [
      'commuted: two reads change places',
      [call('get_order', w1), call('list_rules')],
      [call('list_rules'), call('get_order', w1)],
      { identical: 1, commuted: 1 },
      0,
    ],
    [
      'commuted: writes on different resources',
      [call('refund', w1), call('note', w2)],
      [call('note', w2), call('refund', w1)],
      { identical: 1, commuted: 1 },
      0,
    ],
    [
      'parallel calls are a set',
      [agent('', [called('refund', w1), called('note', w1)])],
      [agent('', [called('note', w1), called('refund', w1)])],
      '=refund =note',
      0,
    ],
    [
      'a batch that is taken apart',
      [agent('', [called('refund', w1), called('note', w1)])],
      [call('note', w1), call('refund', w1)],
      { identical: 1, commuted: 1 },
      0,
    ],
    [
      'read drift: a read more',
      [call('get_order', w1)],
      [call('get_order', w1), call('get_stock', { item: 'a' })],
      '=get_order +get_stock/read drift',
      0,
    ],
    [
      'read drift: a read less',
      [call('list_rules'), agent('done')],
      [agent('done')],
      '-list_rules/read drift =agent',
      0,
    ],
    [
      'read drift: other arguments',
      [call('get_order', w1)],
      [call('get_order', w2)],
      '=get_order/read drift',
      0,
    ],
    [
      'read drift: another answer',
      [call('get_order', w1, 'open')],
      [call('get_order', w1, 'closed')],
      '=get_order/read drift',
      0,
    ],
    [
      'repeat',
      [call('get_order', w1)],
      [call('get_order', w1), call('get_order', w1)],
      '=get_order +get_order/repeat',
      0,
    ],
    [
      'no repeat: something was written in between',
      [call('get_order', w1), call('refund', w1)],
      [call('get_order', w1), call('refund', w1), call('get_order', w1)],
      '=get_order =refund +get_order/read drift',
      0,
    ],
    [
      'argument drift',
      [call('refund', { ...w1, cents: 500 })],
      [call('refund', { ...w1, cents: 900 })],
      '=refund/argument drift',
      1,
    ],
    [
      'write drift: added',
      [agent('hello')],
      [agent('hello'), call('refund', w1)],
      '=agent +refund/write drift',
      1,
    ],
    [
      'write drift: removed',
      [agent('hello'), call('refund', w1)],
      [agent('hello')],
      '=agent -refund/write drift',
      1,
    ],
    [
      'write drift: twice',
      [call('refund', w1)],
      [call('refund', w1), call('refund', w1)],
      '=refund +refund/write drift',
      1,
    ],
    [
      'write drift: reordered on one resource',
      [call('refund', w1), call('note', w1)],
      [call('note', w1), call('refund', w1)],
      { identical: 1, 'write drift': 1 },
      1,
    ],
    [
      'write drift: before the user agreed',
      [user('refund it'), user('yes'), call('refund', w1)],
      [user('refund it'), call('refund', w1), user('yes')],
      { identical: 2, 'write drift': 1 },
      1,
    ],
    ['write drift: failed now', [call('refund', w1)], [failing('refund', w1)], '=refund/write drift', 1],
    [
      'a write that failed wrote nothing',
      [agent('a')],
      [agent('a'), failing('refund', w1)],
      '=agent +refund/read drift',
      0,
    ],
    [
      'one write: the same idempotency key',
      [call('refund', { ...w1, key: 'k1' })],
      [call('refund', { ...w1, key: 'k2' }), call('refund', { ...w1, key: 'k2' })],
      '=refund +refund/repeat',
      0,
    ],
    [
      'two writes: each its own idempotency key',
      [call('refund', { ...w1, key: 'k1' })],
      [call('refund', { ...w1, key: 'k2' }), call('refund', { ...w1, key: 'k3' })],
      '=refund +refund/write drift',
      1,
    ],
    [
      'blind write',
      [call('get_order', w1), call('refund', w1)],
      [call('refund', w1)],
      '-get_order/read drift =refund/blind write',
      0,
    ],
    [
      'not blind: what was read was something else',
      [call('get_stock', { item: 'a' }), call('refund', w1)],
      [call('refund', w1)],
      '-get_stock/read drift =refund',
      0,
    ],
    ['model drift', [agent('Hello there.')], [agent('Good day.')], '=agent/model drift', 0],
    ['model drift: the user says something else', [user('hi')], [user('hello')], '=user/model drift', 0],
    [
      'an approval no longer asked for',
      [asks('approve', { pay: 5 }, 'yes'), agent('ok')],
      [agent('ok')],
      '-approve/write drift =agent',
      1,
    ],
    [
      'another question to a person',
      [asks('approve', { pay: 5 }, 'yes')],
      [asks('approve', { pay: 9 }, 'yes')],
      '=approve/argument drift',
      1,
    ],
    [
      'volatile arguments are not compared',
      [call('mail', { to: 'a', sent: '9:00' })],
      [call('mail', { to: 'a', sent: '9:05' })],
      '=mail',
      0,
    ],
    ['pure calls are drift', [call('add', { a: 1 })], [call('add', { a: 2 })], '=add/read drift', 0],
    [
      'a tool of which nothing is known is a write',
      [agent('a')],
      [agent('a'), call('frobnicate')],
      '=agent +frobnicate/write drift',
      1,
    ],
    [
      'code drift, and off tape after it',
      [agent('Hi.', [], 'exact'), call('refund', w1)],
      [agent('', [], 'miss')],
      '=agent/code drift -refund/off-tape',
      1,
    ],
    [
      'off-tape after a simulated result',
      [call('get_order', w1), call('refund', w1)],
      [call('get_order', w1, 'ok', 'simulated')],
      '=get_order -refund/off-tape',
      0,
    ],
    [
      'a write that the recording did not hold counts, what follows does not',
      [call('refund', w1), agent('done')],
      [call('wipe', {}, 'ok', 'miss')],
      '-refund/write drift +wipe/write drift -agent/off-tape',
      1,
    ],
    [
      'a live model is on tape',
      [agent('a'), call('refund', w1)],
      [agent('b', [], 'live'), call('refund', w1, 'ok', 'exact')],
      '=agent/model drift =refund',
      0,
    ],
  ]

  it.each(cases)('%s', (_, left, right, wanted, exit) => {
    const found = diff(left, right)
    // Where two calls change places, which of them is said to have moved does not matter.
    expect(typeof wanted === 'string' ? shown(found) : found.counts).toEqual(wanted)
    expect(['divergence', 'regression'].includes(found.severity)).toBe(exit === 1)
    expect(traceDiff.parse(found)).toEqual(found)
  })
})

describe('what it comes to', () => {
  it('names the first divergence, not the first difference', () => {
    const found = diff(
      [call('get_order', w1), call('refund', { ...w1, cents: 500 }), call('note', w1)],
      [call('get_order', w1), call('list_rules'), call('refund', { ...w1, cents: 900 })],
    )
    expect(shown(found)).toBe('=get_order +list_rules/read drift =refund/argument drift -note/write drift')
    expect(found).toMatchObject({
      severity: 'regression',
      firstDifference: 1,
      firstDivergence: 2,
      counts: { identical: 1, 'read drift': 1, 'argument drift': 1, 'write drift': 1 },
      writes: { same: 0, changed: 1, removed: 1, added: 0, reordered: 0 },
    })
    expect(found.rows[2]?.differences).toEqual([{ path: 'arguments.cents', left: 500, right: 900 }])
  })

  it('counts a call that was moved once', () => {
    const found = diff([call('refund', w1), call('note', w2)], [call('note', w2), call('refund', w1)])
    expect(found.counts).toEqual({ identical: 1, commuted: 1 })
    expect(found.writes).toEqual({ same: 2, changed: 0, removed: 0, added: 0, reordered: 0 })
    const [first, , last] = found.rows
    expect([first?.movedTo, last?.movedTo]).toEqual([2, 0])
  })

  it('shows how the runs ended, what they were asked with, and what they took', () => {
    const over = { usage: { input: 1, output: 2, cacheRead: 0, cacheWrite: 0 }, costUsd: 0.5, durationMs: 10 }
    const right = tinyTrace('t_right', [agent('a')], {
      status: 'error',
      ended: 'max_steps',
      ...over,
      costUsd: 0.7,
    })
    const changed = {
      ...right,
      spans: right.spans.map((span) =>
        span.kind === 'llm' ? { ...span, request: { ...span.request, model: 'n' } } : span,
      ),
    }
    const found = diffTraces(tinyTrace('t_left', [agent('a')], over), changed, known)
    expect(found.severity).toBe('warning')
    expect(found.ends).toEqual([
      { path: 'ended', right: 'max_steps' },
      { path: 'status', left: 'ok', right: 'error' },
    ])
    expect(found.settings).toEqual([{ path: 'model', left: 'm', right: 'n' }])
    expect([found.left.costUsd, found.right.costUsd]).toEqual([0.5, 0.7])
  })

  it('says which tools were taken for what by their names', () => {
    expect(diff([call('fetch_page'), call('zap'), call('refund', w1)], []).guessed).toEqual([
      { tool: 'fetch_page', effect: 'read' },
      { tool: 'zap', effect: 'write' },
    ])
  })

  it('keeps calls of the code apart from those of a turn', () => {
    const steps = [agent('', [called('note', w1)]), alone('refund', w1)]
    expect(diff(steps, [alone('refund', w1), agent('', [called('note', w1)])]).severity).toBe('regression')
  })

  it('does not look into tools, or at the user’s own tools', () => {
    const plain = tinyTrace('t_left', [call('refund', w1), agent('done')])
    const inner = { ...plain.spans[2], id: 'in', parent: 's2', name: 'wipe' } as Trace['spans'][number]
    const theirs = {
      ...plain.spans[2],
      id: 'theirs',
      attributes: { requestor: 'user' },
    } as Trace['spans'][number]
    const full = { ...plain, spans: [...plain.spans, inner, theirs] }
    expect(diffTraces(plain, full, known)).toMatchObject({ severity: 'same', counts: { identical: 2 } })
  })

  it('takes what the model of a simulated user said for the turn it is', () => {
    const steps = [agent('How can I help?'), agent('Refund it.'), agent('Done.')]
    const taped = tinyTrace('t_taped', steps)
    const spans = taped.spans.map((span) =>
      span.id === 's2' ? { ...span, by: 'user' } : span,
    ) as Trace['spans']
    const scripted = tinyTrace('t_script', [agent('How can I help?'), user('Refund it.'), agent('Done.')])
    const found = diffTraces({ ...taped, spans }, scripted, known)
    expect(found).toMatchObject({ severity: 'same', counts: { identical: 3 }, left: { llmCalls: 2 } })
    expect(found.rows[1]?.left).toMatchObject({ kind: 'human', name: 'user' })
  })
})

describe('laws', () => {
  const step = fc.oneof(
    fc.constantFrom('hi', 'yes').map(user),
    fc.constantFrom('ok', 'done').map((words) => agent(words)),
    fc
      .tuple(
        fc.constantFrom('get_order', 'refund', 'note', 'wipe', 'add', 'list_rules'),
        fc.constantFrom(w1, w2),
      )
      .map(([tool, given]) => call(tool, given)),
    fc
      .array(fc.constantFrom(called('get_order', w1), called('refund', w2), called('note', w1)), {
        maxLength: 3,
      })
      .map((calls) => agent('', calls)),
  )
  const steps = fc.array(step, { maxLength: 12 })

  it('a run is identical to itself', () => {
    fc.assert(
      fc.property(steps, (one) => {
        expect(diff(one, one).severity).toBe('same')
      }),
      { seed: 42 },
    )
  })

  it('every step stands in one row, also after moves', () => {
    fc.assert(
      fc.property(steps, steps, (one, other) => {
        const found = diff(one, other)
        const self = { left: diff(one, one), right: diff(other, other) }
        for (const side of ['left', 'right'] as const) {
          expect(stepsIn(found, side).toSorted((a, b) => a - b)).toEqual(
            stepsIn(self[side], 'left').toSorted((a, b) => a - b),
          )
        }
        const mates = found.rows.flatMap(({ movedTo }) => (movedTo === undefined ? [] : [movedTo]))
        expect(mates.toSorted((a, b) => a - b)).toEqual(
          found.rows.flatMap(({ movedTo }, at) => (movedTo === undefined ? [] : [at])),
        )
      }),
      { seed: 42 },
    )
  })

  it('a write only one side made is never harmless, and the counts agree both ways', () => {
    const total = ({ counts }: TraceDiff): number => Object.values(counts).reduce((sum, n) => sum + n, 0)
    fc.assert(
      fc.property(steps, steps, (one, other) => {
        const found = diff(one, other)
        const bad: readonly DiffClass[] = ['write drift', 'argument drift']
        const { changed, removed, added, reordered } = found.writes
        expect(changed + removed + added + reordered > 0).toBe(
          bad.some((of) => found.counts[of] !== undefined),
        )
        expect(total(found)).toBe(
          found.rows.filter((row) => row.movedTo === undefined || row.right !== undefined).length,
        )
        expect(diff(one, other)).toEqual(found)
      }),
      { seed: 42 },
    )
  })

  it('sets a large batch beside another: the same calls, then those of the same tool', () => {
    const batch = (from: number): TinyStep[] => [
      agent(
        '',
        Array.from({ length: 30 }, (_, at) =>
          called(at % 2 === 0 ? 'get_order' : 'note', { order: `W${from + at}` }),
        ),
      ),
    ]
    expect(diff(batch(0), batch(2)).counts).toEqual({ identical: 28, 'read drift': 1, 'argument drift': 1 })
  })

  it('is quick with hundreds of calls of one tool a side', () => {
    const many = (word: string): TinyStep[] =>
      Array.from({ length: 400 }, (_, at) => call('get_order', { order: `${word}${at}` }))
    expect(diff(many('a'), many('b')).counts).toEqual({ 'read drift': 400 })
  })
})

function stepsIn({ rows }: TraceDiff, side: 'left' | 'right'): number[] {
  return rows.flatMap((row) => row[side]?.step ?? [])
}
