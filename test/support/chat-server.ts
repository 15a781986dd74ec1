import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ChatMessage {
  readonly role: string
  readonly content: string | null
}

/** What a model does next: it says something, or calls a tool. */
export type Next = { readonly text: string } | { readonly call: readonly [name: string, given: object] }

export interface ChatServer {
  readonly url: string
  /** The `authorization` headers that came. */
  readonly keys: readonly string[]
  close(): Promise<void>
}

/** A model on this machine that speaks OpenAI Chat Completions (plain and streamed) and answers by rules. */
export async function serveChat(next: (messages: readonly ChatMessage[]) => Next): Promise<ChatServer> {
  const keys: string[] = []
  let count = 0
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      keys.push(request.headers.authorization ?? '')
      const { messages, model, stream } = JSON.parse(Buffer.concat(pieces).toString()) as {
        messages: readonly ChatMessage[]
        model: string
        stream?: boolean
      }
      const id = `chatcmpl-${++count}`
      const said = next(messages)
      if (stream === true && 'text' in said) {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        for (const word of said.text.split(/(?<= )/)) {
          const choices = [{ index: 0, delta: { content: word }, finish_reason: null }]
          response.write(
            `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', model, choices })}\n\n`,
          )
        }
        const choices = [{ index: 0, delta: {}, finish_reason: 'stop' }]
        response.write(`data: ${JSON.stringify({ id, object: 'chat.completion.chunk', model, choices })}\n\n`)
        response.end('data: [DONE]\n\n')
        return
      }
      const message =
        'text' in said
          ? { role: 'assistant', content: said.text }
          : { role: 'assistant', content: null, tool_calls: [callOf(`call_${count}`, said.call)] }
      const finish_reason = 'text' in said ? 'stop' : 'tool_calls'
      const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 }
      const choices = [{ index: 0, message, finish_reason }]
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ id, object: 'chat.completion', model, choices, usage }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function callOf(id: string, [name, given]: readonly [string, object]): object {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(given) } }
}
