import * as z from 'zod'
import { orderedMatching } from '../../lib/assign.ts'
import { defineCheck } from '../define-check.ts'
import { callsMade } from '../evidence.ts'
import { listed, short } from '../show.ts'
import { subjectOf } from '../subject.ts'

export const toolOrder = defineCheck({
  name: 'toolOrder',
  group: 'trajectory',
  description: 'The agent called these tools in this order; others may stand between.',
  params: z.strictObject({
    tools: z
      .array(z.string().min(1))
      .min(1)
      .describe('The tools, in order. One that stands here twice is to be called twice.'),
  }),
  examples: [
    {
      title: 'It looked, asked and paid, and looked once more in between.',
      params: { tools: ['get_order', 'confirm', 'refund'] },
      subject: subjectOf({
        calls: [{ name: 'get_order' }, { name: 'confirm' }, { name: 'get_user' }, { name: 'refund' }],
      }),
      expect: 'pass',
    },
    {
      title: 'It paid before it asked.',
      params: { tools: ['get_order', 'confirm', 'refund'] },
      subject: subjectOf({ calls: [{ name: 'get_order' }, { name: 'refund' }, { name: 'confirm' }] }),
      expect: 'fail',
      says: '2 of 3 in order; out of order: confirm; called: get_order, refund, confirm',
    },
    {
      title: 'It never asked.',
      params: { tools: ['confirm', 'refund'] },
      subject: subjectOf({ calls: [{ name: 'refund' }] }),
      expect: 'fail',
      says: 'not called: confirm',
    },
  ],
  answer({ outcome }, { tools }) {
    const called = callsMade(outcome).map((call) => call.name)
    const pairing = orderedMatching(tools.length, called.length, (of, at) => tools[of] === called[at])
    const missing = tools.filter((_, of) => pairing[of] === undefined)
    const found = tools.length - missing.length
    if (missing.length === 0) return { value: 1 }
    const wasCalled = (name: string) => called.includes(name)
    const parts = [
      `${found} of ${tools.length} in order`,
      ...told(
        'not called',
        missing.filter((name) => !wasCalled(name)),
      ),
      ...told('out of order', missing.filter(wasCalled)),
      ...told('called', called),
    ]
    return { value: found / tools.length, reason: parts.join('; ') }
  },
})

function told(what: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return []
  return [
    `${what}: ${listed(
      names.map((name) => short(name, 60)),
      10,
    )}`,
  ]
}
