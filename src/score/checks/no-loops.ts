import * as z from 'zod'
import { knownTools } from '../../schema/known-tools.ts'
import { textMessage } from '../../schema/message.ts'
import { defineCheck } from '../define-check.ts'
import { type Loop, loopsIn } from '../loops.ts'
import { listed, short } from '../show.ts'
import { subjectOf } from '../subject.ts'

const read = (id: number, response: string) => ({ name: 'get_order', arguments: { id }, response })
const pay = { name: 'pay', arguments: { usd: 5 } }
const paid = {
  kind: 'tool',
  parent: null,
  name: 'pay',
  status: 'ok',
  request: pay,
  reply: { response: 'not yet', isError: false },
} as const

export const noLoops = defineCheck({
  name: 'noLoops',
  group: 'guardrail',
  description:
    'The agent did not go round: the same call with the same arguments again and again, the same sequence of calls with ' +
    'the same results, or many calls in a row that brought nothing new. A call whose result changed is another one: ' +
    'polling is progress. A tool that is declared to write (evals/tools.json) is the same whatever it answers.',
  usesTools: true,
  params: z.strictObject({
    repeats: z
      .union([z.int().min(2), z.literal(false)])
      .default(3)
      .describe('How often the same call makes a loop. `false`: this is not asked.'),
    cycles: z
      .union([z.int().min(2), z.literal(false)])
      .default(2)
      .describe('How often the same sequence of two to eight calls, with the same results, makes a loop.'),
    noProgress: z
      .union([z.int().min(2), z.literal(false)])
      .default(5)
      .describe('How many calls in a row that bring nothing new make a loop.'),
    within: z
      .enum(['turn', 'run'])
      .default('turn')
      .describe(
        'Whether what a person says begins anew, as it may bring something new, or the whole run is looked at.',
      ),
  }),
  examples: [
    {
      title: 'Each call brings something.',
      params: {},
      subject: subjectOf({ calls: [read(1, 'new'), read(2, 'sent'), pay] }),
      expect: 'pass',
    },
    {
      title: 'The same question, the same answer.',
      params: {},
      subject: subjectOf({ calls: [read(1, 'new'), read(1, 'new'), read(2, 'new'), read(1, 'new')] }),
      expect: 'fail',
      says: 'get_order was called 3 times with the same arguments (tool calls 1, 2, 4)',
    },
    {
      title: 'Waiting for something to change is no loop once it changes.',
      params: {},
      subject: subjectOf({ calls: [read(1, 'new'), read(1, 'packed'), read(1, 'sent')] }),
      expect: 'pass',
    },
    {
      title: 'To look again after something was done is no loop.',
      params: {},
      subject: subjectOf({
        calls: [read(1, 'new'), read(1, 'new'), pay, read(1, 'new'), read(1, 'new')],
      }),
      expect: 'pass',
    },
    {
      title: 'A write that is made again is the same, whatever it answers.',
      params: {},
      subject: subjectOf({
        calls: [
          { ...pay, response: 'try later' },
          { ...pay, response: 'busy' },
          { ...pay, response: 'done' },
        ],
        tools: { pay: { effect: 'write' } },
      }),
      expect: 'fail',
      says: 'pay was called 3 times with the same arguments',
    },
    {
      title: 'To and fro.',
      params: {},
      subject: subjectOf({ calls: [read(1, 'new'), read(2, 'sent'), read(1, 'new'), read(2, 'sent')] }),
      expect: 'fail',
      says: 'get_order, get_order came 2 times in a row with the same results (tool calls 1 to 4)',
    },
    {
      title: 'Many questions, and nothing is found.',
      params: { noProgress: 3 },
      subject: subjectOf({
        calls: [read(1, '[]'), read(2, '[]'), read(3, '[]'), read(4, '[]')],
      }),
      expect: 'fail',
      says: '3 calls in a row brought nothing new (get_order; tool calls 2 to 4)',
    },
    {
      title: 'A person who answers in between begins anew.',
      params: {},
      subject: subjectOf({
        spans: [
          paid,
          paid,
          {
            kind: 'human',
            parent: null,
            name: 'user',
            status: 'ok',
            request: { name: 'user' },
            reply: { message: textMessage('user', 'Try again, please.') },
          },
          paid,
        ],
      }),
      expect: 'pass',
    },
  ],
  answer({ outcome, tools }, { repeats, cycles, noProgress, within }) {
    const loops = loopsIn(outcome.trace.spans, {
      ...(repeats === false ? {} : { repeats }),
      ...(cycles === false ? {} : { cycles }),
      ...(noProgress === false ? {} : { noProgress }),
      within,
      known: tools ?? knownTools(),
    })
    if (loops.length === 0) return { value: 1 }
    return { value: 0, reason: loops.map((loop) => sentenceOf(loop)).join('; ') }
  },
})

function sentenceOf({ kind, tools, times, calls }: Loop): string {
  const names = listed(
    tools.map((name) => short(name, 60)),
    4,
  )
  const stretch = `tool calls ${calls[0]} to ${calls.at(-1)}`
  switch (kind) {
    case 'repeat':
      return `${names} was called ${times} times with the same arguments (tool calls ${listed(calls.map(String), 8)})`
    case 'cycle':
      return `${names} came ${times} times in a row with the same results (${stretch})`
    case 'no-progress':
      return `${times} calls in a row brought nothing new (${names}; ${stretch})`
  }
}
