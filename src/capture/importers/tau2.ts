import * as z from 'zod'
import { contentHash } from '../../lib/hash.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { type Json, json } from '../../schema/json.ts'
import { type Part, textOf } from '../../schema/message.ts'
import { pathText } from '../../schema/read.ts'
import type { Score } from '../../schema/score.ts'
import type { Conversation } from './conversation.ts'
import { checked, clampUnit, documentIn, partsOf, type Repair, said, smallOnly } from './foreign.ts'
import type { Importer, Source } from './importer.ts'
import { type Converted, importRows, type RowContext } from './rows.ts'
import { itemsFrom, timeFrom } from './tau2-message.ts'
import { type Tau2Info, tau2Info, type Tau2Run, tau2Run, type Tau2Task, tau2Task } from './tau2-schema.ts'

/** A turn of the simulated user with one of these ends the run (tau2-bench, `src/tau2/user/`). */
const stopTexts = ['###STOP###', '###TRANSFER###', '###OUT-OF-SCOPE###']

/**
 * Simulation files of tau2-bench (sierra-research/tau2-bench, `data/simulations/`): one JSON object of
 * `{ info, tasks, simulations }`, with times, usage, cost and the parts of each reward.
 */
export const tau2: Importer = {
  name: 'tau2',
  description: 'Simulations of tau2-bench: times, usage and cost of each reply, a reward and its parts.',
  looksFor: 'a JSON object with "info", "tasks" and a list "simulations"',

  detect: (source) => sign.safeParse(documentIn(source)).success,

  read(source) {
    const file = fileOf(source)
    return importRows(file.simulations, {
      place: ['simulations'],
      schema: tau2Run,
      convert: (record, context) => convert(record, context, file),
    })
  },
}

const sign = z.looseObject({ info: json, tasks: z.array(json), simulations: z.array(json) })

interface Tau2File {
  readonly name: string
  readonly info: Tau2Info
  readonly simulations: readonly Json[]
  /** By task id; where they stand, for messages about them. */
  readonly tasks: ReadonlyMap<string, { readonly index: number; readonly value: Json }>
  /** Attempts of tasks that are taken: `trial` of each. */
  readonly taken: Set<string>
}

function fileOf(source: Source): Tau2File {
  const at = { file: source.file }
  const document = sign.safeParse(source.document())
  if (!document.success) throw new EvalkitError('EVK_SCHEMA', `This is not ${tau2.looksFor}.`, { at })
  const { simulations, tasks } = document.data
  if (simulations.length === 0)
    throw new EvalkitError('EVK_FILE_EMPTY', 'The file holds no simulations.', { at })
  const info = checked(tau2Info, document.data.info, ['info'])
  if (!info.ok) {
    throw new EvalkitError('EVK_SCHEMA', `This is not a tau2 file: ${info.reason}.`, {
      at: { ...at, path: info.at },
    })
  }
  const byId = new Map<string, { index: number; value: Json }>()
  for (const [index, value] of tasks.entries()) {
    const id = withId.safeParse(value).data?.id
    if (id !== undefined && !byId.has(String(id))) byId.set(String(id), { index, value })
  }
  return { name: source.file, info: info.record, simulations, tasks: byId, taken: new Set() }
}

const withId = z.looseObject({ id: z.union([z.string(), z.number()]) })

function convert(record: Tau2Run, context: RowContext, file: Tau2File): Converted {
  if (!record.messages?.some(({ role }) => role !== 'system')) {
    const why = record.termination_reason ? ` (it ended with ${record.termination_reason})` : ''
    return { skip: `the run has no messages${why}` }
  }
  const repairs: Repair[] = []
  const { place } = context
  const { agent_info: agent, environment_info: environment, git_commit } = file.info
  const taskId = String(record.task_id)
  const task = taskFrom(taskId, place, file, repairs)
  const solo = agent?.implementation?.endsWith('_solo') ?? false
  const items = itemsFrom(record.messages, [...place, 'messages'], repairs)
  const policy = environment?.policy || undefined
  const ticket = (solo ? task?.ticket : undefined) || undefined
  const system = [
    ...[policy, ticket].flatMap((content): Part[] =>
      content === undefined ? [] : [{ type: 'text', content }],
    ),
    ...record.messages.flatMap((message) => (message.role === 'system' ? partsOf(message.content) : [])),
  ]
  const ended = record.termination_reason ?? undefined
  const failed = ended?.includes('error') ?? false
  const first = items.find((item) => item.kind === 'user')
  const conversation: Conversation = {
    name: environment?.domain_name ? `${tau2.name} ${environment.domain_name}` : tau2.name,
    source: { format: tau2.name, at: `${file.name}#${context.index}` },
    status: failed ? 'error' : 'ok',
    error:
      failed && ended !== undefined ? { type: ended, message: `The run ended with ${ended}.` } : undefined,
    ended,
    input: first?.kind === 'user' ? textOf(first.message) : ticket,
    task: taskOf(taskId, task, solo),
    trial: trialOf(taskId, record, context, file, repairs),
    startedAt: timeFrom(record.start_time, [...place, 'start_time'], repairs),
    durationMs: typeof record.duration === 'number' ? record.duration * 1000 : undefined,
    versions: {
      ...(policy === undefined ? {} : { prompt: contentHash(policy) }),
      ...(agent?.llm ? { model: agent.llm } : {}),
      ...(git_commit ? { code: git_commit } : {}),
    },
    attributes: attributesOf(record, file.info),
    scores: scoresOf(record, context, repairs),
    request: {
      ...(agent?.llm ? { model: agent.llm } : {}),
      // The solo agent reads the ticket in its system prompt: nobody says it.
      ...(system.length > 0 ? { system } : {}),
      ...(agent?.llm_args ? { parameters: agent.llm_args } : {}),
    },
    items,
    dialogue: { stopTexts: solo ? [] : stopTexts, stopTools: [], user: !solo },
  }
  return { conversation, repairs }
}

function taskFrom(
  id: string,
  place: readonly PropertyKey[],
  file: Tau2File,
  repairs: Repair[],
): Tau2Task | undefined {
  const found = file.tasks.get(id)
  if (found === undefined) {
    repairs.push({
      at: pathText([...place, 'task_id']),
      reason: 'its task is not in the file; nothing is expected',
    })
    return undefined
  }
  const result = checked(tau2Task, found.value, ['tasks', found.index])
  if (result.ok) return result.record
  repairs.push({ at: result.at, reason: `the task is not read, nothing is expected: ${result.reason}` })
  return undefined
}

function taskOf(id: string, task: Tau2Task | undefined, solo: boolean): Conversation['task'] {
  const criteria = task?.evaluation_criteria
  const toolCalls = criteria?.actions
    // Alone, the agent also does what a user would have done.
    ?.filter(({ requestor }) => solo || requestor !== 'user')
    .map(({ name, arguments: given }) => ({ name, arguments: given ?? {} }))
  const contains = criteria?.communicate_info ?? []
  const reference = {
    ...(toolCalls === undefined ? {} : { toolCalls }),
    ...(contains.length === 0 ? {} : { contains }),
  }
  const instruction = solo ? task?.ticket : instructionOf(task?.user_scenario?.instructions)
  return {
    id,
    ...(instruction ? { instruction } : {}),
    ...(Object.keys(reference).length > 0 ? { reference } : {}),
  }
}

/** A text, or named parts (`reason_for_call`, `known_info`, …), of which a person reads those that say something. */
function instructionOf(
  instructions: string | Readonly<Record<string, Json | undefined>> | null | undefined,
): string {
  if (typeof instructions === 'string') return instructions
  return Object.entries(instructions ?? {})
    .flatMap(([key, value]) => {
      if (key === 'domain' || typeof value !== 'string' || value.trim() === '') return []
      const words = key.replaceAll('_', ' ')
      return [`${words.charAt(0).toUpperCase()}${words.slice(1)}: ${value.trim()}`]
    })
    .join('\n\n')
}

/** The recorded trial where it is one of its task's own; runs merged from several files repeat them. */
function trialOf(
  task: string,
  { trial }: Tau2Run,
  context: RowContext,
  { taken }: Tau2File,
  repairs: Repair[],
): number {
  const key = (number: number) => JSON.stringify([task, number])
  const recorded = trial ?? context.attempts(task)
  let free = Number.isSafeInteger(recorded) && recorded >= 0 ? recorded : 0
  while (taken.has(key(free))) free++
  taken.add(key(free))
  if (typeof trial === 'number' && free !== trial) {
    repairs.push({
      at: pathText([...context.place, 'trial']),
      reason: `trial ${trial} is taken or no count; it is ${free} here`,
    })
  }
  return free
}

function scoresOf({ reward_info }: Tau2Run, { place }: RowContext, repairs: Repair[]): readonly Score[] {
  const base = { source: 'environment', status: 'scored' } as const
  const { reward, db_check, env_assertions, communicate_checks, nl_assertions, action_checks } =
    reward_info ?? {}
  const scores: Score[] = []
  if (reward === undefined || reward === null) {
    const reason = 'the run carries no reward'
    scores.push({ name: 'reward', source: 'environment', gating: true, status: 'unscored', reason })
  } else {
    const value = clampUnit(reward)
    if (value !== reward) {
      const reason = `reward ${reward} is outside [0,1]; read as ${value}`
      repairs.push({ at: pathText([...place, 'reward_info', 'reward']), reason })
    }
    scores.push({ ...base, name: 'reward', gating: true, value, passed: reward === 1 })
  }
  if (db_check) {
    const value = clampUnit(db_check.db_reward ?? (db_check.db_match ? 1 : 0))
    scores.push({ ...base, name: 'db_check', gating: false, value, passed: db_check.db_match })
  }
  const parts = {
    communicate: communicate_checks?.map(({ met }) => met),
    env_assertions: env_assertions?.map(({ met }) => met),
    nl_assertions: nl_assertions?.map(({ met }) => met),
    action_checks: action_checks?.map(({ action_match }) => action_match),
  }
  for (const [name, answers] of Object.entries(parts)) {
    if (answers === undefined || answers.length === 0) continue
    const yes = answers.filter(Boolean).length
    const reason = `${yes} of ${answers.length} met`
    const value = yes / answers.length
    scores.push({ ...base, name, gating: false, value, passed: yes === answers.length, reason })
  }
  return scores
}

/**
 * What we have no word for, under its own name. Costs of the whole simulation stay as they stand: 0 may mean free
 * or "no price known".
 */
function attributesOf(record: Tau2Run, { agent_info, user_info }: Tau2Info): Record<string, Json> {
  const { id, agent_cost, user_cost, seed, reward_info } = record
  const { reward_basis, reward_breakdown } = reward_info ?? {}
  const who = { simulation: id, agent: agent_info?.implementation, user_llm: user_info?.llm }
  const known = { ...who, agent_cost, user_cost, seed, reward_basis, reward_breakdown }
  return Object.fromEntries(
    Object.entries(smallOnly(said(known))).map(([key, value]) => [`${tau2.name}.${key}`, value]),
  )
}
