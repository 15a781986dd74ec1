import { copyJson, jsonCopy } from '../../lib/json.ts'
import { thrownAs } from '../../lib/thrown.ts'
import { toolKey } from '../../replay/tool-tape.ts'
import type { ToolReply, ToolRequest } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { RecordedRead } from '../../schema/verify.ts'
import type { LiveAnswer } from './compare.ts'

/** A tool as it runs today. */
export type LiveTool = (given: Json) => unknown

export interface AskSettings {
  /** Calls that are under way at once. */
  readonly concurrency: number
  /** Milliseconds a call may take. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Makes of a live reply what a recording would hold. */
  readonly redact: <T>(value: T) => T
}

/**
 * Asks live tools what recorded reads asked, each call once however often it was recorded. Never throws for anything a
 * tool does. What a stopped run did not come to has no answer. Answers by `toolKey`.
 */
export async function askLive(
  reads: readonly RecordedRead[],
  tools: ReadonlyMap<string, LiveTool>,
  settings: AskSettings,
): Promise<ReadonlyMap<string, LiveAnswer>> {
  const left = new Map<string, ToolRequest>()
  for (const { request, incomparable } of reads) {
    if (incomparable === undefined) left.set(toolKey(request), request)
  }
  const queue = [...left]
  const answers = new Map<string, LiveAnswer>()
  async function work(): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (settings.signal.aborted) return
      const [key, request] = next
      answers.set(key, await askOne(request, tools.get(request.name), settings))
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, settings.concurrency) }, work))
  return answers
}

async function askOne(
  { name, arguments: given }: ToolRequest,
  tool: LiveTool | undefined,
  { timeoutMs, redact }: AskSettings,
): Promise<LiveAnswer> {
  if (tool === undefined) return { failed: `there is no live tool "${name}"` }
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<LiveAnswer>((resolve) => {
    timer = setTimeout(() => resolve({ failed: `no answer after ${timeoutMs} ms` }), timeoutMs)
  })
  try {
    return await Promise.race([called(tool, given), late]).then((answer) => redact(answer))
  } finally {
    clearTimeout(timer)
  }
}

async function called(tool: LiveTool, given: Json): Promise<LiveAnswer> {
  let returned: unknown
  try {
    returned = await tool(copyJson(given))
  } catch (error) {
    // Spelled as `tool()` records it: what was thrown then can be the same today.
    return { reply: { response: { thrown: thrownAs(error) }, isError: true } }
  }
  try {
    const response = (returned === undefined ? null : jsonCopy(returned)) as ToolReply['response']
    return { reply: { response, isError: false } }
  } catch {
    return { failed: 'it returns something that JSON cannot say' }
  }
}
