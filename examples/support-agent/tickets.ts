import type { Ticket } from './agent.ts'

/** Tickets, and what the team says is right for each: that is ground truth, and it comes from people. */
export const tickets: readonly { readonly ticket: Ticket; readonly reference: object }[] = [
  {
    ticket: { customer: 'c17', text: 'The mug of order W12 arrived broken — 😢. I want my money back.' },
    reference: {
      toolCalls: [{ name: 'issue_refund', arguments: { order: 'W12', usd: 18 } }],
      contains: ['18 USD'],
    },
  },
  {
    ticket: { customer: 'c17', text: 'The machine of order W20 arrived broken. I want my money back.' },
    reference: {
      toolCalls: [{ name: 'issue_refund', arguments: { order: 'W20', usd: 240 } }],
      contains: ['240 USD'],
    },
  },
  {
    ticket: { customer: 'c17', text: 'The desk of order W21 arrived broken. I want my money back.' },
    reference: { toolCalls: [{ name: 'get_order', arguments: { order: 'W21' } }], contains: ['team lead'] },
  },
  {
    ticket: { customer: 'c17', text: 'Please cancel order W30.' },
    reference: {
      toolCalls: [{ name: 'cancel_order', arguments: { order: 'W30' } }],
      contains: ['cancelled'],
    },
  },
  {
    ticket: { customer: 'c17', text: 'Where is order W31?' },
    reference: { toolCalls: [{ name: 'get_order', arguments: { order: 'W31' } }], contains: ['shipped'] },
  },
  {
    ticket: { customer: 'c17', text: 'Where is order W99?' },
    reference: { toolCalls: [{ name: 'search_orders', arguments: { customer: 'c17' } }], contains: ['W99'] },
  },
]
