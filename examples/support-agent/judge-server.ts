/**
 * A stand-in for the judge, so that the example is judged without a key: an HTTP server on loopback that speaks OpenAI Chat
 * Completions, and passes an answer that names the order of the ticket and says what became of it. It is no model, and is
 * called so: what is measured of it holds for these rules alone. `node judge-server.ts` prints its address.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Asked {
  readonly model: string
  readonly messages: readonly { readonly role: string; readonly content: string }[]
}

/** Answers requests from now on; the address it can be reached at, and how to stop it. */
export async function serveJudge(): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const { model, messages } = JSON.parse(Buffer.concat(pieces).toString()) as Asked
  const [ticket = '', said = ''] = dataIn(messages.find(({ role }) => role === 'user')?.content ?? '')
  const content = JSON.stringify(judged(ticket, said))
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }]
  const usage = { prompt_tokens: 300, completion_tokens: 30, total_tokens: 330 }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', model, choices, usage }))
}

/** What is shown, piece by piece: each stands on a line of its own between two delimiters. */
function dataIn(text: string): readonly string[] {
  return [...text.matchAll(/^<(data-\w+)>\n(.*)\n<\/\1>$/gm)].map((found) => found[2] ?? '')
}

function judged(ticket: string, said: string): { critique: string; verdict: 'pass' | 'fail' } {
  const order = /\bW\d+\b/.exec(ticket)?.[0]
  if (order === undefined || !said.includes(order)) {
    return {
      critique: `It does not name the order${order === undefined ? '' : ` ${order}`}.`,
      verdict: 'fail',
    }
  }
  const became = /refunded|cancelled|shipped|cannot find/.exec(said)?.[0]
  if (became === undefined)
    return { critique: `It names ${order}, and not what became of it.`, verdict: 'fail' }
  return { critique: `It names ${order}, and says: ${became}.`, verdict: 'pass' }
}

if (process.argv[1] === import.meta.filename) console.log((await serveJudge()).url)
