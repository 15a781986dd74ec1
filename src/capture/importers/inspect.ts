import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { json } from '../../schema/json.ts'
import { textOf } from '../../schema/message.ts'
import { pathText } from '../../schema/read.ts'
import type { Score } from '../../schema/score.ts'
import { type Body, isRecord, listIn, recordIn, textIn } from '../../tap/wire/text.ts'
import { type Conversation, type ConversationItem, shownResult } from './conversation.ts'
import { checked, documentIn, fingerprint, said, skipped, smallOnly } from './foreign.ts'
import { importConversation } from './import-conversation.ts'
import { importObserved } from './import-observed.ts'
import type { Imported, Importer } from './importer.ts'
import { evalLogIn, type InspectLog, isEvalLog } from './inspect-eval.ts'
import { observedEvents, sampleId } from './inspect-events.ts'
import { inspectMessage, inspectReply, inspectUsage } from './inspect-message.ts'
import { wholeSample, type WholeSample } from './inspect-whole.ts'
import { instantOf } from './instant.ts'
import type { Observation } from './observation.ts'

/**
 * Logs of Inspect (https://inspect.aisi.org.uk/eval-logs.html), as `.eval` archives or in JSON: a sample is a run. With its events,
 * each call of a model is known as it was made; without, from the messages.
 */
export const inspect: Importer = {
  name: 'inspect',
  description: 'Eval logs of Inspect (inspect_ai), `.eval` or JSON: samples with messages, events, scores.',
  looksFor:
    'a JSON object with "version", "eval" (with a "task") and "status", as Inspect writes it, or a ZIP archive with that as header.json',

  detect: (source) => isEvalLog(source) || log.safeParse(documentIn(source)).success,

  *read(source) {
    const { header, samples } = evalLogIn(source) ?? jsonLog(source.document())
    const parsed = log.safeParse(header)
    if (!parsed.success) {
      throw new EvalkitError('EVK_SCHEMA', `This is not ${inspect.looksFor}.`, { at: { file: source.file } })
    }
    let index = 0
    const seen = new Map<string, string>()
    for (const row of samples) {
      const from = `${source.file}#${index++}`
      if ('problem' in row) {
        yield skipped(row.at, row.problem)
        continue
      }
      const { at, value } = row
      const print = fingerprint(value)
      const earlier = seen.get(print ?? '')
      const result = checked(sample, value, [])
      if (print === undefined) yield skipped(at, 'the run holds a number that JSON cannot say')
      else if (earlier !== undefined) yield skipped(at, `same run as ${earlier}`)
      else if (!result.ok) yield skipped([at, result.at].filter((one) => one !== '').join('.'), result.reason)
      else yield* importSample(result.record, parsed.data, at, from)
      if (print !== undefined) seen.set(print, at)
    }
    if (index === 0) yield skipped('samples', 'the log holds no samples')
  },
}

function jsonLog(header: unknown): InspectLog {
  const samples = isRecord(header) ? header.samples : undefined
  return {
    header,
    samples: listIn(samples).map((value, index) => ({ at: pathText(['samples', index]), value })),
  }
}

const log = z.object({
  version: z.number(),
  status: z.string(),
  eval: z.object({
    task: z.string(),
    model: z.string().optional().catch(undefined),
    revision: json.optional(),
  }),
  samples: z.array(z.unknown()).nullish(),
})
type Log = z.infer<typeof log>

const sample = z.object({
  id: z.union([z.string(), z.number()]),
  epoch: z.number().int().positive().optional(),
  input: json.optional(),
  target: json.optional(),
  messages: z.array(json),
  output: json.optional(),
  scores: json.optional(),
  events: z.array(json).nullish(),
  events_data: json.optional(),
  message_pool: json.optional(),
  attachments: json.optional(),
  error: json.optional(),
  limit: json.optional(),
  metadata: json.optional(),
  uuid: json.optional(),
  model_usage: json.optional(),
  total_time: z.number().nonnegative().nullish().catch(undefined),
})
type Sample = Omit<z.infer<typeof sample>, 'messages' | 'events'> & WholeSample

function* importSample(row: z.infer<typeof sample>, of: Log, at: string, from: string): Iterable<Imported> {
  const whole = wholeSample(row)
  if (whole === undefined) {
    yield skipped(at, 'the run is too long: what it repeats is more than is read')
    return
  }
  const told = { ...row, ...whole }
  const events = observedEvents(whole.events)
  if (events.some(({ kind }) => kind === 'llm')) yield observedSample(told, events, of, at, from)
  else yield* importConversation(conversationOf(told, of, from), at)
}

function observedSample(
  row: Sample,
  events: readonly Observation[],
  of: Log,
  at: string,
  from: string,
): Imported {
  const facts = factsOf(row, of)
  const first = events.flatMap(({ startNanos }) => startNanos ?? []).toSorted((a, b) => (a < b ? -1 : 1))[0]
  const root: Observation = {
    id: sampleId,
    kind: 'agent',
    name: facts.name,
    status: facts.status,
    startNanos: first ?? 0n,
    ...defined({
      startedAt: instantOf(first === undefined ? undefined : `${first}`)?.iso,
      durationMs: facts.durationMs,
      error: facts.error,
      input: facts.input,
      output: facts.output,
      codeVersion: facts.versions?.code,
    }),
  }
  const { name, task, trial, ended, attributes, scores, tags } = facts
  return importObserved(
    {
      source: { format: inspect.name, at: from },
      name,
      observations: [root, ...events],
      ...defined({ attributes, scores, tags }),
    },
    at,
    defined({ task, trial, ended }),
  )
}

type Facts = Omit<Conversation, 'request' | 'items' | 'dialogue' | 'source'>

function factsOf(row: Sample, { eval: run, status, version }: Log): Facts {
  const failed = row.error === undefined || row.error === null ? undefined : recordIn(row.error)
  const limit = textIn(recordIn(row.limit).type)
  const commit = recordIn(run.revision).commit
  const question =
    typeof row.input === 'string'
      ? row.input
      : listIn(row.input)
          .flatMap((one) => inspectMessage(one) ?? [])
          .findLast(({ role }) => role === 'user')
  const answer = inspectReply(recordIn(row.output))?.message
  const target = row.target === '' ? undefined : row.target
  return {
    name: `${inspect.name} ${run.task}`,
    status: failed === undefined ? 'ok' : 'error',
    ...defined({
      ended: limit === '' ? undefined : limit,
      error: failed === undefined ? undefined : { type: 'sample_error', message: textIn(failed.message) },
      input: question === undefined ? undefined : typeof question === 'string' ? question : textOf(question),
      output: answer === undefined ? undefined : textOf(answer),
      durationMs: typeof row.total_time === 'number' ? row.total_time * 1000 : undefined,
      trial: row.epoch === undefined ? undefined : row.epoch - 1,
    }),
    task: { id: `${run.task}/${row.id}` },
    versions: defined({ model: run.model, code: typeof commit === 'string' ? commit : undefined }),
    tags: status === 'success' ? [] : [`log:${status}`],
    attributes: Object.fromEntries(
      Object.entries(
        smallOnly(said({ target, metadata: row.metadata, uuid: row.uuid, version, model: run.model })),
      ).map(([key, value]) => [`${inspect.name}.${key}`, value]),
    ),
    scores: Object.entries(recordIn(row.scores)).flatMap(([name, score]) => scoresOf(name, recordIn(score))),
  }
}

/** Inspect's words for correct, incorrect, partial and no answer; a dictionary is several scores. */
function scoresOf(name: string, { value, explanation }: Body): readonly Score[] {
  if (name === '') return []
  if (isRecord(value))
    return Object.entries(value).flatMap(([key, one]) => scoresOf(`${name}.${key}`, { value: one }))
  const base = { name, source: 'environment', gating: true } as const
  const worth =
    typeof value === 'boolean' ? Number(value) : typeof value === 'number' ? value : worths.get(textIn(value))
  if (worth === undefined || !(worth >= 0 && worth <= 1)) {
    return [
      {
        ...base,
        status: 'unscored',
        reason: `the log says ${JSON.stringify(value ?? null).slice(0, 200)}, which is no share of 1`,
      },
    ]
  }
  const reason =
    typeof explanation === 'string' && explanation !== '' ? { reason: explanation.slice(0, 2000) } : {}
  return [{ ...base, status: 'scored', value: worth, passed: worth === 1, ...reason }]
}

const worths: ReadonlyMap<string, number> = new Map([
  ['C', 1],
  ['I', 0],
  ['P', 0.5],
  ['N', 0],
])

/** Without events: a reply is asked with what stands before it, and what it used is told of the sample only. */
function conversationOf(row: Sample, of: Log, from: string): Conversation {
  const facts = factsOf(row, of)
  const messages = row.messages.map((value) => ({ value, message: inspectMessage(value) }))
  const system = messages.flatMap(({ message }) => (message?.role === 'system' ? message.parts : []))
  const items = messages.flatMap(({ value, message }, index): readonly ConversationItem[] => {
    const at = `messages[${index}]`
    if (message === undefined) return [{ kind: 'other', at, name: 'message', value }]
    if (message.role === 'system') return []
    if (message.role === 'user')
      return [{ kind: index === 0 || recordIn(value).source === 'input' ? 'note' : 'user', at, message }]
    const [part] = message.parts
    if (part?.type === 'tool_call_response') {
      return [shownResult(message.name, part, at)]
    }
    const model = recordIn(value).model
    return [
      {
        kind: 'assistant',
        at,
        message,
        reply: typeof model === 'string' ? { model } : undefined,
        fidelity: { request: 'derived', usage: 'missing' },
      },
    ]
  })
  const usages = Object.values(recordIn(row.model_usage)).map((one) => inspectUsage(one))
  const [usage] = usages
  const model = of.eval.model
  return {
    ...facts,
    source: { format: inspect.name, at: from },
    totals: { usage: usages.length === 1 ? usage : undefined },
    request: { ...(system.length === 0 ? {} : { system }), ...defined({ model }) },
    items,
    dialogue: { stopTexts: [], stopTools: [], user: false },
  }
}
