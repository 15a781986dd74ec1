import type { IncomingMessage, ServerResponse } from 'node:http'
import { thrownAs } from '../../lib/thrown.ts'
import type { Json } from '../../schema/json.ts'
import type { ToolReply, ToolRequest } from '../../schema/call.ts'
import { answerJson, readMembers, refuse } from './answer-json.ts'
import type { Asking, Runs } from './runs.ts'

/** Bytes of one tool call's arguments, or of its result. */
const mostBytes = 16 * 1024 * 1024
/** Calls whose result has not been told yet. */
const mostPending = 1000

/** The tool endpoint: where a program in any language meets the tap with its tools, in two steps. */
export interface ToolEndpoint {
  /** `path` is what follows `/tools`. */
  answer(request: IncomingMessage, response: ServerResponse, path: string, asking: Asking): Promise<void>
  /** Calls nobody told the result of are over. */
  close(): void
}

/**
 * `POST /tools/<name>` with `{"arguments": …}` asks what to do: `{"run": true, "call": "c1"}` means run the tool, and
 * tell what came of it with `POST /tools/calls/c1` and `{"response": …, "isError"?: true}`; `{"run": false,
 * "response": …, "isError": …}` is the recorded result, and the tool must not run. Anything else is an error, with
 * `{"error": {"message": …}}`: the program cannot go on.
 */
export function toolEndpoint(runs: Runs): ToolEndpoint {
  const pending = new Map<string, Pending>()
  let count = 0

  async function ask(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    asking: Asking,
  ): Promise<void> {
    const said = await readMembers(request, response, mostBytes)
    if (said === undefined) return
    const asked = toolRequest(name, said)
    if (typeof asked === 'string') {
      refuse(response, 400, asked)
      return
    }
    if (pending.size >= mostPending) {
      refuse(response, 429, `${mostPending} tool calls wait for their results.`, { again: true })
      return
    }
    const { tap, leave } = runs.enter(asking)
    const call = `c${++count}`
    const live = (): Promise<ToolReply> =>
      new Promise((resolve, reject) => {
        pending.set(call, { resolve, reject })
        answerJson(response, 200, { run: true, call })
      })
    try {
      const reply = await tap.handle('tool', asked, { live })
      if (!response.headersSent) answerJson(response, 200, { run: false, ...reply })
    } catch (error) {
      if (!response.headersSent) refuse(response, 400, sayOf(error), { type: 'evalkit_replay' })
    } finally {
      pending.delete(call)
      leave()
    }
  }

  async function tell(request: IncomingMessage, response: ServerResponse, call: string): Promise<void> {
    const said = await readMembers(request, response, mostBytes)
    if (said === undefined) return
    const { response: result, isError = false } = said
    if (result === undefined || typeof isError !== 'boolean') {
      refuse(response, 400, 'Tell {"response": …}, and "isError": true where the tool failed.')
      return
    }
    const waiting = pending.get(call)
    if (waiting === undefined) {
      refuse(response, 404, `No tool call ${call.slice(0, 40)} waits for its result.`)
      return
    }
    pending.delete(call)
    waiting.resolve({ response: result, isError })
    response.writeHead(204).end()
  }

  return {
    async answer(request, response, path, asking) {
      const [, name = '', call, ...rest] = path.split('/')
      const known = decoded(name)
      if (request.method !== 'POST' || rest.length > 0 || known === undefined || known === '') {
        refuse(response, request.method === 'POST' ? 404 : 405, 'POST /tools/<name> or /tools/calls/<call>.')
      } else if (call === undefined) await ask(request, response, known, asking)
      else if (name === 'calls') await tell(request, response, call)
      else refuse(response, 404, 'POST /tools/<name> or /tools/calls/<call>.')
    },
    close() {
      for (const waiting of pending.values())
        waiting.reject(new Error('The result of the tool was never told.'))
      pending.clear()
    },
  }
}

interface Pending {
  resolve(reply: ToolReply): void
  reject(error: Error): void
}

/** The call, or what is wrong with how it was asked. */
function toolRequest(name: string, said: { readonly [key: string]: Json | undefined }): ToolRequest | string {
  const { arguments: given, id } = said
  if (name.length > 200) return 'The name of the tool is too long.'
  if (given === undefined) return 'Ask with {"arguments": …}: what the tool is called with.'
  if (id !== undefined && typeof id !== 'string') return '"id" is the id of the model’s tool call: a text.'
  return { name, arguments: given, ...(id === undefined ? {} : { id }) }
}

function sayOf(error: unknown): string {
  return thrownAs(error).message
}

function decoded(name: string): string | undefined {
  try {
    return decodeURIComponent(name)
  } catch {
    return undefined
  }
}
