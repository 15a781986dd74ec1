import * as z from 'zod'
import { orderedMatching } from '../../lib/assign.ts'
import { defineCheck } from '../define-check.ts'
import { callsMade } from '../evidence.ts'
import { listed, short } from '../show.ts'
import { subjectOf } from '../subject.ts'

const plan = [
  { step: 'Look the order up.', tool: 'get_order' },
  { step: 'Ask whether it is right to pay.', tool: 'confirm' },
  { step: 'Pay.', tool: 'refund' },
  { step: 'Tell the customer.' },
]

export const planAdherence = defineCheck({
  name: 'planAdherence',
  group: 'trajectory',
  description:
    'The agent kept to the plan it made (`evalkit.plan` of evalkit/capture): the tools of its steps, in its order, none ' +
    'skipped, none beside them. A step may take several calls of its tool in a row; steps without a tool do not count.',
  params: z.strictObject({
    allowOthers: z.boolean().default(false).describe('Whether calls outside the plan are no fault.'),
    ignoreTools: z.array(z.string()).default([]).describe('Tools whose calls do not count.'),
    minShare: z.number().min(0).max(1).default(1).describe('The share of the plan followed that passes.'),
  }),
  examples: [
    {
      title: 'As planned; the order was looked at twice.',
      params: {},
      subject: subjectOf({
        plan,
        calls: [{ name: 'get_order' }, { name: 'get_order' }, { name: 'confirm' }, { name: 'refund' }],
      }),
      expect: 'pass',
      says: '3 of 3 steps followed',
    },
    {
      title: 'A step was skipped.',
      params: {},
      subject: subjectOf({ plan, calls: [{ name: 'get_order' }, { name: 'refund' }] }),
      expect: 'fail',
      says: '2 of 3 steps followed; skipped: step 2 (confirm: Ask whether it is right to pay.)',
    },
    {
      title: 'It paid first and asked later.',
      params: {},
      subject: subjectOf({ plan, calls: [{ name: 'get_order' }, { name: 'refund' }, { name: 'confirm' }] }),
      expect: 'fail',
      says: '2 of 3 steps followed; out of order: step 2 (confirm: Ask whether it is right to pay.)',
    },
    {
      title: 'A call that was not planned.',
      params: {},
      subject: subjectOf({
        plan,
        calls: [{ name: 'get_order' }, { name: 'confirm' }, { name: 'refund' }, { name: 'close_account' }],
      }),
      expect: 'fail',
      says: '3 of 3 steps followed; outside the plan: close_account',
    },
    {
      title: 'There is no plan, so nothing can be said.',
      params: {},
      subject: subjectOf({ calls: [{ name: 'refund' }] }),
      expect: 'unscored',
      says: 'the trace has no plan',
    },
  ],
  answer({ outcome }, { allowOthers, ignoreTools, minShare }) {
    const { plan } = outcome.trace
    if (plan === undefined) return { unscored: 'the trace has no plan' }
    const steps = plan.flatMap(({ step, tool }, at) =>
      tool === undefined || ignoreTools.includes(tool) ? [] : [{ step, tool, number: at + 1 }],
    )
    if (steps.length === 0) return { unscored: 'no step of the plan names a tool' }
    const called = callsMade(outcome)
      .map((call) => call.name)
      .filter((name) => !ignoreTools.includes(name))
    const pairing = orderedMatching(steps.length, called.length, (of, at) => steps[of]?.tool === called[at])
    const followed = new Set(pairing.filter((at) => at !== undefined))
    const others = outside(called, followed)
    const left = steps.filter((_, of) => pairing[of] === undefined)
    const unplanned = new Set(others)
    const late = left.filter(({ tool }) => unplanned.has(tool))
    const skipped = left.filter(({ tool }) => !unplanned.has(tool))
    const lateTools = new Set(late.map(({ tool }) => tool))
    const beside = others.filter((name) => !lateTools.has(name))
    const faults = left.length + (allowOthers ? 0 : beside.length)
    const value = followed.size / (followed.size + faults)
    const parts = [
      `${followed.size} of ${steps.length} steps followed`,
      ...told('skipped', skipped.map(stepText)),
      ...told('out of order', late.map(stepText)),
      ...told(
        'outside the plan',
        [...new Set(beside)].map((name) => short(name, 60)),
      ),
    ]
    return { value, passed: value >= minShare, reason: parts.join('; ') }
  },
})

/** The calls that are no step; a call of the tool of the step that was made last belongs to that step. */
function outside(called: readonly string[], followed: ReadonlySet<number>): readonly string[] {
  let last: string | undefined
  return called.filter((name, at) => {
    if (followed.has(at)) last = name
    return !followed.has(at) && name !== last
  })
}

function stepText({ number, tool, step }: { number: number; tool: string; step: string }): string {
  return `step ${number} (${short(tool, 60)}: ${short(step, 80)})`
}

function told(what: string, texts: readonly string[]): readonly string[] {
  return texts.length === 0 ? [] : [`${what}: ${listed(texts, 4)}`]
}
