import * as z from 'zod'
import { callsAsked, offeredTools } from '../asked-calls.ts'
import { defineCheck } from '../define-check.ts'
import type { SchemaProblem } from '../foreign-schema.ts'
import { count, listed, short, shown } from '../show.ts'
import { subjectOf } from '../subject.ts'
import { holdArguments } from '../tool-arguments.ts'

const inputSchema = {
  type: 'object',
  properties: { order: { type: 'string' }, usd: { type: 'number', minimum: 0 } },
  required: ['order'],
}
const tools = { refund: { inputSchema } }

export const validArguments = defineCheck({
  name: 'validArguments',
  group: 'trajectory',
  description:
    "The arguments of every call fit the tool's schema: the one the model was told, else that of evals/tools.json.",
  usesTools: true,
  params: z.strictObject({
    ignoreTools: z.array(z.string()).default([]).describe('Tools whose calls do not count.'),
  }),
  examples: [
    {
      title: 'The arguments fit.',
      params: {},
      subject: subjectOf({ tools, calls: [{ name: 'refund', arguments: { order: 'W12', usd: 40 } }] }),
      expect: 'pass',
      says: '1 call fits',
    },
    {
      title: 'The reason names the tool, the place and what is wrong there.',
      params: {},
      subject: subjectOf({
        tools,
        calls: [
          { name: 'refund', arguments: { order: 'W12', usd: -1 } },
          { name: 'refund', arguments: { order: 'W13' } },
        ],
      }),
      expect: 'fail',
      says: '1 of 2 calls does not fit: refund: usd must be >= 0',
    },
    {
      title:
        'What the model was told comes first, and what was asked counts, whether or not a tool then ran.',
      params: {},
      subject: subjectOf({
        tools,
        spans: [
          {
            parent: null,
            name: 'chat',
            status: 'ok',
            kind: 'llm',
            request: {
              messages: [],
              tools: [{ name: 'refund', inputSchema: { ...inputSchema, required: ['order', 'usd'] } }],
            },
            reply: {
              message: {
                role: 'assistant',
                parts: [{ type: 'tool_call', id: 'c1', name: 'refund', arguments: { order: 'W12' } }],
              },
            },
          },
        ],
      }),
      expect: 'fail',
      says: "must have required property 'usd'",
    },
    {
      title: 'Arguments that are not JSON fit nothing.',
      params: {},
      subject: subjectOf({ tools, calls: [{ name: 'refund', arguments: '{"order": ', malformed: true }] }),
      expect: 'fail',
      says: 'refund: its arguments are not JSON',
    },
    {
      title: 'No schema is known, so nothing can be said.',
      params: {},
      subject: subjectOf({ calls: [{ name: 'search', arguments: { q: 'momo' } }] }),
      expect: 'unscored',
      says: 'search: no schema of it is known',
    },
  ],
  answer(subject, { ignoreTools }) {
    const calls = callsAsked(subject.outcome).filter(({ name }) => !ignoreTools.includes(name))
    if (calls.length === 0) return { value: 1, reason: 'no call was made' }
    const offered = offeredTools(subject)
    const faults: string[] = []
    const unknown = new Set<string>()
    let held = 0
    for (const { name, arguments: given, malformed } of calls) {
      const tool = short(name, 60)
      const result = holdArguments(malformed === true ? null : given, offered.schemasOf(name))
      if (result.fits === undefined) {
        unknown.add(`${tool}: ${short(result.what, 200)}`)
        continue
      }
      held += 1
      if (malformed === true) faults.push(`${tool}: its arguments are not JSON, ${shown(given, 80)}`)
      else if (!result.fits) faults.push(`${tool}: ${problemsText(result.problems)}`)
    }
    const silent = [...unknown]
    if (held === 0) return { unscored: listed(silent, 3) }
    const rest = silent.length === 0 ? '' : `; not judged: ${listed(silent, 2)}`
    if (faults.length === 0) {
      return { value: 1, reason: `${count(held, 'call')} ${held === 1 ? 'fits' : 'fit'}${rest}` }
    }
    const verb = faults.length === 1 ? 'does' : 'do'
    const head = `${faults.length} of ${count(held, 'call')} ${verb} not fit`
    return {
      value: (held - faults.length) / held,
      passed: false,
      reason: `${head}: ${listed(faults, 3)}${rest}`,
    }
  },
})

function problemsText(problems: readonly SchemaProblem[]): string {
  const texts = problems.map(({ path, what }) => {
    return short(path === '' ? `the arguments ${what}` : `${short(path, 80)} ${what}`, 160)
  })
  return listed(texts, 2)
}
