import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readJson } from '../../lib/json.ts'
import { oneLine } from '../../lib/text.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Json } from '../../schema/json.ts'
import { type Body, isRecord } from '../wire/text.ts'
import { lineReader } from './lines.ts'

/** The tools of an MCP server, as its `tools/list` has them. */
export interface McpListing {
  /** What the server calls itself; empty where it does not say. */
  readonly server: string
  readonly tools: readonly Json[]
}

export interface ListMcpOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds for everything together. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** The revision we speak; a server that has another answers with its own, and `tools/list` is the same in all. */
const protocolVersion = '2025-11-25'

/** Pages of `tools/list`, and tools: a server that never ends is none. */
const mostPages = 100
const mostTools = 2000
/** Characters of one answer. */
const longestLine = 8 * 1024 * 1024
/** Milliseconds between asking a server to go and making it. */
const grace = 1_000

/**
 * Starts an MCP server over stdio (modelcontextprotocol.io, transports), asks for its tools, and ends it. No tool is
 * called. Throws `EVK_USAGE` where it cannot be started, and `EVK_MCP_FAILED` where it says no, nothing, or no MCP.
 */
export async function listMcpTools(options: ListMcpOptions): Promise<McpListing> {
  const { command, args, cwd, env } = options
  const server = spawn(command, [...args], { cwd, env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  const closed = once(server, 'close').catch(() => undefined)
  await startedOrUsage(server, command)
  const client = clientOf(server)
  const stop = (why: string): void => client.fail(why)
  const timer = setTimeout(() => stop(`it did not answer within ${options.timeoutMs} ms`), options.timeoutMs)
  const aborted = (): void => stop('evalkit was stopped')
  options.signal.addEventListener('abort', aborted, { once: true })
  try {
    return await listingOf(client)
  } finally {
    clearTimeout(timer)
    options.signal.removeEventListener('abort', aborted)
    await ended(server, closed)
  }
}

/**
 * The tools in what was recorded of MCP: JSON-RPC messages one a line (bare, or as `message` of a log line), or one JSON
 * document that holds a `tools/list` result. Of a tool that was listed twice, the later. Pure; lines that are no JSON
 * are passed over, and where nothing was listed this is `undefined`.
 */
export function mcpToolsInLog(text: string): McpListing | undefined {
  const whole = readJson(text)
  const documents = whole.ok ? [whole.value] : text.split('\n').flatMap(valuesOf)
  const tools = new Map<string, Json>()
  let server = ''
  let isListed = false
  for (const document of documents.flatMap((one) => (Array.isArray(one) ? (one as unknown[]) : [one]))) {
    if (!isRecord(document)) continue
    const message = isRecord(document.message) ? document.message : document
    const result = isRecord(message.result) ? message.result : message
    if (isRecord(result.serverInfo) && typeof result.serverInfo.name === 'string')
      server = result.serverInfo.name
    if (!Array.isArray(result.tools)) continue
    isListed = true
    for (const tool of result.tools as readonly Json[]) {
      if (isRecord(tool) && typeof tool.name === 'string' && tools.size < mostTools)
        tools.set(tool.name, tool)
    }
  }
  return isListed ? { server: nameOf(server), tools: [...tools.values()] } : undefined
}

interface Client {
  request(method: string, params: Body): Promise<Body>
  notify(method: string): void
  fail(why: string): void
}

async function listingOf(client: Client): Promise<McpListing> {
  const { serverInfo } = await client.request('initialize', {
    protocolVersion,
    capabilities: {},
    clientInfo: { name: 'evalkit', version: '1' },
  })
  client.notify('notifications/initialized')
  const server = isRecord(serverInfo) && typeof serverInfo.name === 'string' ? serverInfo.name : ''
  const tools: Json[] = []
  let cursor: Json | undefined
  for (let page = 0; page < mostPages; page++) {
    const result = await client.request('tools/list', cursor === undefined ? {} : { cursor })
    if (!Array.isArray(result.tools)) throw failed('its tools/list holds no list of tools')
    tools.push(...(result.tools as readonly Json[]).slice(0, mostTools - tools.length))
    cursor = result.nextCursor
    if (typeof cursor !== 'string' || cursor === '') return { server: nameOf(server), tools }
    if (tools.length >= mostTools) throw failed(`it lists more than ${mostTools} tools`)
  }
  throw failed(`its tools/list has more than ${mostPages} pages`)
}

function clientOf(server: ChildProcess): Client {
  const waiting = new Map<number, { resolve: (result: Body) => void; reject: (error: Error) => void }>()
  let last = ''
  let why: string | undefined
  let id = 0
  const fail = (reason: string): void => {
    why ??= reason
    for (const { reject } of waiting.values()) reject(failed(why, last))
    waiting.clear()
  }
  const say = (message: Body): void => {
    if (server.stdin?.writable === true)
      server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  }
  server.stderr?.on('data', (bytes: Buffer) => (last = `${last}${bytes.toString('utf8')}`.slice(-2000)))
  server.stdin?.on('error', () => undefined)
  server.on('close', (code) => fail(`it ended (exit code ${code ?? 'none'})`))
  const heard = (line: string): void => {
    const read = readJson(line)
    const all: readonly unknown[] = read.ok ? [read.value].flat() : []
    for (const message of all) {
      if (!isRecord(message)) continue
      if (message.method !== undefined) {
        answer(message, say)
        continue
      }
      const asked = typeof message.id === 'number' ? waiting.get(message.id) : undefined
      if (asked === undefined) continue
      waiting.delete(Number(message.id))
      if (isRecord(message.result)) asked.resolve(message.result)
      else asked.reject(failed(`it refused: ${oneLine(JSON.stringify(message.error ?? null), 300)}`, last))
    }
  }
  server.stdout?.on(
    'data',
    lineReader(heard, () => fail('it said too much in one line'), longestLine),
  )
  return {
    request: (method, params) =>
      new Promise((resolve, reject) => {
        if (why !== undefined) {
          reject(failed(why, last))
          return
        }
        id++
        waiting.set(id, { resolve, reject })
        say({ id, method, params })
      }),
    notify: (method) => say({ method }),
    fail,
  }
}

/** A server may ask, too. We are there, and have nothing else to offer. */
function answer({ id, method }: Body, say: (message: Body) => void): void {
  if (id === undefined || id === null) return
  if (method === 'ping') say({ id, result: {} })
  else say({ id, error: { code: -32601, message: 'evalkit only lists tools' } })
}

/** Its input ends, as the protocol has it; a server that stays is made to go. */
async function ended(server: ChildProcess, closed: Promise<unknown>): Promise<void> {
  server.stdin?.end()
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), grace)
    })
    const how = await Promise.race([closed, late])
    clearTimeout(timer)
    if (how !== 'late') return
    server.kill(signal)
  }
  // A child of the server may hold its output open: it is not ours to wait for.
  server.stdout?.destroy()
  server.stderr?.destroy()
}

async function startedOrUsage(server: ChildProcess, command: string): Promise<void> {
  try {
    await once(server, 'spawn')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new EvalkitError('EVK_USAGE', `"${oneLine(command, 200)}" cannot be started (${code}).`, {
      hint: 'Name the server as you would start it: evalkit tools snapshot --from mcp -- node server.mjs',
      cause,
    })
  }
}

function failed(why: string, said = ''): EvalkitError {
  const last = oneLine(said.split('\n').filter(Boolean).at(-1) ?? '', 300)
  return new EvalkitError('EVK_MCP_FAILED', `The MCP server did not list its tools: ${why}.`, {
    details: last === '' ? [] : [`it said last: ${last}`],
  })
}

/** As it is kept in a file, and printed. */
function nameOf(server: string): string {
  return oneLine(server, 80)
}

function valuesOf(line: string): readonly unknown[] {
  if (line.trim() === '') return []
  const read = readJson(line)
  return read.ok ? [read.value] : []
}
