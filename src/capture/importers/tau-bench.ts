import * as z from 'zod'
import { contentHash } from '../../lib/hash.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { json, jsonObject } from '../../schema/json.ts'
import { type Part, textOf } from '../../schema/message.ts'
import { pathText } from '../../schema/read.ts'
import type { Score } from '../../schema/score.ts'
import type { Conversation, ConversationItem } from './conversation.ts'
import {
  chatCallPart,
  chatContent,
  clampUnit,
  documentIn,
  partsOf,
  type Repair,
  said,
  smallOnly,
} from './foreign.ts'
import type { Importer, Source } from './importer.ts'
import { type Converted, importRows, type RowContext } from './rows.ts'

/** A user turn with this text ends the run (sierra-research/tau-bench, `tau_bench/envs/base.py`). */
const stopTexts = ['###STOP###']
/** A result of this tool ends the run (`terminate_tools` of the benchmark's environments). */
const stopTools = ['transfer_to_human_agents']

/**
 * Runs of tau-bench (sierra-research/tau-bench: `historical_trajectories/`, and what its `run.py` writes): a JSON
 * list of `{ task_id, trial, reward, info, traj }`, where `traj` holds OpenAI chat messages.
 */
export const tauBench: Importer = {
  name: 'tau-bench',
  description:
    'Runs of tau-bench: OpenAI chat messages, several trials a task, a reward from the environment.',
  looksFor: 'a JSON list of runs with "task_id", "info" and "traj"',

  detect(source) {
    const document = documentIn(source)
    return Array.isArray(document) && document.some((row) => sign.safeParse(row).success)
  },

  read: (source) =>
    importRows(runsOf(source), { place: [], schema: run, convert: (it, at) => convert(it, at, source) }),
}

const sign = z.looseObject({ task_id: json, info: json, traj: json })

const toolCall = z.looseObject({
  id: z.string().nullish(),
  function: z.looseObject({ name: z.string(), arguments: json.optional() }),
})

const chatMessage = z.discriminatedUnion('role', [
  z.looseObject({ role: z.literal('system'), content: chatContent }),
  z.looseObject({ role: z.literal('user'), content: chatContent }),
  z.looseObject({
    role: z.literal('assistant'),
    content: chatContent,
    tool_calls: z.array(toolCall).nullish(),
  }),
  z.looseObject({
    role: z.literal('tool'),
    content: json.optional(),
    tool_call_id: z.string().nullish(),
    name: z.string().nullish(),
  }),
])
type ChatMessage = z.infer<typeof chatMessage>

const action = z.looseObject({ name: z.string().min(1), kwargs: jsonObject.nullish() })

const run = z.looseObject({
  task_id: z.union([z.string().min(1), z.number().int()]),
  trial: json.optional(),
  reward: z.number().nullish(),
  info: z
    .looseObject({
      task: z
        .looseObject({
          instruction: z.string().nullish(),
          actions: z.array(action).nullish(),
          outputs: z.array(z.union([z.string(), z.number()])).nullish(),
        })
        .nullish(),
      reward_info: z.looseObject({ info: jsonObject.nullish() }).nullish(),
      error: json.optional(),
    })
    .nullish(),
  traj: z.array(chatMessage).nullish(),
})
type Run = z.infer<typeof run>

function runsOf(source: Source): readonly unknown[] {
  const document = source.document()
  if (!Array.isArray(document)) {
    throw new EvalkitError('EVK_SCHEMA', `This is not ${tauBench.looksFor}.`, { at: { file: source.file } })
  }
  if (document.length > 0) return document
  throw new EvalkitError('EVK_FILE_EMPTY', 'The list holds no runs.', { at: { file: source.file } })
}

function convert(record: Run, context: RowContext, source: Source): Converted {
  const messages = record.traj ?? []
  const failure = record.info?.error
  if (!messages.some(({ role }) => role !== 'system')) {
    const why = failure === undefined || failure === null ? '' : ` (it failed: ${shortText(failure)})`
    return { skip: `the run has no messages${why}` }
  }
  const repairs: Repair[] = []
  const place = [...context.place, 'traj']
  const items = messages.flatMap((message, index) => itemsOf(message, [...place, index], repairs))
  const system = messages.flatMap((message) => (message.role === 'system' ? partsOf(message.content) : []))
  const failed = failure !== undefined && failure !== null
  const taskId = String(record.task_id)
  const first = items.find((item) => item.kind === 'user')
  const conversation: Conversation = {
    name: nameFrom(system),
    source: { format: tauBench.name, at: `${source.file}#${context.index}` },
    status: failed ? 'error' : 'ok',
    error: failed ? { type: 'error', message: shortText(failure) } : undefined,
    ended: failed ? 'error' : endOf(items),
    input: first?.kind === 'user' ? textOf(first.message) : undefined,
    task: taskOf(taskId, record),
    trial: context.attempts(taskId),
    versions: system.length > 0 ? { prompt: contentHash(system) } : {},
    attributes: attributesOf(record),
    scores: [rewardOf(record, context, repairs)],
    request: system.length > 0 ? { system } : {},
    items,
    dialogue: { stopTexts, stopTools, user: true },
  }
  return { conversation, repairs }
}

function itemsOf(message: ChatMessage, place: readonly PropertyKey[], repairs: Repair[]): ConversationItem[] {
  const at = pathText(place)
  switch (message.role) {
    case 'system':
      return []
    case 'user':
      return [{ kind: 'user', at, message: { role: 'user', parts: partsOf(message.content) } }]
    case 'assistant': {
      const { role, content, tool_calls, ...rest } = message
      const calls = (tool_calls ?? []).map((call, index) =>
        chatCallPart(call, [...place, 'tool_calls', index], repairs),
      )
      const extras = said(rest)
      const attributes = Object.keys(extras).length > 0 ? extras : undefined
      return [
        { kind: 'assistant', at, message: { role, parts: [...partsOf(content), ...calls] }, attributes },
      ]
    }
    case 'tool': {
      const response = message.content ?? null
      return [
        {
          kind: 'result',
          at,
          id: message.tool_call_id || undefined,
          name: message.name || undefined,
          response,
          // The benchmark's tools answer with this word when they fail; nothing else marks a failure.
          isError: typeof response === 'string' && response.startsWith('Error'),
        },
      ]
    }
  }
}

/** What ended the run, in the words of this format's documentation: it has no field for it. */
function endOf(items: readonly ConversationItem[]): string {
  const last = items.at(-1)
  if (last?.kind === 'user') {
    const text = textOf(last.message)
    if (stopTexts.some((stop) => text.includes(stop))) return 'user_stop'
  }
  if (last?.kind === 'result' && stopTools.includes(last.name ?? '')) return 'transfer'
  return 'max_steps'
}

function taskOf(id: string, { info }: Run): Conversation['task'] {
  const task = info?.task
  if (task === undefined || task === null) return { id }
  const toolCalls = task.actions?.map(({ name, kwargs }) => ({ name, arguments: kwargs ?? {} }))
  const contains = task.outputs?.map(String)
  const reference = {
    ...(toolCalls === undefined ? {} : { toolCalls }),
    ...(contains === undefined || contains.length === 0 ? {} : { contains }),
  }
  return {
    id,
    ...(task.instruction === undefined || task.instruction === null ? {} : { instruction: task.instruction }),
    ...(Object.keys(reference).length > 0 ? { reference } : {}),
  }
}

function rewardOf({ reward }: Run, { place }: RowContext, repairs: Repair[]): Score {
  const base = { name: 'reward', source: 'environment', gating: true } as const
  if (reward === undefined || reward === null) {
    return { ...base, status: 'unscored', reason: 'the run carries no reward' }
  }
  const value = clampUnit(reward)
  if (value !== reward) {
    repairs.push({
      at: pathText([...place, 'reward']),
      reason: `reward ${reward} is outside [0,1]; read as ${value}`,
    })
  }
  return { ...base, status: 'scored', value, passed: reward === 1 }
}

/**
 * What we have no word for stays under its own. `user_cost` is among it: money in the benchmark's own files, a
 * token count in others, so it is never a cost of ours; and `trial`, which in some files counts tasks.
 */
function attributesOf({ trial, info, records }: Run): Conversation['attributes'] {
  const { task, reward_info, error: _, ...rest } = info ?? {}
  const { r_actions, r_outputs, outputs } = reward_info?.info ?? {}
  const known = { trial, records, user_id: task?.user_id, ...rest, r_actions, r_outputs, outputs }
  return Object.fromEntries(
    Object.entries(smallOnly(said(known))).map(([key, value]) => [`${tauBench.name}.${key}`, value]),
  )
}

/** The benchmark's domains start their policies with "# Airline Agent Policy", "# Retail agent policy". */
function nameFrom(system: readonly Part[]): string {
  const [first] = system
  const heading =
    first?.type === 'text' ? /^#\s*([a-z][a-z -]{0,30}?)\s+agent policy\b/i.exec(first.content) : null
  const domain = heading?.[1]
  return domain === undefined ? tauBench.name : `${tauBench.name} ${domain.toLowerCase()}`
}

function shortText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}
