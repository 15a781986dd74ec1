import type { CallKind, ReplyOf, RequestOf } from '../../../schema/call.ts'
import type { Crossing, Tap } from '../../tap.ts'
import { watching } from '../../testing/taps.ts'

/** A tap that notes the tool calls and the parts it meets: `reply` or `error` once they are over. */
export function mcpTap(seen: Record<string, unknown>[]): Tap {
  return {
    ...watching(),
    async handle<K extends CallKind>(
      _: K,
      request: RequestOf<K>,
      { live }: Crossing<K>,
    ): Promise<ReplyOf<K>> {
      const one: Record<string, unknown> = { ...request }
      seen.push(one)
      try {
        if (live === undefined) throw new Error('no way')
        const reply = await live()
        one['reply'] = reply
        return reply
      } catch (error) {
        one['error'] = String(error)
        throw error
      }
    },
    within({ name, input }, body) {
      const one: Record<string, unknown> = { part: name, input }
      seen.push(one)
      const result = body()
      if (result instanceof Promise) {
        void result.then(
          (output: unknown) => (one['output'] = output),
          (error: unknown) => (one['error'] = String(error)),
        )
      }
      return result
    },
    pass: (what) => void seen.push({ passed: what }),
  }
}

/** The tools of the server that tests talk to. */
export const mcpTools = [
  { name: 'get_order', description: 'Looks an order up.', inputSchema: { type: 'object' } },
  { name: 'refund', inputSchema: { type: 'object' } },
]

/** What that server answers to a JSON-RPC message; `undefined` where there is nothing to say. */
export function mcpAnswer(message: Rpc): object | undefined {
  const { id, method, params = {} } = message
  if (id === undefined || method === undefined) return undefined
  const answer = (result: object): object => ({ jsonrpc: '2.0', id, result })
  if (method === 'initialize') {
    return answer({
      protocolVersion: params['protocolVersion'],
      capabilities: { tools: {} },
      serverInfo: { name: 'shop', version: '1.2.0' },
    })
  }
  if (method === 'tools/list') {
    return params['cursor'] === undefined
      ? answer({ tools: mcpTools.slice(0, 1), nextCursor: 'p2' })
      : answer({ tools: mcpTools.slice(1) })
  }
  if (method !== 'tools/call')
    return { jsonrpc: '2.0', id, error: { code: -32601, message: 'no such method' } }
  const text = JSON.stringify(params['arguments'] ?? null)
  return params['name'] === 'refund'
    ? answer({ content: [{ type: 'text', text: 'over the limit' }], isError: true })
    : answer({ content: [{ type: 'text', text }], structuredContent: { state: 'sent' } })
}

export interface Rpc {
  readonly id?: number | string
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
}

export function rpc(id: number | string | undefined, method: string, params?: object): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    ...(id === undefined ? {} : { id }),
    method,
    ...(params && { params }),
  })
}
