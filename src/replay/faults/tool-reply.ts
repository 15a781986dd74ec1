import type { ToolReply } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import { isRecord } from '../../tap/wire/text.ts'
import type { ToolShape } from './fault.ts'

/** A tool that failed with an exception, as `evalkit.tool` throws it again. */
export function thrown(name: string, message: string): ToolReply {
  return { response: { thrown: { name, message } }, isError: true }
}

/** A tool of an MCP server that says it failed (modelcontextprotocol.io, "Tools", error handling). */
export function mcpFailure(text: string): ToolReply {
  return { response: { content: [{ type: 'text', text }], isError: true }, isError: true }
}

/** An error of the protocol itself, with its code. */
export function mcpError(code: number, message: string): ToolReply {
  return { response: { error: { code, message } }, isError: true }
}

/** How a recorded reply looks. */
export function shapeOf({ response }: ToolReply): ToolShape {
  return contentOf(response) === undefined ? 'code' : 'mcp'
}

/**
 * A reply whose text is another one: a result that is text, or the first text of an MCP result. `undefined` where there
 * is none, or `change` gives none.
 */
export function withText(
  reply: ToolReply,
  change: (text: string) => string | undefined,
): ToolReply | undefined {
  const { response, isError } = reply
  if (typeof response === 'string') {
    const text = change(response)
    return text === undefined ? undefined : { response: text, isError }
  }
  const content = contentOf(response)
  const at = content?.findIndex((part) => isRecord(part) && typeof part.text === 'string') ?? -1
  const part = content?.[at]
  if (!isRecord(part) || typeof part.text !== 'string') return undefined
  const text = change(part.text)
  if (text === undefined) return undefined
  return withContent(reply, (all) => all.map((one, index) => (index === at ? { ...part, text } : one)))
}

/** An MCP result with other content; what it says again as structured content is left out. `undefined` where `change` gives none. */
export function withContent(
  { response, isError }: ToolReply,
  change: (content: readonly Json[]) => readonly Json[] | undefined,
): ToolReply | undefined {
  const content = contentOf(response)
  if (content === undefined || !isRecord(response)) return undefined
  const { structuredContent: _, ...rest } = response
  const changed = change(content)
  return changed === undefined ? undefined : { response: { ...rest, content: changed }, isError }
}

function contentOf(response: Json): readonly Json[] | undefined {
  if (!isRecord(response) || !Array.isArray(response.content)) return undefined
  const content = response.content as readonly Json[]
  return content.every((part) => isRecord(part) && 'type' in part) ? content : undefined
}
