import { defined } from '../../lib/defined.ts'
import { canonicalJson } from '../../lib/json.ts'
import type { LlmRequest } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import { anthropicMessages } from '../../tap/wire/anthropic-messages.ts'
import { isRecord, listIn, recordIn } from '../../tap/wire/text.ts'
import { type ClaudeLine, type PlacedLine, timeOf } from './claude-line.ts'

type Carried = Omit<LlmRequest, 'messages'>

/** What a session tells of its requests beside the messages. */
export interface Requests {
  /** Of the reply in this line: what was sent, and when. */
  of(line: ClaudeLine): { readonly request: Carried; readonly at?: string | undefined } | undefined
  /** What an agent's requests carried last; '' is the session's own agent. */
  last(agent: string): Carried | undefined
  /** What the session cost, as Claude Code counted; absent where it did not know all prices. */
  readonly costUsd: number | undefined
}

/**
 * Newer versions write `api-request-shape` (system prompt and tools, by hash) and `api-request` (parameters, and the hash
 * of its shape), older ones a `prompt_snapshot` when it changes, and the oldest nothing.
 */
export function requestsIn(lines: readonly PlacedLine[]): Requests {
  const shapes = new Map<string, Json | undefined>()
  const sent = new Map<string, { readonly request: Carried; readonly at?: string | undefined }>()
  const snapshots = new Map<string, Carried>()
  const exact = new Map<string, Carried>()
  let costUsd: number | undefined
  for (const { line, raw } of lines) {
    const told = recordIn(raw)
    const agent = line.isSidechain ? (line.agentId ?? 'sidechain') : ''
    if (line.type === 'api-request-shape' && typeof told.shapeHash === 'string')
      shapes.set(told.shapeHash, told.shape)
    if (line.type === 'api-request' && typeof told.id === 'string') {
      const { system, tools } = recordIn(shapes.get(typeof told.shapeHash === 'string' ? told.shapeHash : ''))
      const request = carried(recordIn(told.params), system, tools)
      if (request !== undefined) sent.set(told.id, { request, ...defined({ at: timeOf(line) }) })
    }
    if (line.type === 'cost-state') {
      const known =
        typeof told.totalCostUSD === 'number' && told.totalCostUSD >= 0 && told.hasUnknownModelCost !== true
      costUsd = known ? Number(told.totalCostUSD) : undefined
    }
    const snapshot = recordIn(told.attachment)
    if (snapshot.type === 'prompt_snapshot') {
      const tools = Array.isArray(snapshot.tools)
        ? listIn(snapshot.tools).map((tool) => recordIn(tool).schema ?? null)
        : undefined
      const system = listIn(snapshot.systemPrompt).map((text) =>
        typeof text === 'string' ? { type: 'text', text } : text,
      )
      const request = carried({}, system, tools)
      if (request !== undefined) snapshots.set(agent, { ...snapshots.get(agent), ...request })
    }
    const asked = line.requestRef === undefined ? undefined : sent.get(line.requestRef)
    if (line.type === 'assistant' && asked !== undefined) exact.set(agent, asked.request)
  }
  return {
    of: ({ requestRef }) => (requestRef === undefined ? undefined : sent.get(requestRef)),
    last: (agent) => exact.get(agent) ?? snapshots.get(agent),
    costUsd,
  }
}

/** Absent where it is not as the API takes it; what is not told stays out. */
function carried(
  params: { readonly [name: string]: Json | undefined },
  system?: Json,
  tools?: Json,
): Carried | undefined {
  try {
    const body = { ...params, ...defined({ system, tools }), messages: [] }
    const { messages: _, ...request } = anthropicMessages.readRequest(body)
    // Throws where JSON cannot say it.
    canonicalJson(request)
    const { system: prompt, tools: offered, parameters, ...rest } = request
    return {
      ...rest,
      ...(system === undefined || prompt === undefined ? {} : { system: prompt }),
      ...(tools === undefined || offered === undefined ? {} : { tools: offered }),
      ...(isRecord(parameters) && Object.keys(parameters).length > 0 ? { parameters } : {}),
    }
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
