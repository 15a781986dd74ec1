import * as z from 'zod'
import { type Json, jsonObject } from '../../schema/json.ts'
import { defineCheck } from '../define-check.ts'
import { compileSchema } from '../foreign-schema.ts'
import { agentKey, handoffsIn, type MadeHandoff, readMessage } from '../handoffs.ts'
import { count, listed, short } from '../show.ts'
import { type SketchedSpan, subjectOf } from '../subject.ts'

const params = z
  .strictObject({
    contracts: z
      .record(z.string().min(1), jsonObject)
      .describe(
        'JSON Schemas of messages: `{ "triage->refunds": … }`, or by who is handed over to alone, `{ "refunds": … }`.',
      ),
    required: z
      .boolean()
      .default(false)
      .describe(
        'Whether a handoff without a contract is an error. Without it such a handoff does not count.',
      ),
    expected: z
      .array(z.string().min(1))
      .default([])
      .describe('Handoffs that have to be made: `["triage->refunds"]`, or `["refunds"]`.'),
    tools: z
      .record(z.string(), z.string())
      .default({})
      .describe(
        'Tools that hand over, with the agent they hand over to: `{ ask_expert: "expert" }`. Those named ' +
          '`transfer_to_<agent>` are known.',
      ),
  })
  .superRefine(({ contracts }, context) => {
    for (const [name, schema] of Object.entries(contracts)) {
      const compiled = compileSchema(schema)
      if (!compiled.ok)
        context.addIssue({ code: 'custom', path: ['contracts', name], message: compiled.what })
    }
  })

const order = {
  type: 'object',
  required: ['order', 'reason'],
  properties: { order: { type: 'string' }, reason: { type: 'string' } },
}
const contracts = { 'triage->refunds': order }

function handsOver(to: string, input: object): SketchedSpan {
  const attributes = { 'handoff.from': 'triage', 'handoff.to': to }
  return { parent: null, status: 'ok', kind: 'agent', name: to, input: input as never, attributes }
}

export const handoffs = defineCheck({
  name: 'handoffs',
  group: 'guardrail',
  description:
    'What one agent hands to another fits the contract between them, a JSON Schema. Handoffs are agent spans that ' +
    '`handoff(…)` records, and calls of tools named `transfer_to_<agent>`.',
  params,
  examples: [
    {
      title: 'The message has what the contract asks for.',
      params: { contracts },
      subject: subjectOf({ spans: [handsOver('refunds', { order: 'W12', reason: 'broken' })] }),
      expect: 'pass',
      says: '1 of 1 handoff',
    },
    {
      title: 'The reason names what the message lacks.',
      params: { contracts },
      subject: subjectOf({ spans: [handsOver('refunds', { order: 'W12' })] }),
      expect: 'fail',
      says: "triage->refunds: must have required property 'reason'",
    },
    {
      title: 'A tool that hands over is a handoff, too, whatever its agent is called.',
      params: { contracts: { 'Seat Booking': order } },
      subject: subjectOf({
        calls: [{ name: 'transfer_to_seat_booking', arguments: { order: 12, reason: 'sold out' } }],
      }),
      expect: 'fail',
      says: 'order must be string',
    },
    {
      title: 'There is no contract for this one, and there has to be.',
      params: { contracts, required: true },
      subject: subjectOf({ spans: [handsOver('lawyers', { order: 'W12' })] }),
      expect: 'fail',
      says: 'triage->lawyers has no contract',
    },
    {
      title: 'A handoff that should have been made was not.',
      params: { contracts, expected: ['refunds'] },
      subject: subjectOf({ output: 'It will be fine.' }),
      expect: 'fail',
      says: 'no handoff to refunds',
    },
    {
      title: 'Nobody handed over, and nobody had to.',
      params: { contracts },
      subject: subjectOf({ output: 'It is on its way.' }),
      expect: 'pass',
      says: 'no agent handed over',
    },
    {
      title: 'What was handed over is not recorded.',
      params: { contracts },
      subject: subjectOf({
        spans: [
          {
            parent: null,
            status: 'ok',
            kind: 'agent',
            name: 'refunds',
            attributes: { 'handoff.from': 'triage', 'handoff.to': 'refunds' },
          },
        ],
      }),
      expect: 'unscored',
      says: 'is not recorded',
    },
  ],
  answer({ outcome }, { contracts: given, required, expected, tools }) {
    const made = handoffsIn(outcome.trace, tools)
    const byKey = new Map(Object.entries(given).map(([name, schema]) => [keyOf(name), schema]))
    const faults: string[] = []
    const unknown: string[] = []
    let judged = 0
    for (const handoff of made) {
      const schema = byKey.get(pairKey(handoff)) ?? byKey.get(agentKey(handoff.to))
      if (schema === undefined) {
        if (!required) continue
        judged++
        faults.push(`${nameOf(handoff)} has no contract`)
        continue
      }
      judged++
      if (handoff.message === undefined) unknown.push(`what ${nameOf(handoff)} handed over is not recorded`)
      else faults.push(...problemsOf(handoff, handoff.message, schema))
    }
    const missing = expected.filter(
      (name) => !made.some((one) => [pairKey(one), agentKey(one.to)].includes(keyOf(name))),
    )
    const lacks = missing.map(
      (name) => `there is no handoff ${name.includes('->') ? '' : 'to '}${short(name, 60)}`,
    )
    const all = [...faults, ...lacks]
    if (all.length > 0) {
      const of = judged + missing.length
      return { value: Math.max(0, of - all.length) / of, passed: false, reason: listed(all, 3) }
    }
    if (unknown.length > 0) return { unscored: listed(unknown, 3) }
    if (made.length === 0) return { value: 1, reason: 'no agent handed over to another' }
    const without = made.length - judged
    const tail = without === 0 ? '' : `; ${without} without one`
    return { value: 1, reason: `${judged} of ${count(made.length, 'handoff')} fit their contract${tail}` }
  },
})

/** The first thing that is wrong with a message, or nothing. One that is the text of JSON is judged as either. */
function problemsOf(handoff: MadeHandoff, message: Json, schema: object): string[] {
  const compiled = compileSchema(schema as Readonly<Record<string, unknown>>)
  if (!compiled.ok) return [`${nameOf(handoff)}: the contract is no schema: ${compiled.what}`]
  const readings = readMessage(message).map((value) => compiled.validate(value))
  if (readings.some((problems) => problems.length === 0)) return []
  const texts = (readings.at(-1) ?? []).map(
    ({ path, what }) => `${path === '' ? '' : `${short(path, 60)} `}${what}`,
  )
  return [`${nameOf(handoff)}: ${listed(texts, 3)}`]
}

function nameOf({ from, to }: MadeHandoff): string {
  return `${from === undefined ? '' : `${short(from, 60)}->`}${short(to, 60)}`
}

function pairKey({ from = '', to }: MadeHandoff): string {
  return `${agentKey(from)}->${agentKey(to)}`
}

function keyOf(name: string): string {
  const [from = '', to] = name.split('->')
  return to === undefined ? agentKey(from) : `${agentKey(from)}->${agentKey(to)}`
}
