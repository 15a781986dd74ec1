import type { IncomingMessage, ServerResponse } from 'node:http'
import { readJson } from '../../lib/json.ts'
import { thrownAs } from '../../lib/thrown.ts'
import type { ToolReply } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { ToolDefinition } from '../../schema/tool.ts'
import { TapAborted } from '../tap.ts'
import { type Body, isRecord } from '../wire/text.ts'
import { answerJson, readBody, refuse } from './answer-json.ts'
import { askingOf } from './asking.ts'
import type { Asking, Runs } from './runs.ts'

/** Bytes of one message, as for other tool calls. */
const mostBytes = 16 * 1024 * 1024
/** Messages of one batch. */
const mostMessages = 100

/** The first revision without a handshake (modelcontextprotocol.io, "server/discover"): each request names it. */
const stateless = '2026-07-28'
/** Revisions that begin with `initialize`, newest first. */
const handshaken = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']
const revisionKey = 'io.modelcontextprotocol/protocolVersion'
const serverInfo = { name: 'evalkit', version: '1' }

/** Codes of JSON-RPC 2.0, and of the protocol's own for a revision that is not spoken. */
const codes = { unreadable: -32700, invalid: -32600, unknownMethod: -32601, wrong: -32602, refused: -32000 }
const unsupportedRevision = -32022

/**
 * An MCP server in a run that is played again (modelcontextprotocol.io, "Streamable HTTP", without sessions or streams of
 * its own): it lists the tools the recorded model was told of, and `tools/call` meets the tap, whatever server once had the
 * tool. What the tap refuses is an error of the protocol, which no client tries again. A result that an MCP server gave
 * when it was recorded is given whole; one of another kind of tool becomes its text.
 */
export async function answerMcp(
  request: IncomingMessage,
  response: ServerResponse,
  asking: Asking,
  runs: Runs,
): Promise<void> {
  if (request.method === 'DELETE') {
    response.writeHead(204).end()
    return
  }
  if (request.method !== 'POST') {
    response.setHeader('allow', 'POST, DELETE')
    refuse(response, 405, 'This MCP server is asked with POST, and says nothing of its own accord.')
    return
  }
  const body = await readBody(request, response, mostBytes)
  if (body === undefined) return
  const read = readJson(body.toString('utf8'))
  const isBatch = read.ok && Array.isArray(read.value)
  const messages: readonly unknown[] = !read.ok ? [] : isBatch ? (read.value as unknown[]) : [read.value]
  if (messages.length === 0 || messages.length > mostMessages || !messages.every(isRecord)) {
    const code = read.ok ? codes.invalid : codes.unreadable
    answerJson(response, 400, failure(null, code, 'The body must be a JSON-RPC message, or a few of them.'))
    return
  }
  const answers: object[] = []
  for (const message of messages) {
    const answer = await answered(message, asking, runs)
    if (answer !== undefined) answers.push(answer)
  }
  const [first] = answers
  if (first === undefined) response.writeHead(202).end()
  else answerJson(response, statusOf(first), isBatch ? answers : first)
}

/** What is said to one message; `undefined` where it asks nothing. */
async function answered(message: Body, asking: Asking, runs: Runs): Promise<object | undefined> {
  const { id, method, params } = message
  if (typeof method !== 'string' || id === undefined || id === null) return undefined
  const given = isRecord(params) ? params : {}
  const meta = isRecord(given._meta) ? given._meta : {}
  const revision = meta[revisionKey]
  const isStateless = revision !== undefined
  if (isStateless && ![stateless, ...handshaken].some((one) => one === revision)) {
    const data = { supported: [stateless, ...handshaken], requested: revision }
    return failure(id, unsupportedRevision, 'Unsupported protocol version', data)
  }
  const whole = isStateless ? { resultType: 'complete' } : {}
  const result = (said: object): object => ({ jsonrpc: '2.0', id, result: said })
  const lasting = isStateless ? { ...whole, ttlMs: 0, cacheScope: 'private' } : {}
  switch (method) {
    case 'initialize':
      return result({
        protocolVersion: handshaken.find((one) => one === given.protocolVersion) ?? handshaken[0],
        capabilities: { tools: {} },
        serverInfo,
      })
    case 'server/discover':
      return result({
        supportedVersions: [stateless, ...handshaken],
        capabilities: { tools: {} },
        serverInfo,
        ...lasting,
      })
    case 'ping':
      return result(whole)
    case 'tools/list':
      return result({ tools: (runs.tools?.(asking) ?? []).map(listed), ...lasting })
    case 'tools/call':
      return called(id, given, { ...asking, ...carriedIn(meta) }, runs, whole)
    default:
      return failure(id, codes.unknownMethod, `This server has tools, and no ${method.slice(0, 100)}.`)
  }
}

async function called(
  id: Json,
  { name, arguments: given = {} }: Body,
  asking: Asking,
  runs: Runs,
  whole: object,
): Promise<object> {
  if (typeof name !== 'string' || name === '') return failure(id, codes.wrong, 'Which tool?')
  const { tap, leave } = runs.enter(asking)
  try {
    const said = resultOf(await tap.handle('tool', { name, arguments: given }, {}))
    if ('error' in said) return { jsonrpc: '2.0', id, error: said.error }
    return { jsonrpc: '2.0', id, result: { ...whole, ...said.result } }
  } catch (error) {
    if (!TapAborted.is(error)) throw error
    return failure(id, codes.refused, thrownAs(error).message)
  } finally {
    leave()
  }
}

/** What a tool brought, as MCP says it. */
function resultOf({ response, isError }: ToolReply): { readonly result: Body } | { readonly error: Json } {
  if (isRecord(response)) {
    if (
      Array.isArray(response.content) &&
      response.content.every((part) => isRecord(part) && 'type' in part)
    ) {
      return { result: response }
    }
    // As `evalkit mcp record` keeps an error of the protocol.
    if (isError && isRecord(response.error) && typeof response.error.code === 'number') {
      return { error: response.error }
    }
  }
  const text = typeof response === 'string' ? response : JSON.stringify(response)
  const structured = isRecord(response) ? { structuredContent: response } : {}
  return { result: { content: [{ type: 'text', text }], ...structured, isError } }
}

/** A definition as `tools/list` has it. */
function listed({ name, description, inputSchema }: ToolDefinition): object {
  return {
    name,
    ...(description === undefined ? {} : { description }),
    inputSchema: { type: 'object', ...inputSchema },
  }
}

/** Trace context may travel in a message instead of its headers (revision 2026-07-28). */
function carriedIn({ traceparent, baggage }: Body): Asking {
  const headers = {
    ...(typeof traceparent === 'string' ? { traceparent } : {}),
    ...(typeof baggage === 'string' ? { baggage } : {}),
  }
  const carried = askingOf(headers)
  return typeof carried === 'string' ? {} : carried
}

function failure(id: Json, code: number, message: string, data?: Json): object {
  return { jsonrpc: '2.0', id, error: { code, message, ...(data === undefined ? {} : { data }) } }
}

/** Only a revision that is not spoken is told by the status as well: that is how clients look for another. */
function statusOf(answer: object): number {
  return 'error' in answer && isRecord(answer.error) && answer.error.code === unsupportedRevision ? 400 : 200
}
