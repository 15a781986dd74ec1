import * as z from 'zod'
import { contentHash } from '../../lib/hash.ts'
import { readJson } from '../../lib/json.ts'
import { defined } from '../../lib/defined.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { json, type Json } from '../../schema/json.ts'
import { textOf } from '../../schema/message.ts'
import { pathText } from '../../schema/read.ts'
import { recordIn } from '../../tap/wire/text.ts'
import type { Conversation, ConversationItem } from './conversation.ts'
import {
  chatCallPart,
  chatContent,
  checked,
  documentIn,
  partsOf,
  type Repair,
  said,
  skipped,
  smallOnly,
} from './foreign.ts'
import { importConversation } from './import-conversation.ts'
import type { Importer } from './importer.ts'

/**
 * Trajectories of SWE-agent (https://swe-agent.com/latest/usage/trajectories/): `history` is what the model was shown and said,
 * `trajectory` what each of its actions did and how long it took, `info` how it ended. A file is one run.
 */
export const sweAgent: Importer = {
  name: 'swe-agent',
  description: 'Trajectories of SWE-agent (.traj), with tool calls or with actions as text.',
  looksFor: 'a JSON object with a list "history" of messages that have a "message_type" or an "agent"',

  detect(source) {
    const parsed = sign.safeParse(documentIn(source))
    return parsed.success && parsed.data.history.some((row) => entrySign.safeParse(row).success)
  },

  *read(source) {
    const parsed = sign.safeParse(source.document())
    if (!parsed.success) {
      throw new EvalkitError('EVK_SCHEMA', `This is not ${sweAgent.looksFor}.`, { at: { file: source.file } })
    }
    const entries: { readonly entry: Entry; readonly place: readonly PropertyKey[] }[] = []
    for (const [index, row] of parsed.data.history.entries()) {
      const place = ['history', index]
      const result = checked(historyEntry, row, place)
      if (result.ok) entries.push({ entry: result.record, place })
      else yield skipped(result.at, result.reason)
    }
    const lost = parsed.data.history.length - entries.length
    if (entries.length === 0) {
      yield skipped('history', 'nobody says anything in this run')
      return
    }
    const repairs: Repair[] = []
    const conversation = conversationOf(parsed.data, entries, repairs)
    const dropped = lost === 0 ? {} : { 'evalkit.dropped': lost }
    const attributes = { ...conversation.attributes, ...dropped }
    const source_ = { format: sweAgent.name, at: source.file }
    yield* importConversation({ ...conversation, source: source_, attributes }, 'the whole file', repairs)
  },
}

const sign = z.looseObject({
  history: z.array(z.unknown()),
  trajectory: z.array(z.unknown()).optional().catch(undefined),
  info: json.optional(),
  environment: json.optional(),
  replay_config: json.optional(),
})

const entrySign = z.union([
  z.looseObject({ role: z.string(), message_type: z.string() }),
  z.looseObject({ role: z.string(), agent: z.string() }),
])

const historyEntry = z.looseObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: chatContent,
  message_type: z.string().optional().catch(undefined),
  action: z.string().optional().catch(undefined),
  /** Something shown to the model as an example: no part of the run. */
  is_demo: z.boolean().optional().catch(undefined),
  tool_calls: z
    .array(
      z.looseObject({
        id: z.string().nullish(),
        function: z.looseObject({ name: z.string().min(1), arguments: json.optional() }),
      }),
    )
    .nullish(),
  tool_call_ids: z.array(z.string()).nullish().catch(undefined),
})
type Entry = z.infer<typeof historyEntry>

function conversationOf(
  { trajectory = [], info, environment, replay_config: config }: z.infer<typeof sign>,
  entries: readonly { readonly entry: Entry; readonly place: readonly PropertyKey[] }[],
  repairs: Repair[],
): Conversation {
  const system = entries.flatMap(({ entry }) => (entry.role === 'system' ? partsOf(entry.content) : []))
  const actions = entries.filter(({ entry }) => entry.role === 'assistant' && entry.is_demo !== true)
  // Steps that were tried and taken back are in one of the lists only: then nobody knows which took how long.
  const steps = actions.length === trajectory.length ? trajectory.map((step) => recordIn(step as Json)) : []
  const stepOf = new Map(actions.map(({ entry }, at) => [entry, steps[at]]))
  let step: ReturnType<typeof recordIn> | undefined
  const items = entries.flatMap(({ entry, place }) => {
    step = stepOf.get(entry) ?? step
    return itemsOf(entry, place, step, repairs)
  })
  const told = recordIn(info)
  const ended = typeof told.exit_status === 'string' ? told.exit_status : undefined
  const failed = ended !== undefined && !ended.startsWith('submitted')
  const { model, task, parameters } = configured(config)
  const request = { ...(system.length === 0 ? {} : { system }), ...defined({ model, parameters }) }
  const asked = items.find((item) => item.kind === 'user' || item.kind === 'note')
  const { instance_cost: cost } = recordIn(told.model_stats)
  return {
    name: sweAgent.name,
    source: { format: sweAgent.name },
    status: failed ? 'error' : 'ok',
    ...defined({
      ended,
      error: failed ? { type: 'exit_status', message: ended } : undefined,
      output: typeof told.submission === 'string' ? told.submission : undefined,
      input: asked === undefined ? undefined : textOf(asked.message),
      task: task === undefined ? undefined : { id: task },
    }),
    versions: { ...(system.length === 0 ? {} : { prompt: contentHash(system) }), ...defined({ model }) },
    attributes: Object.fromEntries(
      Object.entries(smallOnly(said({ model_stats: told.model_stats, environment }))).map(([key, value]) => [
        `${sweAgent.name}.${key}`,
        value,
      ]),
    ),
    // Tokens are told in sum, and not how many of them came from a cache: they stay an attribute.
    totals: { costUsd: typeof cost === 'number' && cost > 0 ? cost : undefined },
    request,
    items,
    dialogue: { stopTexts: [], stopTools: ['submit'], user: false },
  }
}

function itemsOf(
  entry: Entry,
  place: readonly PropertyKey[],
  step: ReturnType<typeof recordIn> | undefined,
  repairs: Repair[],
): readonly ConversationItem[] {
  const at = pathText(place)
  const parts = partsOf(entry.content)
  const took =
    typeof step?.execution_time === 'number' && step.execution_time >= 0
      ? step.execution_time * 1000
      : undefined
  if (entry.role === 'system') return []
  if (entry.is_demo === true) return [{ kind: 'note', at, message: { role: entry.role, parts } }]
  if (entry.role === 'assistant') {
    const calls = (entry.tool_calls ?? []).map((call, index) =>
      chatCallPart(call, [...place, 'tool_calls', index], repairs),
    )
    return [
      {
        kind: 'assistant',
        at,
        message: { role: 'assistant', parts: [...parts, ...calls] },
        fidelity: { request: 'derived', usage: 'missing' },
      },
    ]
  }
  if (entry.role === 'tool') {
    const [id] = entry.tool_call_ids ?? []
    const response = parts.length === 1 && parts[0]?.type === 'text' ? parts[0].content : textOrContent(entry)
    return [
      {
        kind: 'result',
        at,
        id: id === '' ? undefined : id,
        response,
        isError: false,
        fidelity: { result: 'derived' },
        ...defined({ durationMs: took }),
      },
    ]
  }
  const message = { role: 'user', parts } as const
  // Without tool calls an action is text, and what it did comes back as what the user says.
  return step === undefined || entry.message_type !== 'observation'
    ? [{ kind: 'user', at, message }]
    : [
        { kind: 'note', at, message },
        {
          kind: 'other',
          at,
          name: 'action',
          value: { action: step.action ?? null, observation: step.observation ?? null },
          ...defined({ durationMs: took }),
        },
      ]
}

function textOrContent({ content }: Entry): Json {
  return typeof content === 'string' ? content : (content ?? '')
}

/** Of the configuration only what says what was run: it may hold keys. */
function configured(config: Json | undefined): {
  readonly model?: string | undefined
  readonly task?: string | undefined
  readonly parameters?: { readonly [name: string]: Json } | undefined
} {
  const read = typeof config === 'string' ? readJson(config) : undefined
  const known = recordIn(read === undefined ? config : read.ok ? (read.value as Json) : undefined)
  const { name, temperature, top_p } = recordIn(recordIn(known.agent).model)
  const { id } = recordIn(known.problem_statement)
  const parameters = said({ temperature, top_p })
  return {
    model: typeof name === 'string' && name !== '' ? name : undefined,
    task: typeof id === 'string' && id !== '' ? id : undefined,
    parameters: Object.keys(parameters).length === 0 ? undefined : parameters,
  }
}
