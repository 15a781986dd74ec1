import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a judge's model is asked, as it came over the wire. */
export interface Asked {
  readonly provider: 'anthropic' | 'openai'
  readonly model: string
  readonly system: string
  readonly user: string
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: IncomingHttpHeaders
  /** Which request of this server it is, from 1. */
  readonly nth: number
}

/** What a server does with a question. */
export type Served =
  | { readonly fields: unknown }
  | { readonly text: string }
  | { readonly refusal: string }
  /** Stops at the limit of tokens. */
  | { readonly cutText: string }
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly error?: string }
  /** As it stands, with status 200. */
  | { readonly raw: string }
  /** The connection breaks in the middle of the body. */
  | { readonly broken: string }
  | { readonly silence: 'head' | 'body' }

export interface ModelServer {
  readonly url: string
  readonly asked: readonly Asked[]
  close(): Promise<void>
}

/** A model on this machine that speaks Anthropic Messages (`/v1/messages`) and OpenAI Chat Completions. */
export async function serveModel(answer: (asked: Asked) => Served): Promise<ModelServer> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>
      const provider = request.url?.endsWith('/messages') === true ? 'anthropic' : 'openai'
      const one = {
        ...rolesIn(body),
        provider,
        body,
        headers: request.headers,
        nth: asked.length + 1,
      } as const
      asked.push(one)
      serve(response, one, answer(one))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** What its two roles say, whoever's format it is. */
function rolesIn(body: Readonly<Record<string, unknown>>): { model: string; system: string; user: string } {
  const messages = body['messages'] as readonly { role: string; content: string }[]
  const of = (role: string): string =>
    messages
      .filter((message) => message.role === role)
      .map(({ content }) => content)
      .join('\n')
  const system = typeof body['system'] === 'string' ? body['system'] : of('system')
  return { model: String(body['model']), system, user: of('user') }
}

function serve(response: ServerResponse, asked: Asked, served: Served): void {
  const json = { 'content-type': 'application/json' }
  if ('silence' in served) {
    if (served.silence === 'body') response.writeHead(200, json).write('{"id":')
    return
  }
  if ('status' in served) {
    const error = {
      type: 'error',
      error: { type: 'some_error', message: served.error ?? 'no', code: served.error },
    }
    response.writeHead(served.status, { ...json, ...served.headers }).end(JSON.stringify(error))
    return
  }
  if ('broken' in served) {
    response.writeHead(200, { ...json, 'content-length': String(served.broken.length + 100) })
    response.write(served.broken, () => response.destroy())
    return
  }
  response.writeHead(200, json).end('raw' in served ? served.raw : replyOf(asked, served))
}

/** A reply in the format that was asked in. */
export function replyOf(
  { provider, model }: Pick<Asked, 'provider' | 'model'>,
  served: Extract<Served, { fields: unknown } | { text: string } | { refusal: string } | { cutText: string }>,
): string {
  return JSON.stringify(provider === 'anthropic' ? anthropicReply(model, served) : openaiReply(model, served))
}

type Spoken = Parameters<typeof replyOf>[1]

function anthropicReply(model: string, served: Spoken): object {
  const usage = { input_tokens: 200, output_tokens: 20 }
  const message = (content: readonly object[], stop_reason: string): object => ({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason,
    usage,
  })
  if ('fields' in served) {
    return message([{ type: 'tool_use', id: 'toolu_1', name: 'verdict', input: served.fields }], 'tool_use')
  }
  if ('refusal' in served) return message([{ type: 'text', text: served.refusal }], 'refusal')
  if ('cutText' in served) return message([{ type: 'text', text: served.cutText }], 'max_tokens')
  return message([{ type: 'text', text: served.text }], 'end_turn')
}

function openaiReply(model: string, served: Spoken): object {
  const usage = { prompt_tokens: 200, completion_tokens: 20, total_tokens: 220 }
  const completion = (message: object, finish_reason: string): object => ({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model,
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }],
    usage,
  })
  if ('fields' in served) return completion({ content: JSON.stringify(served.fields) }, 'stop')
  if ('refusal' in served) return completion({ content: null, refusal: served.refusal }, 'stop')
  if ('cutText' in served) return completion({ content: served.cutText }, 'length')
  return completion({ content: served.text }, 'stop')
}
