import * as z from 'zod'
import { knownTools } from '../../schema/known-tools.ts'
import { failedRun, type FailedRun, type Undoable } from '../compensation.ts'
import { defineCheck } from '../define-check.ts'
import { count, listed, short, shown } from '../show.ts'
import { subjectOf } from '../subject.ts'

const names = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)])

const tools = {
  charge: { effect: 'write' },
  reserve: { effect: 'write' },
  ship: { effect: 'write' },
  refund: { effect: 'write', compensates: 'charge', idempotencyKey: 'arguments.key' },
  release: { effect: 'write', compensates: 'reserve' },
} as const
const charge = { name: 'charge', arguments: { order: 'W12', usd: 80 }, response: { payment: 'p7' } }
const reserve = { name: 'reserve', arguments: { order: 'W12' }, response: { hold: 'h3' } }
const ship = {
  name: 'ship',
  arguments: { order: 'W12' },
  isError: true,
  response: 'Error: no carrier',
} as const
const refund = { name: 'refund', arguments: { payment: 'p7' } }
const release = { name: 'release', arguments: { hold: 'h3' } }

export const compensated = defineCheck({
  name: 'compensated',
  group: 'guardrail',
  description:
    'A step failed after side effects: they were undone, the last one first, each once. Which tool undoes which is a fact of ' +
    'tools (`compensates`). A step failed where a tool that writes came back with an error and never succeeded after it, or ' +
    'the run ended in one. It is asked of runs that failed, too; what such a trial is worth stays 0.',
  usesTools: true,
  asksFailed: true,
  params: z.strictObject({
    after: z.string().min(1).optional().describe('The tool whose failure counts. Default: any that writes.'),
    undoneWith: z
      .record(z.string(), names)
      .default({})
      .describe(
        'Which tools undo others, beside what `evals/tools.json` and the code say: `{ charge: "refund" }`.',
      ),
    anyOrder: z
      .boolean()
      .default(false)
      .describe('Whether it may be undone in any order, not only the last first.'),
  }),
  examples: [
    {
      title: 'The shipping failed: what was reserved and charged is undone, the last first.',
      params: {},
      subject: subjectOf({ calls: [charge, reserve, ship, release, refund], tools }),
      expect: 'pass',
      says: 'ship failed; 2 of 2 effects before it were undone',
    },
    {
      title: 'The charge stays.',
      params: {},
      subject: subjectOf({ calls: [charge, reserve, ship, release], tools }),
      expect: 'fail',
      says: 'not undone: charge(',
    },
    {
      title: 'The first is undone first.',
      params: {},
      subject: subjectOf({ calls: [charge, reserve, ship, refund, release], tools }),
      expect: 'fail',
      says: 'not the last first',
    },
    {
      title: 'The money is paid back twice.',
      params: {},
      subject: subjectOf({ calls: [charge, ship, refund, refund], tools }),
      expect: 'fail',
      says: 'undone twice: charge(',
    },
    {
      title: 'Another payment was paid back.',
      params: {},
      subject: subjectOf({
        calls: [charge, ship, { name: 'refund', arguments: { payment: 'p8' } }],
        tools,
      }),
      expect: 'fail',
      says: 'not undone: charge(',
    },
    {
      title: 'The agent threw after it had charged; this is asked all the same.',
      params: {},
      subject: subjectOf({ status: 'failed', reason: 'it threw', calls: [charge], tools }),
      expect: 'fail',
      says: 'the run failed; not undone: charge(',
    },
    {
      title: 'The second try to ship succeeded.',
      params: {},
      subject: subjectOf({ calls: [charge, ship, { name: 'ship', arguments: { order: 'W12' } }], tools }),
      expect: 'pass',
      says: 'no step failed',
    },
    {
      title: 'Nobody says how a charge is undone.',
      params: {},
      subject: subjectOf({ calls: [charge, ship], tools: { charge: tools.charge, ship: tools.ship } }),
      expect: 'unscored',
      says: 'nobody says what undoes charge',
    },
    {
      title: 'Whether the money was paid back is not known.',
      params: {},
      subject: subjectOf({
        calls: [charge, ship, { ...refund, isError: true, response: 'Request timed out' }],
        tools,
      }),
      expect: 'unscored',
      says: 'whether charge was undone is not known',
    },
  ],
  answer({ outcome, tools: known = knownTools() }, { after, undoneWith, anyOrder }) {
    const rules = {
      undoneWith: Object.fromEntries(
        Object.entries(undoneWith).map(([of, by]) => [of, typeof by === 'string' ? [by] : by]),
      ),
      ...(after === undefined ? {} : { after }),
    }
    const failed = failedRun(outcome, known, rules)
    if (failed === undefined)
      return { value: 1, reason: after === undefined ? 'no step failed' : `${short(after, 60)} did not fail` }
    return judged(failed, anyOrder)
  },
})

function judged({ step, before }: FailedRun, anyOrder: boolean) {
  const wanted = before.filter(({ undoneWith }) => undoneWith.length > 0)
  const without = [
    ...new Set(before.filter((one) => !wanted.includes(one)).map(({ placed }) => placed.call.name)),
  ]
  const untold = `nobody says what undoes ${listed(
    without.map((name) => short(name, 60)),
    3,
  )}`
  const head = `${short(step, 60)} failed`
  if (wanted.length === 0) {
    return without.length > 0
      ? { unscored: `${head}, and ${untold}` }
      : { value: 1, reason: `${head}; nothing had been done before` }
  }
  const missing = wanted.filter(({ undoneBy, open }) => undoneBy.length === 0 && !open)
  const open = wanted.filter((one) => one.undoneBy.length === 0 && one.open)
  const twice = wanted.filter(({ undoneBy }) => undoneBy.length > 1)
  const order = wanted.flatMap(({ undoneBy: [first] }) => (first === undefined ? [] : [first.nth]))
  const isReversed = order.every((nth, at) => at === 0 || nth < (order[at - 1] ?? 0))
  const faults = [
    ...(missing.length === 0 ? [] : [`not undone: ${texts(missing)}`]),
    ...(twice.length === 0 ? [] : [`undone twice: ${texts(twice)}`]),
    ...(isReversed || anyOrder ? [] : ['undone in another order, not the last first']),
  ]
  const right = wanted.length - missing.length - twice.length
  if (faults.length > 0) {
    const value = right / (wanted.length + Number(!isReversed && !anyOrder))
    return { value, passed: false, reason: [head, ...faults].join('; ') }
  }
  if (open.length > 0) {
    const of = [...new Set(open.map(({ placed }) => placed.call.name))].join(', ')
    return { unscored: `${head}, and whether ${of} was undone is not known` }
  }
  const tail = without.length === 0 ? '' : `; ${untold}`
  return {
    value: 1,
    reason: `${head}; ${right} of ${count(wanted.length, 'effect')} before it were undone${tail}`,
  }
}

function texts(undoable: readonly Undoable[]): string {
  return listed(
    undoable.map(({ placed: { call } }) => `${short(call.name, 60)}(${shown(call.arguments, 80)})`),
    3,
  )
}
