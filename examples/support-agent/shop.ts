/** What the agent may look at and change: a shop in memory, so that the example needs nothing else. */
export interface Shop {
  readonly customers: Map<string, { readonly name: string; readonly email: string }>
  readonly orders: Map<string, Order>
  readonly sent: { readonly to: string; readonly subject: string }[]
}

export interface Order {
  readonly id: string
  readonly customer: string
  readonly item: string
  readonly usd: number
  status: 'ordered' | 'shipped' | 'delivered' | 'cancelled'
  refundedUsd: number
}

export function openShop(): Shop {
  const order = (id: string, item: string, usd: number, status: Order['status']): [string, Order] => [
    id,
    { id, customer: 'c17', item, usd, status, refundedUsd: 0 },
  ]
  return {
    customers: new Map([['c17', { name: 'Mia Lindqvist', email: 'mia@example.org' }]]),
    orders: new Map([
      order('W12', 'mug', 18, 'delivered'),
      order('W20', 'espresso machine', 240, 'delivered'),
      order('W21', 'desk', 999, 'delivered'),
      order('W30', 'lamp', 45, 'ordered'),
      order('W31', 'chair', 120, 'shipped'),
    ]),
    sent: [],
  }
}
