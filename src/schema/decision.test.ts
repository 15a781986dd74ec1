import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from './json.ts'
import { decided, decisionIn, shapeless } from './decision.ts'

describe('what a person decided', () => {
  it.each<[Json, ReturnType<typeof decisionIn>]>([
    [true, 'approve'],
    [false, 'deny'],
    ['Yes.', 'approve'],
    ['rejected', 'deny'],
    [{ approved: true, by: 'mia' }, 'approve'],
    [{ denied: true }, 'deny'],
    [{ denied: false }, 'approve'],
    [{ decision: 'reject', note: 'too much' }, 'deny'],
    ['{ "approved": false }', 'deny'],
    [{ urgent: true }, undefined],
    [{ approved: true, denied: true }, undefined],
    ['well, let us see', undefined],
    [null, undefined],
    [[true], undefined],
  ])('is read from %j: %s', (answer, decision) => {
    expect(decisionIn(answer)).toBe(decision)
  })

  it('is the one that is put there', () => {
    for (const answer of [true, 'no', { approved: false }, { status: 'confirm' }] as const)
      for (const decision of ['approve', 'deny'] as const) {
        const now = decided(answer, decision)
        expect(now === undefined ? undefined : decisionIn(now)).toBe(decision)
      }
  })
})

describe('a decision in the form of the recorded answer', () => {
  it.each<[Json, Json]>([
    [true, false],
    ['yes', 'no'],
    ['Yes.', 'No.'],
    ['YES', 'NO'],
    [' y\n', ' n\n'],
    ['true', 'false'],
    ['Confirmed', 'Cancelled'],
    [
      { approved: true, by: 'anna' },
      { approved: false, by: 'anna' },
    ],
    [
      { Approve: true, notify: true },
      { Approve: false, notify: true },
    ],
    [{ rejected: false }, { rejected: true }],
    [{ proceed: true }, { proceed: false }],
    [
      { answer: 'yes', note: 'no' },
      { answer: 'no', note: 'no' },
    ],
    ['{ "approved": true,  "usd": 40.00 }', '{ "approved": false,  "usd": 40.00 }'],
  ])('%j is denied by %j', (yes, no) => {
    expect(decided(yes, 'deny')).toEqual(no)
    expect(decided(no, 'approve')).toEqual(yes)
    expect(decided(yes, 'approve')).toEqual(yes)
    expect(decided(no, 'deny')).toEqual(no)
  })

  it.each<Json>([
    null,
    7,
    'Fine with me, go ahead',
    [],
    [true],
    {},
    { approved: true, accepted: true },
    { a: true, b: false },
    { note: 'ok then' },
    '{"a":',
    '[true]',
  ])('is not made up for %j', (recorded) => {
    expect(decided(recorded, 'deny')).toBeUndefined()
    expect(shapeless(recorded, 'deny')).toEqual({
      why: 'the recorded answer does not show how yes and no are said',
      examples: [{ approved: false }],
    })
  })

  it('does not choose between words that could both mean it', () => {
    expect(decided('approve', 'deny')).toBeUndefined()
    expect(shapeless('approve', 'deny').examples).toEqual(['deny', 'reject'])
    expect(shapeless({ type: 'accept', by: 'anna' }, 'deny').examples).toEqual([
      { type: 'reject', by: 'anna' },
      { type: 'decline', by: 'anna' },
    ])
    // What the same person said another time tells.
    expect(decided('Approve', 'deny', ['approve', 'reject'])).toBe('Reject')
    expect(decided({ type: 'accept' }, 'deny', [{ type: 'decline' }])).toEqual({ type: 'decline' })
  })

  it('is the same said twice, and comes back', () => {
    const answers = fc.oneof(
      fc.boolean(),
      fc.constantFrom('yes', 'No', 'TRUE', 'n', 'Confirm.'),
      fc.record({ approved: fc.boolean(), note: fc.string() }),
      fc.json().map((text) => JSON.parse(text) as Json),
    )
    fc.assert(
      fc.property(answers, (answer) => {
        const no = decided(answer, 'deny')
        if (no === undefined) return
        expect(decided(no, 'deny')).toEqual(no)
        const yes = decided(no, 'approve')
        expect(yes === undefined ? no : decided(yes, 'deny')).toEqual(no)
      }),
      { seed: 42 },
    )
  })
})
