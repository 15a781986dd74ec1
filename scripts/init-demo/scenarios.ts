import type { Case, Reference } from '../../src/schema/case.ts'

/** One run of the demo agent: what it is asked, what the model then says, turn by turn, and what is right. */
export interface Scenario {
  readonly id: string
  readonly category: NonNullable<Case['category']>
  readonly question: string
  readonly turns: readonly Turn[]
  readonly reference: Required<Pick<Reference, 'toolCalls' | 'contains'>>
}

/** A turn of the model: an answer, or tools it asks for, with their one argument. */
export type Turn = string | readonly (readonly [tool: string, argument: string, value: string])[]

export const scenarios: readonly Scenario[] = [
  {
    id: 'cancel',
    category: 'happy',
    question: 'Please cancel order W12, I ordered the wrong tea.',
    turns: [
      [['find_order', 'order', 'W12']],
      [['cancel_order', 'order', 'W12']],
      'I have cancelled order W12, the green tea.',
    ],
    reference: {
      toolCalls: [
        { name: 'find_order', arguments: { order: 'W12' } },
        { name: 'cancel_order', arguments: { order: 'W12' } },
      ],
      contains: ['W12', 'cancelled'],
    },
  },
  {
    id: 'too-late',
    category: 'edge',
    question: 'Can you cancel W13 for me?',
    turns: [
      [['find_order', 'order', 'W13']],
      'I am sorry: order W13, a teapot, was shipped already, so I cannot cancel it any more.',
    ],
    reference: { toolCalls: [{ name: 'find_order', arguments: { order: 'W13' } }], contains: ['shipped'] },
  },
  {
    id: 'two-questions',
    category: 'happy',
    question: 'Where is W14, and are you open on Sunday?',
    turns: [
      [
        ['find_order', 'order', 'W14'],
        ['opening_hours', 'day', 'Sunday'],
      ],
      'Order W14, black tea, is being packed. On Sunday we are closed.',
    ],
    reference: {
      toolCalls: [
        { name: 'find_order', arguments: { order: 'W14' } },
        { name: 'opening_hours', arguments: { day: 'Sunday' } },
      ],
      contains: ['packed', 'closed'],
    },
  },
  {
    id: 'unknown-order',
    category: 'edge',
    question: 'What became of order W99?',
    turns: [[['find_order', 'order', 'W99']], 'There is no order W99. Could you check its number?'],
    reference: {
      toolCalls: [{ name: 'find_order', arguments: { order: 'W99' } }],
      contains: ['no order W99'],
    },
  },
]
