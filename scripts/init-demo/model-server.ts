import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Scenario, Turn } from './scenarios.ts'

/** A model on loopback that says what its scenarios say, in the format of OpenAI's chat completions. */
export interface ModelServer {
  /** For `OPENAI_BASE_URL`. */
  readonly url: string
  close(): Promise<void>
}

/** Starts it. What it says depends on the question and on how often the model has spoken, and on nothing else. */
export async function startModel(scenarios: readonly Scenario[]): Promise<ModelServer> {
  const server = createServer((request, response) => {
    bodyOf(request)
      .then((asked) => answer(response, answerTo(asked, scenarios)))
      .catch((error: Error) => response.destroy(error))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)))
        server.closeAllConnections()
      }),
  }
}

function answer(response: ServerResponse, completion: object | undefined): void {
  // No date: what is recorded of the same run is the same text.
  response.sendDate = false
  response.writeHead(completion === undefined ? 404 : 200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(completion ?? { error: { message: 'That was not in the script.' } }))
}

interface Asked {
  readonly model: string
  readonly messages: readonly { readonly role: string; readonly content: string | null }[]
}

function answerTo({ model, messages }: Asked, scenarios: readonly Scenario[]): object | undefined {
  const question = messages.find(({ role }) => role === 'user')?.content
  const spoken = messages.filter(({ role }) => role === 'assistant').length
  const scenario = scenarios.find((one) => one.question === question)
  const turn = scenario?.turns[spoken]
  if (scenario === undefined || turn === undefined) return undefined
  const name = `${scenario.id}-${spoken + 1}`
  const said = JSON.stringify(turn).length
  const read = JSON.stringify(messages).length
  return {
    id: `chatcmpl-${name}`,
    object: 'chat.completion',
    created: 1_763_715_600,
    model,
    choices: [
      {
        index: 0,
        message: messageOf(turn, name),
        logprobs: null,
        finish_reason: typeof turn === 'string' ? 'stop' : 'tool_calls',
      },
    ],
    // About four characters a token, as with English text.
    usage: usageOf(Math.ceil(read / 4), Math.ceil(said / 4)),
  }
}

function messageOf(turn: Turn, name: string): object {
  const message = { role: 'assistant', refusal: null, annotations: [] }
  if (typeof turn === 'string') return { ...message, content: turn }
  const calls = turn.map(([tool, argument, value], index) => ({
    id: `call_${name}-${index + 1}`,
    type: 'function',
    function: { name: tool, arguments: JSON.stringify({ [argument]: value }) },
  }))
  return { ...message, content: null, tool_calls: calls }
}

function usageOf(prompt: number, completion: number): object {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  }
}

async function bodyOf(request: IncomingMessage): Promise<Asked> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
  return JSON.parse(body) as Asked
}
