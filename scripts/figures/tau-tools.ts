import type { ToolReply, ToolRequest } from '../../src/schema/call.ts'
import type { ToolsFile } from '../../src/schema/tool.ts'

/**
 * What tau-bench's tools do to the world, read off their code (sierra-research/tau-bench, `envs/airline/tools` and
 * `envs/retail/tools`): those that change its data write; `calculate` and `think` depend on their arguments alone.
 */
const effects = {
  pure: ['calculate', 'think'],
  external: ['transfer_to_human_agents'],
  read: [
    'find_user_id_by_email',
    'find_user_id_by_name_zip',
    'get_order_details',
    'get_product_details',
    'get_reservation_details',
    'get_user_details',
    'list_all_airports',
    'list_all_product_types',
    'search_direct_flight',
    'search_onestop_flight',
  ],
  write: [
    'book_reservation',
    'cancel_pending_order',
    'cancel_reservation',
    'exchange_delivered_order_items',
    'modify_pending_order_address',
    'modify_pending_order_items',
    'modify_pending_order_payment',
    'modify_user_address',
    'return_delivered_order_items',
    'send_certificate',
    'update_reservation_baggages',
    'update_reservation_flights',
    'update_reservation_passengers',
  ],
} as const

export const tauTools: ToolsFile = {
  v: 1,
  tools: Object.fromEntries(
    Object.entries(effects).flatMap(([effect, names]) =>
      names.map((name) => [name, { effect: effect as keyof typeof effects }]),
    ),
  ),
}

/** Tools that say nothing of the world: a note to oneself, and the end of the run. */
export const outsideTheWorld: ReadonlySet<string> = new Set(['think', 'transfer_to_human_agents'])

/** Runs `calculate` and `think` as the benchmark does; `undefined` for what is no arithmetic we read. */
export function runPure({ name, arguments: given }: ToolRequest): ToolReply | undefined {
  if (name === 'think') return { response: '', isError: false }
  const expression = (given as { expression?: unknown } | null)?.expression
  if (name !== 'calculate' || typeof expression !== 'string') return undefined
  const value = arithmetic(expression)
  if (value === undefined) return undefined
  const rounded = Number(value.toFixed(2))
  return { response: Number.isInteger(rounded) ? `${rounded}.0` : String(rounded), isError: false }
}

/** Sums and products with parentheses; `undefined` for anything else. */
export function arithmetic(text: string): number | undefined {
  const tokens = text.match(/\d+\.?\d*|\.\d+|[-+*/()]|\S/g) ?? []
  let at = 0
  const take = (...wanted: readonly string[]): string | undefined =>
    wanted.includes(tokens[at] ?? '') ? tokens[at++] : undefined

  function sum(): number {
    let value = product()
    for (let sign = take('+', '-'); sign !== undefined; sign = take('+', '-'))
      value = sign === '+' ? value + product() : value - product()
    return value
  }
  function product(): number {
    let value = factor()
    for (let sign = take('*', '/'); sign !== undefined; sign = take('*', '/'))
      value = sign === '*' ? value * factor() : value / factor()
    return value
  }
  function factor(): number {
    if (take('-') !== undefined) return -factor()
    if (take('+') !== undefined) return factor()
    if (take('(') !== undefined) {
      const value = sum()
      return take(')') === undefined ? Number.NaN : value
    }
    const token = tokens[at++] ?? ''
    return /^[\d.]+$/.test(token) ? Number(token) : Number.NaN
  }

  const value = sum()
  return at === tokens.length && Number.isFinite(value) ? value : undefined
}
