import { defined } from '../../lib/defined.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { json, type Json } from '../../schema/json.ts'
import { textOf } from '../../schema/message.ts'
import { isRecord, recordIn } from '../../tap/wire/text.ts'
import { versionsIn } from '../versions.ts'
import { agentOfResult, type AgentFacts, linesByAgent, startedAgents } from './claude-agents.ts'
import { between, claudeLine, isTurn, parentsFirst, type PlacedLine, timeOf } from './claude-line.ts'
import { type Requests, requestsIn } from './claude-requests.ts'
import { sessionsIn } from './claude-sessions.ts'
import { turnsOf } from './claude-turns.ts'
import type { Conversation } from './conversation.ts'
import { headOf, type Repair, said, skipped, smallOnly } from './foreign.ts'
import { importConversation } from './import-conversation.ts'
import type { Imported, Importer } from './importer.ts'

/**
 * Sessions of Claude Code: `~/.claude/projects/<project>/<session>.jsonl`, and of a folder also the agents they started,
 * `<session>/subagents/agent-<id>.jsonl` with a `.meta.json` beside it that names the call. Written by every version
 * a little differently and documented by none. A session is a run, over all files that hold a part of it.
 */
export const claudeCode: Importer = {
  name: 'claude-code',
  description: 'Sessions of Claude Code (JSONL): a session file, or the folder of a project with its agents.',
  looksFor: 'JSON lines with "type", "uuid", "sessionId" and a "message"',

  detect: (source) => headOf(source).some((record) => 'value' in record && isSessionTurn(record.value)),

  *read(source) {
    const sessions = sessionsIn(source)
    if (sessions.lastOf.size === 0) {
      throw new EvalkitError('EVK_SCHEMA', `This is not ${claudeCode.looksFor}.`, {
        at: { file: source.file },
      })
    }
    const open = new Map<string, { readonly lines: PlacedLine[]; readonly facts: Map<string, AgentFacts> }>()
    const counted = new Set<string>()
    for (const record of source.records()) {
      if ('problem' in record) {
        yield skipped(record.at, record.problem)
        continue
      }
      const session = sessions.sessionOf(record)
      if (session === undefined) {
        yield skipped(record.at, 'the line tells neither its type nor its session')
        continue
      }
      const own = open.get(session) ?? { lines: [], facts: new Map<string, AgentFacts>() }
      open.set(session, own)
      const meta = metaOf(record.at, record.value)
      const parsed = claudeLine.safeParse(record.value)
      if (meta !== undefined) own.facts.set(meta.agent, meta)
      else if (parsed.success)
        own.lines.push({ at: record.at, line: parsed.data, raw: json.parse(record.value) })
      if (sessions.lastOf.get(session) !== record.at) continue
      open.delete(session)
      yield* importSession(own.lines, own.facts, source.file, counted)
    }
  },
}

function isSessionTurn(value: unknown): boolean {
  const parsed = claudeLine.safeParse(value)
  if (!parsed.success) return false
  const { uuid, sessionId, message } = parsed.data
  return isTurn(parsed.data) && uuid !== undefined && sessionId !== undefined && message?.role !== undefined
}

/** What stands in `agent-<id>.meta.json`. */
export function metaOf(at: string, value: unknown): (AgentFacts & { readonly agent: string }) | undefined {
  const [, agent] = /(?:^|\/)agent-([^/]{1,200})\.meta\.json$/.exec(at) ?? []
  if (agent === undefined) return undefined
  const { toolUseId, agentType } = isRecord(value) ? value : {}
  return {
    agent,
    ...defined({
      call: typeof toolUseId === 'string' ? toolUseId : undefined,
      name: typeof agentType === 'string' ? agentType : undefined,
    }),
  }
}

function* importSession(
  lines: readonly PlacedLine[],
  facts: ReadonlyMap<string, AgentFacts>,
  file: string,
  counted: Set<string>,
): Iterable<Imported> {
  const ordered = parentsFirst(lines)
  const [first] = ordered
  if (first === undefined) return
  if (!ordered.some(({ line }) => isTurn(line))) {
    yield skipped(first.at, 'nobody says anything in this session')
    return
  }
  const requests = requestsIn(ordered)
  const calls = new Map(ordered.flatMap((line) => pairOf(agentOfResult(line))))
  const repairs: Repair[] = []
  const own = new Set<string>()
  const found = new Map<string, { readonly conversation: Conversation; readonly facts: AgentFacts }>()
  for (const [key, spoken] of linesByAgent(ordered, agentKeys(ordered))) {
    if (key !== '' && !spoken.some(({ line }) => isTurn(line))) continue
    const known = facts.get(key) ?? {}
    const told = turnsOf(spoken, {
      prefix: claudeCode.name,
      requestOf: (line) => requests.of(line),
      usageOf: (_, reply) => reply.usage,
      isCounted: (reply) => {
        // A reply without an id of the provider is nobody else's.
        if (reply.startsWith('line ')) return false
        own.add(reply)
        return counted.has(reply)
      },
    })
    repairs.push(...told.repairs)
    const conversation = conversationOf(spoken, told.items, requests, key, known.name ?? key)
    found.set(key, { conversation, facts: { ...known, call: known.call ?? calls.get(key) } })
  }
  for (const reply of own) counted.add(reply)
  const main = found.get('')?.conversation
  if (main === undefined) return
  const session = ordered.find(({ line }) => line.sessionId !== undefined)?.line.sessionId
  yield* importConversation(
    {
      ...main,
      name: claudeCode.name,
      source: { format: claudeCode.name, at: file },
      ...defined({ session: session === '' ? undefined : session }),
      ...timesOf(ordered),
      attributes: { ...attributesOf(ordered), ...main.attributes },
      totals: { costUsd: requests.costUsd },
      agents: startedAgents(found),
    },
    first.at,
    repairs,
  )
}

function pairOf(pair: { readonly agent: string; readonly call: string } | undefined): [string, string][] {
  return pair === undefined ? [] : [[pair.agent, pair.call]]
}

/** Who speaks in a line. Older versions tell only that it is not the main agent; then it is known by its first line. */
function agentKeys(lines: readonly PlacedLine[]): (placed: PlacedLine) => string {
  const roots = new Map<string, string>()
  for (const { line } of lines) {
    if (line.uuid === undefined || !line.isSidechain) continue
    roots.set(line.uuid, roots.get(line.parentUuid ?? '') ?? line.uuid)
  }
  return ({ line }) => (line.isSidechain ? (line.agentId ?? roots.get(line.uuid ?? '') ?? 'sidechain') : '')
}

function conversationOf(
  lines: readonly PlacedLine[],
  items: Conversation['items'],
  requests: Requests,
  key: string,
  name: string,
): Conversation {
  const request = requests.last(key) ?? {}
  const opening = items.find((item) => item.kind === 'user')
  const model = items.find((item) => item.kind === 'assistant')
  const asked = request.model ?? (model?.kind === 'assistant' ? model.reply?.model : undefined)
  const known = versionsIn({ ...request, ...defined({ model: asked }), messages: [] })
  const last = items.findLast(({ kind }) => kind !== 'other' && kind !== 'rewind')
  const error = last?.kind === 'failure' ? last.error : undefined
  return {
    name,
    source: { format: claudeCode.name },
    status: error === undefined ? 'ok' : 'error',
    ...timesOf(lines),
    ...defined({ error, input: opening?.kind === 'user' ? textOf(opening.message) : undefined }),
    versions: known.versions,
    attributes: known.attributes,
    request,
    items,
    dialogue: { stopTexts: [], stopTools: [], user: key === '' },
  }
}

function timesOf(lines: readonly PlacedLine[]): Pick<Conversation, 'startedAt' | 'durationMs'> {
  const times = lines.flatMap(({ line }) => (isTurn(line) ? (timeOf(line) ?? []) : [])).toSorted()
  return defined({ startedAt: times[0], durationMs: between(times[0], times.at(-1)) })
}

function attributesOf(lines: readonly PlacedLine[]): Record<string, Json> {
  const told: Record<string, unknown> = {}
  for (const { raw } of lines) {
    const { version, cwd, gitBranch, entrypoint, summary } = recordIn(raw)
    for (const [key, value] of Object.entries({ version, cwd, gitBranch, entrypoint, summary })) {
      if (typeof value === 'string') told[key] = value
    }
  }
  return Object.fromEntries(
    Object.entries(smallOnly(said(told))).map(([key, value]) => [`${claudeCode.name}.${key}`, value]),
  )
}
