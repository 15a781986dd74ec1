import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { json, type Json } from '../../schema/json.ts'
import { textOf } from '../../schema/message.ts'
import { anthropicMessages } from '../../tap/wire/anthropic-messages.ts'
import { recordIn } from '../../tap/wire/text.ts'
import { linesByAgent, startedAgents } from './claude-agents.ts'
import { between, claudeLine, isTurn, type PlacedLine, timeOf } from './claude-line.ts'
import { turnsOf } from './claude-turns.ts'
import type { Conversation, ConversationItem } from './conversation.ts'
import { headOf, said, skipped, smallOnly } from './foreign.ts'
import { importConversation } from './import-conversation.ts'
import type { Imported, Importer, Source } from './importer.ts'

/**
 * Messages of the Claude Agent SDK, one a line, as `query()` yields them: `system/init`, `assistant`, `user`, `result`
 * (https://docs.anthropic.com/en/docs/claude-code/sdk, "SDKMessage"). What a reply used is told when it begins, so its
 * output tokens are not known (a `stream_event` may tell); the `result` has the sums.
 */
export const agentSdk: Importer = {
  name: 'agent-sdk',
  description: 'Messages of the Claude Agent SDK, one a line: system/init, assistant, user, result.',
  looksFor: 'JSON lines with "type" and "session_id" of the Claude Agent SDK',

  detect: (source) => headOf(source).some((record) => 'value' in record && isSdkMessage(record.value)),

  *read(source) {
    const last = lastOfSessions(source)
    if (last.size === 0) {
      throw new EvalkitError('EVK_SCHEMA', `This is not ${agentSdk.looksFor}.`, { at: { file: source.file } })
    }
    const open = new Map<string, PlacedLine[]>()
    for (const record of source.records()) {
      if ('problem' in record) {
        yield skipped(record.at, record.problem)
        continue
      }
      const line = claudeLine.safeParse(record.value).data
      const session = line?.session_id
      if (line === undefined || session === undefined) {
        yield skipped(record.at, 'the line tells neither its type nor its session')
        continue
      }
      const own = open.get(session) ?? []
      open.set(session, own)
      own.push({ at: record.at, line, raw: json.parse(record.value) })
      if (last.get(session) !== record.at) continue
      open.delete(session)
      yield* importMessages(session, own, source.file)
    }
  },
}

/** Where the last line of each session stands: in memory are then the sessions that are open at the line that is read. */
function lastOfSessions(source: Source): ReadonlyMap<string, string> {
  const last = new Map<string, string>()
  for (const record of source.records()) {
    const session = 'value' in record ? claudeLine.safeParse(record.value).data?.session_id : undefined
    if (session !== undefined) last.set(session, record.at)
  }
  return last
}

const sign = z.union([
  z.looseObject({ type: z.literal('system'), subtype: z.literal('init'), session_id: z.string() }),
  z.looseObject({
    type: z.enum(['assistant', 'user']),
    session_id: z.string(),
    message: z.looseObject({ role: z.string() }),
    parent_tool_use_id: z.string().nullable(),
  }),
  z.looseObject({ type: z.literal('result'), session_id: z.string(), num_turns: z.number() }),
])

function isSdkMessage(value: unknown): boolean {
  return sign.safeParse(value).success
}

function* importMessages(session: string, lines: readonly PlacedLine[], file: string): Iterable<Imported> {
  const at = lines[0]?.at ?? ''
  if (!lines.some(({ line }) => isTurn(line))) {
    yield skipped(at, 'nobody says anything in this session')
    return
  }
  const streamed = streamedUsage(lines)
  const events = lines.filter(({ line }) => line.type === 'stream_event').length
  const init = recordIn(lines.find(({ line }) => line.type === 'system' && line.subtype === 'init')?.raw)
  const model = typeof init.model === 'string' ? init.model : undefined
  const found = [...linesByAgent(lines, ({ line }) => line.parent_tool_use_id ?? '')].map(([key, spoken]) => {
    const told = turnsOf(
      // A stream's events say nothing that its messages do not say again.
      spoken.filter(({ line }) => line.type !== 'stream_event'),
      {
        prefix: agentSdk.name,
        requestOf: () => undefined,
        isCounted: () => false,
        usageOf: ({ message }, reply) =>
          streamed.get(message?.id ?? '') ?? (reply.finishReason === undefined ? undefined : reply.usage),
      },
    )
    return { key, told, conversation: conversationOf(spoken, told.items, key, model) }
  })
  const agents = new Map(found.map(({ key, conversation }) => [key, { conversation, facts: { call: key } }]))
  const main = agents.get('')?.conversation
  if (main === undefined) return
  const results = lines.flatMap(({ line, raw }) => (line.type === 'result' ? [recordIn(raw)] : []))
  yield* importConversation(
    {
      ...main,
      name: agentSdk.name,
      source: { format: agentSdk.name, at: file },
      ...defined({ session: session === '' ? undefined : session }),
      ...endOf(results, main),
      attributes: {
        ...attributesOf(init, results),
        ...main.attributes,
        ...(events === 0 ? {} : { [`${agentSdk.name}.stream_events`]: events }),
      },
      agents: startedAgents(agents),
    },
    at,
    found.flatMap(({ told }) => told.repairs),
  )
}

/** What replies used, by their ids, from the events of their streams: the last one has the sum. */
function streamedUsage(lines: readonly PlacedLine[]) {
  const used = new Map<string, NonNullable<ReturnType<typeof anthropicMessages.readReply>['usage']>>()
  const begun = new Map<
    string,
    { readonly id: string; readonly usage: { readonly [name: string]: Json | undefined } }
  >()
  for (const { line, raw } of lines) {
    if (line.type !== 'stream_event') continue
    const event = recordIn(recordIn(raw).event)
    const agent = line.parent_tool_use_id ?? ''
    const { id, usage } = recordIn(event.message)
    if (event.type === 'message_start' && typeof id === 'string')
      begun.set(agent, { id, usage: recordIn(usage) })
    const open = begun.get(agent)
    if (event.type !== 'message_delta' || open === undefined) continue
    const reply = anthropicMessages.readReply({
      content: [],
      usage: { ...open.usage, ...recordIn(event.usage) },
    })
    if (reply.usage !== undefined) used.set(open.id, reply.usage)
  }
  return used
}

function conversationOf(
  lines: readonly PlacedLine[],
  items: readonly ConversationItem[],
  key: string,
  model: string | undefined,
): Conversation {
  const opening = items.find((item) => item.kind === 'user')
  const times = lines.flatMap(({ line }) => (isTurn(line) ? (timeOf(line) ?? []) : [])).toSorted()
  const request = key === '' ? defined({ model }) : {}
  return {
    name: 'agent',
    source: { format: agentSdk.name },
    status: 'ok',
    ...defined({
      startedAt: times[0],
      durationMs: between(times[0], times.at(-1)),
      input: opening?.kind === 'user' ? textOf(opening.message) : undefined,
    }),
    versions: request,
    request,
    items,
    dialogue: { stopTexts: [], stopTools: [], user: key === '' },
  }
}

/** How the session ended: a result for each prompt, of which the last has the cost of them all, and each its own usage. */
function endOf(results: readonly { readonly [name: string]: Json | undefined }[], main: Conversation) {
  const last = results.at(-1)
  if (last === undefined) return { ended: 'unfinished' }
  const isError = last.is_error === true
  const usages = results.flatMap(
    (result) => anthropicMessages.readReply({ content: [], usage: result.usage ?? null }).usage ?? [],
  )
  const summed = usages.length === results.length ? usages.reduce(added, nothing) : undefined
  const whole = main.items.every((item) => item.kind !== 'assistant' || item.reply?.usage !== undefined)
  const cost = last.total_cost_usd
  return {
    status: isError ? 'error' : 'ok',
    ...defined({
      ended: typeof last.subtype === 'string' ? last.subtype : undefined,
      error: isError
        ? {
            type: typeof last.subtype === 'string' ? last.subtype : 'error',
            message: typeof last.result === 'string' ? last.result : '',
          }
        : undefined,
      durationMs:
        typeof last.duration_ms === 'number' && results.length === 1
          ? Math.max(0, last.duration_ms)
          : undefined,
    }),
    totals: {
      usage: whole ? undefined : summed,
      costUsd: typeof cost === 'number' && cost >= 0 ? cost : undefined,
    },
  } as const
}

const nothing = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0 }

function added(a: typeof nothing, b: typeof nothing): typeof nothing {
  return {
    input: a.input + b.input,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    output: a.output + b.output,
  }
}

function attributesOf(
  init: { readonly [name: string]: Json | undefined },
  results: readonly { readonly [name: string]: Json | undefined }[],
): Record<string, Json> {
  const { tools, claude_code_version: version, permissionMode, cwd, agents } = init
  const { num_turns, duration_api_ms, modelUsage, permission_denials } = results.at(-1) ?? {}
  const told = {
    tools,
    version,
    permissionMode,
    cwd,
    agents,
    num_turns,
    duration_api_ms,
    modelUsage,
    permission_denials,
  }
  return Object.fromEntries(
    Object.entries(smallOnly(said(told))).map(([key, value]) => [`${agentSdk.name}.${key}`, value]),
  )
}
