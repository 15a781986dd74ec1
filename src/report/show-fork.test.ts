import { describe, expect, it } from 'vitest'
import type { ForkStory } from '../schema/fork.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { Trace } from '../schema/trace.ts'
import { showFork } from './show-fork.ts'
import { showPeople } from './show-people.ts'
import { showTrace } from './show-trace.ts'

const trace: Trace = {
  v: 1,
  id: 't_shop',
  name: 'shop',
  source: { format: 'evalkit' },
  status: 'ok',
  output: 'refunded',
  versions: {},
  tags: [],
  attributes: {},
  scores: [],
  spans: [
    { id: 's1', parent: null, kind: 'agent', name: 'shop', status: 'ok' },
    {
      id: 's2',
      parent: 's1',
      kind: 'tool',
      name: 'get',
      status: 'ok',
      served: 'injected',
      request: { name: 'get', arguments: {} },
      reply: { response: 'lost', isError: false },
    },
  ],
}
const outcome: Outcome = {
  status: 'completed',
  output: 'it was lost',
  trace,
  durationMs: 0,
  fidelity: { share: 0, steps: 1, firstOffTape: 1, counts: { injected: 1 } },
  divergences: [],
}
const story: ForkStory = {
  parent: 't_shop',
  forkedAt: 9,
  kept: 7,
  edits: [{ step: 1, path: 'steps[1].result', was: 'sent', value: 'lost', reached: true }],
  after: { live: 2, exact: 1 },
  dropped: Array.from({ length: 10 }, (_, at) => ({ step: 9 + at, what: 'model call' })),
  ran: ['mail'],
  output: { was: 'refunded', now: 'it was lost' },
  child: 't_child',
}
const style = { colour: false, width: 100 }
const hostile = '\u001B[2J\u202E\n::error::x'

describe('a fork on the screen', () => {
  it('says what was kept, set, dropped and run, and where it is', () => {
    expect(showFork({ trace, outcome, story, people: [] }, style)).toBe(`replay of t_shop (shop)
   1  injected  tool   get({}) = "lost"

fork of t_shop at step 9
  kept      7 steps before the fork, as recorded
  set       steps[1].result = "lost" (was "sent")
  after     2 live, 1 exact
  dropped   recorded steps 9 (model call), 10 (model call), 11 (model call), 12 (model call), 13 (model call), 14 (model call), 15 (model call), 16 (model call) and 2 more
  tools     ran: mail
  output    "it was lost" (was "refunded")
completed
fidelity 0 %: 1 injected
saved as t_child: evalkit replay t_child plays it offline
`)
  })

  it('tells why it was not saved, and what differed where it ended', () => {
    const { child: _, ...left } = story
    const differences = [{ path: 'a.b', expected: 1, got: 2 }]
    const aborted: Outcome = {
      ...outcome,
      status: 'aborted',
      reason: 'At step 1 all was other.',
      divergences: [{ step: 1, kind: 'request', what: 'At step 1 all was other.', differences }],
    }
    const shown = showFork(
      {
        trace,
        outcome: aborted,
        story: { ...left, ran: [], unsaved: 'it did not come to its end' },
        people: [],
      },
      style,
    )
    expect(shown).toContain('no tool was run')
    expect(shown).toContain(
      'aborted: At step 1 all was other.\n  at        a.b\n  expected  1\n  got       2\n',
    )
    expect(shown).toContain('not saved: it did not come to its end\n')
  })

  it('is inert whatever was said', () => {
    const said = { rule: hostile, step: 1, name: hostile, was: hostile, now: hostile }
    const edits = [{ step: 1, path: 'steps[1].result', was: hostile, value: hostile, reached: false }]
    const dropped = [{ step: 9, what: hostile }]
    const bad: Outcome = {
      ...outcome,
      status: 'failed',
      reason: hostile,
      divergences: [{ step: 1, kind: 'approval', what: hostile, differences: [] }],
    }
    const shown = [
      showFork(
        { trace, outcome: bad, story: { ...story, edits, dropped, ran: [hostile] }, people: [said] },
        style,
      ),
      showPeople({ trace, outcome: { ...bad, output: hostile }, said: [said], unused: [hostile] }, style),
      showTrace(
        {
          ...trace,
          fork: {
            parent: 't_p',
            forkedAt: 1,
            edits: [{ path: hostile, was: 1, value: hostile }],
            people: [hostile],
          },
        },
        style,
      ),
    ].join('\n')
    expect(shown).not.toContain('\u001B')
    expect(shown).not.toContain('\u202E')
    expect(shown).not.toMatch(/^::/m)
  })
})

describe('people on the screen', () => {
  it('say what they said otherwise, and what came of it', () => {
    const said = [
      { rule: 'deny@1', step: 2, name: 'approve', was: true, now: false },
      { rule: 'timeout@2', step: 4, name: 'boss', was: 'yes' },
      { rule: 'edit@3=1', step: 6, name: 'boss', now: 1 },
    ]
    const divergences = [
      { step: 2, kind: 'approval', what: '"boss" is no longer asked.', differences: [] },
      { step: 2, kind: 'unused', what: 'The recording goes on.', differences: [] },
      { step: 2, kind: 'output', what: 'The output is not the recorded one.', differences: [] },
    ] as const
    expect(showPeople({ trace, outcome: { ...outcome, divergences }, said, unused: ['deny@9'] }, style)).toBe(
      `replay of t_shop (shop)
   1  injected  tool   get({}) = "lost"

said otherwise:
  step 2, approve: false (was true; deny@1)
  step 4, boss: no answer (was "yes"; timeout@2)
  step 6, boss: 1 (nobody was asked that in the recording; edit@3=1)
  deny@9: nobody was asked that
dropped: The recording goes on.
output: "it was lost" (was "refunded")
completed
finding: "boss" is no longer asked.
fidelity 0 %: 1 injected
`,
    )
  })
})

it('a trace says whose what-if it is', () => {
  const fork = {
    parent: 't_p',
    forkedAt: 3,
    edits: [{ path: 'steps[3].reply', was: 'yes', value: 'no' }],
    people: ['deny@1'],
    model: 'large',
    system: 'Be terse.',
  }
  expect(showTrace({ ...trace, fork }, { ...style, width: 200 })).toContain(
    'fork of t_p at step 3 · steps[3].reply = "no" (was "yes") · people: deny@1 · model large · system prompt of 9 characters\n',
  )
})
