import * as z from 'zod'
import { json } from '../../schema/json.ts'
import { defineCheck } from '../define-check.ts'
import { callsMade } from '../evidence.ts'
import { argumentsFit } from '../match-arguments.ts'
import { count, listed, short, shown } from '../show.ts'
import { subjectOf } from '../subject.ts'

const name = z.string().min(1)

export const notCalledTool = defineCheck({
  name: 'notCalledTool',
  group: 'trajectory',
  description: 'The agent did not call a tool, or not with such arguments.',
  params: z.strictObject({
    name: z.union([name, z.array(name).min(1)]).describe('The tool, or several of which none may be called.'),
    arguments: json.optional().describe('Only calls with these arguments are wrong. Default: every call is.'),
    args: z
      .enum(['exact', 'subset', 'superset'])
      .default('superset')
      .describe('How `arguments` are compared, as `calledTool` does.'),
  }),
  examples: [
    {
      title: 'It only looked.',
      params: { name: ['refund', 'cancel'] },
      subject: subjectOf({ calls: [{ name: 'get_order', arguments: { order: 'W12' } }] }),
      expect: 'pass',
    },
    {
      title: 'The reason shows the call.',
      params: { name: 'refund' },
      subject: subjectOf({ calls: [{ name: 'refund', arguments: { order: 'W12' } }] }),
      expect: 'fail',
      says: 'refund({ "order": "W12" }) was called',
    },
    {
      title: "Somebody else's order.",
      params: { name: 'get_order', arguments: { order: 'W13' } },
      subject: subjectOf({ calls: [{ name: 'get_order', arguments: { order: 'W12', full: true } }] }),
      expect: 'pass',
    },
  ],
  answer({ outcome }, { name, args, ...wrong }) {
    const names = typeof name === 'string' ? [name] : name
    const found = callsMade(outcome).filter(
      (call) =>
        names.includes(call.name) &&
        (wrong.arguments === undefined ||
          argumentsFit(call, { name: call.name, arguments: wrong.arguments }, args, 0)),
    )
    if (found.length === 0) return { value: 1 }
    const texts = found.map((call) => `${short(call.name, 60)}(${shown(call.arguments, 80)})`)
    const often = found.length === 1 ? 'was called' : `were called: ${count(found.length, 'call')}`
    return { value: 0, reason: `${listed(texts, 3)} ${often}` }
  },
})
