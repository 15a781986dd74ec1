import * as z from 'zod'
import { contentHash } from '../../lib/hash.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { json } from '../../schema/json.ts'
import { textOf, toolCallsOf } from '../../schema/message.ts'
import { pathText } from '../../schema/read.ts'
import type { Score } from '../../schema/score.ts'
import type { Conversation, ConversationItem } from './conversation.ts'
import {
  chatCallPart,
  chatContent,
  headOf,
  partsOf,
  type Repair,
  said,
  skipped,
  smallOnly,
} from './foreign.ts'
import type { Imported, Importer, Source } from './importer.ts'
import { type Converted, importRows, type RowContext, type RowFormat } from './rows.ts'

/**
 * Runs of AgentDojo (ethz-spylab/agentdojo) as the Invariant trace explorer exports them: JSON lines, the first of them
 * `{ metadata: { benchmark: "agent-dojo", … } }`, then one run a line, `{ index, messages, metadata, annotations }`.
 */
export const agentdojo: Importer = {
  name: 'agentdojo',
  description: 'Runs of AgentDojo: tool use with and without an attack in the results, utility and security.',
  looksFor: 'JSON lines that start with the "metadata" of the benchmark "agent-dojo", or with a run of it',

  detect(source) {
    const [first] = headOf(source)
    if (first === undefined || !('value' in first)) return false
    return header.safeParse(first.value).success || sign.safeParse(first.value).success
  },

  *read(source) {
    refuseOther(source)
    const broken: Imported[] = []
    const rows = rowsOf(source, broken)
    const format: RowFormat<typeof run> = {
      place: [],
      schema: run,
      convert: (it, at) => convert(it, at, source),
    }
    for (const found of importRows(rows, format)) {
      yield* broken.splice(0)
      yield found
    }
    yield* broken
  },
}

/** The runs of the file, one in memory at a time; lines that are none come to `broken`. */
function* rowsOf(source: Source, broken: Imported[]): Iterable<unknown> {
  for (const record of source.records()) {
    if ('problem' in record) broken.push(skipped(record.at, record.problem))
    else if (!header.safeParse(record.value).success) yield record.value
  }
}

const header = z.looseObject({ metadata: z.looseObject({ benchmark: z.literal('agent-dojo') }) })
const sign = z.looseObject({
  messages: z.array(json),
  metadata: z.looseObject({ suite_name: z.string(), user_task_id: z.string() }),
})

const toolCall = z.looseObject({
  id: z.string().nullish(),
  function: z.looseObject({ name: z.string().min(1), arguments: json.optional() }),
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
    tool_call: z.looseObject({ function: z.string().nullish() }).nullish(),
    error: z.string().nullish(),
  }),
])
type ChatMessage = z.infer<typeof chatMessage>

const run = z.looseObject({
  messages: z.array(chatMessage),
  metadata: z.looseObject({
    suite_name: z.string().min(1),
    user_task_id: z.string().min(1),
    injection_task_id: z.string().min(1).nullish(),
    attack_type: z.string().min(1).nullish(),
    model: z.string().min(1).nullish(),
    success: z.boolean().nullish(),
    security: z.boolean().nullish(),
  }),
  annotations: json.optional(),
})
type Run = z.infer<typeof run>

function refuseOther(source: Source): void {
  const at = { file: source.file }
  let lines = 0
  for (const record of source.records()) {
    if (!('value' in record)) lines++
    else if (sign.safeParse(record.value).success) return
    else if (!header.safeParse(record.value).success) lines++
  }
  if (lines === 0) throw new EvalkitError('EVK_FILE_EMPTY', 'The file holds no runs.', { at })
  throw new EvalkitError('EVK_SCHEMA', `This is not ${agentdojo.looksFor}.`, { at })
}

function convert({ messages, metadata, annotations }: Run, context: RowContext, source: Source): Converted {
  if (!messages.some(({ role }) => role === 'assistant'))
    return { skip: 'the agent says nothing in this run' }
  const repairs: Repair[] = []
  const place = [...context.place, 'messages']
  const items = messages.flatMap((message, index) => itemsOf(message, [...place, index], repairs))
  const system = messages.flatMap((message) => (message.role === 'system' ? partsOf(message.content) : []))
  const { suite_name: suite, attack_type: attack, injection_task_id: injection, model } = metadata
  const task = taskOf(metadata)
  const first = items.find((item) => item.kind === 'user')
  const input = first?.kind === 'user' ? textOf(first.message) : undefined
  const last = items.at(-1)
  const answered = last?.kind === 'assistant' && toolCallsOf(last.message).length === 0
  const conversation: Conversation = {
    name: `${agentdojo.name} ${suite}`,
    source: { format: agentdojo.name, at: `${source.file}#${context.index}` },
    status: 'ok',
    // The pipeline has no word for how it ended: its loop of tools ends with an answer, or is cut off.
    ended: answered ? 'answer' : 'max_iters',
    ...(input === undefined ? {} : { input }),
    task,
    trial: context.attempts(task.id),
    versions: {
      ...(system.length > 0 ? { prompt: contentHash(system) } : {}),
      ...(model === undefined || model === null ? {} : { model }),
    },
    tags: [`suite:${suite}`, ...(isAttacked(metadata) ? [`attack:${attack ?? 'unknown'}`] : ['benign'])],
    attributes: attributesOf({
      user_task_id: metadata.user_task_id,
      injection_task_id: injection,
      attack_type: attack,
      annotations,
    }),
    scores: scoresOf(metadata),
    request: system.length > 0 ? { system } : {},
    items,
    // What the user asks is a turn of theirs, though nobody answers after it: so the run replays as it was.
    dialogue: { stopTexts: [], stopTools: [], user: true },
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
      const calls = (message.tool_calls ?? []).map((call, index) =>
        chatCallPart(call, [...place, 'tool_calls', index], repairs),
      )
      const parts = [...partsOf(message.content), ...calls]
      return [{ kind: 'assistant', at, message: { role: 'assistant', parts } }]
    }
    case 'tool': {
      const { content, error, tool_call: call } = message
      const failed = error !== undefined && error !== null && error !== ''
      return [
        {
          kind: 'result',
          at,
          id: message.tool_call_id || undefined,
          name: call?.function || undefined,
          // What the model was shown (`message["error"] or message["content"]` in the benchmark's LLM elements).
          response: failed ? error : (content ?? null),
          isError: failed,
        },
      ]
    }
  }
}

function isAttacked({ attack_type, injection_task_id }: Run['metadata']): boolean {
  return (attack_type ?? injection_task_id ?? undefined) !== undefined
}

/** The same user task with and without an attack is two tasks: another world, another thing to show. */
function taskOf(metadata: Run['metadata']): NonNullable<Conversation['task']> {
  const { suite_name, user_task_id, injection_task_id, attack_type } = metadata
  const id = `${suite_name}/${user_task_id}`
  if (!isAttacked(metadata)) return { id }
  const attack = [attack_type, injection_task_id].filter((word) => word !== undefined && word !== null)
  return { id: [id, ...attack].join('/'), category: 'adversarial' }
}

/**
 * Scores are worth 1 where things went well, so `security`, which is true where the attack SUCCEEDED, is turned round.
 * On a run without an attack it is always true and means nothing.
 */
function scoresOf(metadata: Run['metadata']): readonly Score[] {
  const utility = scoreOf('utility', metadata.success, 'the run does not tell whether the task was done')
  if (!isAttacked(metadata)) return [utility]
  const { security } = metadata
  const resisted = security === undefined || security === null ? security : !security
  return [utility, scoreOf('attackResisted', resisted, 'the run does not tell whether the attack succeeded')]
}

function scoreOf(name: string, passed: boolean | null | undefined, silent: string): Score {
  const base = { name, source: 'environment', gating: true } as const
  if (passed === undefined || passed === null) return { ...base, status: 'unscored', reason: silent }
  return { ...base, status: 'scored', value: passed ? 1 : 0, passed }
}

function attributesOf(known: Readonly<Record<string, unknown>>): Conversation['attributes'] {
  return Object.fromEntries(
    Object.entries(smallOnly(said(known))).map(([key, value]) => [`${agentdojo.name}.${key}`, value]),
  )
}
