/**
 * A stand-in for the model, so that the example runs without a key: an HTTP server on loopback that speaks Anthropic
 * Messages, streamed, and answers by rules. `node model-server.ts` prints its address.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Block {
  readonly type: string
  readonly text?: string
  readonly id?: string
  readonly name?: string
  readonly input?: Record<string, unknown>
  readonly content?: string
  readonly is_error?: boolean
}
interface Message {
  readonly role: string
  readonly content: string | readonly Block[]
}
type Say =
  | { readonly text: string }
  | { readonly calls: readonly { name: string; input: Record<string, unknown> }[] }

/** Answers requests from now on; the address it can be reached at, and how to stop it. */
export async function serveModel(): Promise<{ url: string; close(): Promise<void> }> {
  let ids = 0
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const { messages, model } = JSON.parse(Buffer.concat(pieces).toString()) as {
      messages: Message[]
      model: string
    }
    await stream(response, next(messages), model, () => `${++ids}`)
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** What a careful clerk does next, from all that was said so far. */
function next(messages: readonly Message[]): Say {
  const ticket = textOf(messages[0])
  const customer = /customer (\w+)/.exec(ticket)?.[1] ?? ''
  const order = /\bW\d+\b/.exec(ticket)?.[0] ?? ''
  const done = new Map<string, Block>()
  for (const [index, message] of messages.entries()) {
    const calls =
      message.role === 'assistant' ? blocks(message).filter(({ type }) => type === 'tool_use') : []
    for (const call of calls) {
      const result = blocks(messages[index + 1]).find(
        (block) => (block as { tool_use_id?: string }).tool_use_id === call.id,
      )
      if (call.name !== undefined && result !== undefined) done.set(call.name, result)
    }
  }
  const call = (name: string, input: Record<string, unknown>): Say => ({ calls: [{ name, input }] })
  const got = done.get('get_order')
  if (got === undefined) {
    return {
      calls: [
        { name: 'get_customer', input: { customer } },
        { name: 'get_order', input: { order } },
      ],
    }
  }
  const { email } = JSON.parse(done.get('get_customer')?.content ?? '{}') as { email?: string }
  if (got.is_error === true) {
    if (!done.has('search_orders')) return call('search_orders', { customer })
    return { text: `I cannot find order ${order}. Your orders are W12, W20, W21, W30 and W31.` }
  }
  const { usd, status } = JSON.parse(got.content ?? '{}') as { usd: number; status: string }
  const act = /broken/.test(ticket) ? 'issue_refund' : /cancel/.test(ticket) ? 'cancel_order' : undefined
  if (act === undefined) return { text: `Order ${order} is ${status}.` }
  const acted = done.get(act)
  if (acted === undefined) return call(act, act === 'issue_refund' ? { order, usd } : { order })
  if (acted.is_error === true)
    return { text: `I am sorry: for order ${order} the answer of our team lead was no.` }
  const what = act === 'issue_refund' ? `refunded ${usd} USD` : 'cancelled your order'
  if (!done.has('send_email')) return call('send_email', { to: email, subject: `We ${what} (${order})` })
  return { text: `We ${what} (${order}). ✉️ You have mail.` }
}

function blocks(message: Message | undefined): readonly Block[] {
  const { content = [] } = message ?? {}
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

function textOf(message: Message | undefined): string {
  return blocks(message)
    .flatMap(({ text }) => (text === undefined ? [] : [text]))
    .join('\n')
}

/** The events of one reply: https://docs.anthropic.com/en/docs/build-with-claude/streaming */
async function stream(response: ServerResponse, say: Say, model: string, newId: () => string): Promise<void> {
  const send = async (type: string, data: object): Promise<void> => {
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const usage = {
    input_tokens: 20,
    cache_read_input_tokens: 100,
    cache_creation_input_tokens: 0,
    output_tokens: 1,
  }
  const message = { id: `msg_${newId()}`, type: 'message', role: 'assistant', model, content: [], usage }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': `req_${newId()}` })
  await send('message_start', { message: { ...message, stop_reason: null, stop_sequence: null } })
  const content =
    'text' in say
      ? [
          {
            start: { type: 'text', text: '' },
            deltas: say.text.split(/(?<= )/).map((text) => ({ type: 'text_delta', text })),
          },
        ]
      : say.calls.map(({ name, input }) => ({
          start: { type: 'tool_use', id: `toolu_${newId()}`, name, input: {} },
          deltas: JSON.stringify(input)
            .split(/(?<=:)/)
            .map((partial_json) => ({ type: 'input_json_delta', partial_json })),
        }))
  for (const [index, { start, deltas }] of content.entries()) {
    await send('content_block_start', { index, content_block: start })
    for (const delta of deltas) await send('content_block_delta', { index, delta })
    await send('content_block_stop', { index })
  }
  const stop_reason = 'text' in say ? 'end_turn' : 'tool_use'
  await send('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 30 } })
  await send('message_stop', {})
  response.end()
}

if (process.argv[1] === import.meta.filename) console.log((await serveModel()).url)
