import { contentHash } from '../../lib/hash.ts'
import { readJson } from '../../lib/json.ts'
import type { ToolReply } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { Tap } from '../tap.ts'
import { type Body, isRecord } from '../wire/text.ts'

/**
 * Reads along with one client and one server that speak the Model Context Protocol: JSON-RPC 2.0, one message or a
 * batch at a time (modelcontextprotocol.io, revisions 2024-11-05 to 2026-07-28). Only tools are its business; what it
 * cannot read it leaves alone. Nothing here throws.
 */
export interface McpCalls {
  /** The client said this. `scope`: the exchange it belongs to, where ids are only unique within one. */
  asked(text: string, scope?: string): void
  /** The server said this. */
  answered(text: string, scope?: string): void
  /** Nothing more comes for the calls of this exchange. */
  over(scope: string, why: string): void
  /** Nothing more comes at all. */
  close(why: string): void
  /** What the session told of itself: the tools as they were listed, the hash of each, the server, the protocol. */
  facts(): { readonly [key: string]: Json }
}

interface Pending {
  readonly scope: string
  answer(message: Body): void
  fail(why: string): void
}

/** Characters of tool definitions that are kept on the trace. */
const mostFacts = 512 * 1024

/** Meets the tap with the tool calls of a session, each as it is made. */
export function mcpCalls(tap: Tap): McpCalls {
  /** By id; a client that uses one twice gets its answers in order. */
  const pending = new Map<string, Pending[]>()
  const tools = new Map<string, Json>()
  const said: { [key: string]: Json } = {}

  function ask(message: Body, scope: string): void {
    const { id, method, params } = message
    if (method === 'notifications/cancelled' && isRecord(params)) {
      take(params.requestId, scope)?.fail('The client cancelled the call.')
    }
    if (id === undefined || id === null) return
    const given = isRecord(params) ? params : {}
    if (method === 'tools/call') callTool(id, given, scope)
    else if (method === 'tools/list') listTools(id, given, scope)
    else if (method === 'initialize')
      wait(
        id,
        scope,
        (answer) => meet(answer),
        () => undefined,
      )
  }

  function callTool(id: Json, { name, arguments: given = {} }: Body, scope: string): void {
    const request = { name: typeof name === 'string' ? name : '', arguments: given }
    const live = (): Promise<ToolReply> =>
      new Promise((resolve, reject) => {
        wait(
          id,
          scope,
          (answer) => resolve(replyIn(answer)),
          (why) => reject(new Error(why)),
        )
      })
    // How it failed is recorded; there is nobody else to tell.
    tap.handle('tool', request, { live }).catch(() => undefined)
  }

  function listTools(id: Json, params: Body, scope: string): void {
    const part = { kind: 'custom', name: 'tools/list', input: params } as const
    const listed = tap.within(
      part,
      () =>
        new Promise<Json>((resolve, reject) => {
          wait(
            id,
            scope,
            (answer) => {
              note(answer)
              resolve(answer.result ?? { error: answer.error ?? null })
            },
            (why) => reject(new Error(why)),
          )
        }),
    )
    listed.catch(() => undefined)
  }

  function wait(id: Json, scope: string, answer: Pending['answer'], fail: Pending['fail']): void {
    const key = JSON.stringify(id)
    pending.set(key, [...(pending.get(key) ?? []), { scope, answer, fail }])
  }

  /** The call of this id: of this exchange, else, where the answer came another way, of any. */
  function take(id: Json | undefined, scope: string): Pending | undefined {
    const key = JSON.stringify(id ?? null)
    const waiting = pending.get(key) ?? []
    const found = waiting.find((one) => one.scope === scope) ?? (scope === '' ? waiting[0] : undefined)
    if (found === undefined) return undefined
    const left = waiting.filter((one) => one !== found)
    if (left.length === 0) pending.delete(key)
    else pending.set(key, left)
    return found
  }

  function meet({ result }: Body): void {
    if (!isRecord(result)) return
    if (result.serverInfo !== undefined) said['mcp.server'] = result.serverInfo
    if (typeof result.protocolVersion === 'string') said['mcp.protocol'] = result.protocolVersion
  }

  function note({ result }: Body): void {
    if (!isRecord(result) || !Array.isArray(result.tools)) return
    for (const tool of result.tools as readonly Json[]) {
      if (isRecord(tool) && typeof tool.name === 'string') tools.set(tool.name, tool)
    }
  }

  function end(why: string, scope?: string): void {
    for (const [key, waiting] of pending) {
      const left = waiting.filter((one) => scope !== undefined && one.scope !== scope)
      if (left.length === 0) pending.delete(key)
      else pending.set(key, left)
      for (const one of waiting) if (!left.includes(one)) one.fail(why)
    }
  }

  return {
    asked(text, scope = '') {
      for (const message of messagesIn(text)) if (typeof message.method === 'string') ask(message, scope)
    },
    answered(text, scope = '') {
      for (const message of messagesIn(text)) {
        // What has a method is the server's own request: its ids are another matter.
        if (message.method === undefined && message.id !== undefined) take(message.id, scope)?.answer(message)
      }
    },
    over: (scope, why) => end(why, scope),
    close: (why) => end(why),
    facts() {
      if (tools.size === 0) return { ...said }
      const definitions = [...tools.values()]
      const hashes = Object.fromEntries([...tools].map(([name, tool]) => [name, contentHash(tool)]))
      const fits = JSON.stringify(definitions).length <= mostFacts
      return { ...said, 'evalkit.tools': hashes, ...(fits ? { 'mcp.tools': definitions } : {}) }
    },
  }
}

/** A result is what the tool brought, whole; an error of the protocol is a failure of the tool. */
function replyIn({ result, error }: Body): ToolReply {
  if (error !== undefined) return { response: { error }, isError: true }
  const response = result ?? null
  return { response, isError: isRecord(response) && response.isError === true }
}

function messagesIn(text: string): readonly Body[] {
  const read = readJson(text)
  if (!read.ok) return []
  const all: readonly unknown[] = Array.isArray(read.value) ? read.value : [read.value]
  return all.filter(isRecord)
}
