import type Anthropic from '@anthropic-ai/sdk'
import * as evalkit from 'evalkit/capture'
import type { Order, Shop } from './shop.ts'

/** Refunds above this many USD need a person's yes. */
export const approvalAboveUsd = 50

const text = (description: string): object => ({ type: 'string', description })
const takes = (properties: Record<string, object>): Anthropic.Tool.InputSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
})

/** Six tools over one shop. Each is a plain function, put behind the tap with what evalkit needs to know of it. */
export function supportTools(shop: Shop) {
  const orderOf = (id: string): Order => {
    const order = shop.orders.get(id)
    if (order === undefined) throw new Error(`There is no order ${id}.`)
    return order
  }

  return [
    evalkit.tool(
      {
        name: 'get_customer',
        description: 'Who a customer is.',
        input_schema: takes({ customer: text('Customer id.') }),
      },
      ({ customer }: { customer: string }) => shop.customers.get(customer) ?? null,
      { effect: 'read' },
    ),
    evalkit.tool(
      { name: 'get_order', description: 'One order.', input_schema: takes({ order: text('Order id.') }) },
      ({ order }: { order: string }) => orderOf(order),
      { effect: 'read' },
    ),
    evalkit.tool(
      {
        name: 'search_orders',
        description: 'All orders of a customer.',
        input_schema: takes({ customer: text('Customer id.') }),
      },
      ({ customer }: { customer: string }) =>
        [...shop.orders.values()].filter((order) => order.customer === customer),
      { effect: 'read' },
    ),
    evalkit.tool(
      {
        name: 'issue_refund',
        description: `Refunds an order. Above ${approvalAboveUsd} USD the team lead is asked.`,
        input_schema: takes({ order: text('Order id.'), usd: { type: 'number' } }),
      },
      async ({ order: id, usd }: { order: string; usd: number }) => {
        const order = orderOf(id)
        if (usd > order.usd - order.refundedUsd) throw new Error(`${usd} USD is more than was paid.`)
        order.refundedUsd += usd
        return { order: id, refunded_usd: usd }
      },
      { effect: 'write', risk: 'high' },
    ),
    evalkit.tool(
      {
        name: 'cancel_order',
        description: 'Cancels an order that has not left.',
        input_schema: takes({ order: text('Order id.') }),
      },
      ({ order: id }: { order: string }) => {
        const order = orderOf(id)
        if (order.status !== 'ordered') throw new Error(`${id} has left already.`)
        order.status = 'cancelled'
        return { order: id, status: order.status }
      },
      { effect: 'write', risk: 'medium' },
    ),
    evalkit.tool(
      {
        name: 'send_email',
        description: 'Writes to a customer.',
        input_schema: takes({ to: text('Address.'), subject: text('One line.') }),
      },
      ({ to, subject }: { to: string; subject: string }) => {
        shop.sent.push({ to, subject })
        return { sent: true }
      },
      { effect: 'external' },
    ),
  ]
}
