import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Json } from '../../schema/json.ts'
import { type Body, isRecord, listIn, recordIn, textIn } from '../../tap/wire/text.ts'
import { hidden } from '../otlp/genai-span.ts'
import { numberIn } from '../otlp/told.ts'
import { byRun, type Walked } from './by-run.ts'
import { skipped } from './foreign.ts'
import { importObserved } from './import-observed.ts'
import type { Imported, Importer, Problem, Source } from './importer.ts'
import { instantOf, millisBetween } from './instant.ts'
import { langchainUsage } from './langchain-message.ts'
import { isRunParts, rowsInParts } from './langsmith-multipart.ts'
import { langsmithTool, unwrapped } from './langsmith-tool.ts'
import type { Observation } from './observation.ts'
import { apart, asAsked, repeatedIn, replyFrom, requestFrom } from './provider-talk.ts'
import { firstRowsOf, type Row, rowsOf } from './rows-of.ts'

/**
 * Runs of LangSmith: an export (a list, `{ runs }`, JSON lines) or what its SDKs post (`{ post, patch }`, or a body in parts), where a
 * patch completes the run it belongs to (https://docs.langchain.com/langsmith/run-data-format). A run is posted when it begins and patched
 * when it ends, so bodies that are named together are read together. One object may tell one time as ISO 8601 and another in
 * milliseconds. A run's `session_id` is its project; the conversation is in the metadata.
 */
export const langsmith: Importer = {
  name: 'langsmith',
  description: 'Runs of LangSmith: an export, or the batches its SDKs post, also in parts.',
  looksFor:
    'JSON with runs that have a "run_type" and a "trace_id" or "dotted_order", in a list, under "runs", "post" or one a line; or a body of multipart/form-data with parts "post.<id>"',
  joins: true,

  detect(source) {
    const [first] = source.files()
    if (first !== undefined && isRunParts(first.head())) return true
    return firstRowsOf(source, 'runs', 'post').some(({ value }) => isRun(value))
  },

  *read(source, { unfinished = false } = {}) {
    const index = indexOf(source)
    if (!index.some) {
      throw new EvalkitError('EVK_SCHEMA', `This is not ${langsmith.looksFor}.`, {
        at: { file: source.file },
      })
    }
    for (const found of byRun(() => walked(source, index.traces), index.counts)) {
      if ('problem' in found) yield found
      else yield* importTrace(found.items, { file: source.file, unfinished })
    }
  },
}

/** What one record says of a run. A run is posted, patched and judged, in whatever order the bodies are named. */
interface Told {
  readonly id: string
  readonly at: string
  readonly rank: number
  readonly run: Body
}

const ranks = ['patch', 'feedback']

/** The trace of each run, which not every record about it tells, and of how many records a trace is made. */
function indexOf(source: Source): {
  readonly traces: ReadonlyMap<string, string>
  readonly counts: Map<string, number>
  /** Whether one is a run. */
  readonly some: boolean
} {
  const traces = new Map<string, string>()
  const records = new Map<string, { count: number; typed: boolean; placed: boolean }>()
  let some = false
  for (const row of rowsIn(source)) {
    if ('problem' in row) continue
    for (const run of flattened(row.value)) {
      const id = idOf(run)
      if (id === undefined) continue
      const seen = records.get(id) ?? { count: 0, typed: false, placed: false }
      records.set(id, seen)
      seen.count++
      seen.typed ||= typeof run.run_type === 'string'
      seen.placed ||= typeof run.trace_id === 'string' || typeof run.dotted_order === 'string'
      some ||= seen.typed && seen.placed
      const trace = traceOf({ ...said(run), id })
      if (trace !== id || !traces.has(id)) traces.set(id, trace)
    }
  }
  const counts = new Map<string, number>()
  for (const [id, { count }] of records) {
    const trace = traces.get(id) ?? id
    counts.set(trace, (counts.get(trace) ?? 0) + count)
  }
  return { traces, counts, some }
}

function* walked(source: Source, traces: ReadonlyMap<string, string>): Iterable<Walked<Told>> {
  for (const row of rowsIn(source)) {
    if ('problem' in row) {
      yield row
      continue
    }
    const { at, value, list = '' } = row
    let some = false
    for (const run of flattened(value)) {
      const id = idOf(run)
      if (id === undefined) continue
      some = true
      yield { run: traces.get(id) ?? id, item: { id, at, rank: ranks.indexOf(list), run: said(run) } }
    }
    if (!some) yield skipped(at, 'this is no run: it has no id')
  }
}

function* importTrace(
  records: readonly Told[],
  { file, unfinished }: { readonly file: string; readonly unfinished: boolean },
): Iterable<Imported> {
  const all = new Map<string, Run>()
  // What begins a run before what completes it.
  for (const { id, at, run } of records.toSorted((a, b) => a.rank - b.rank))
    all.set(id, { at, told: { ...completed(all.get(id)?.told, run), id } })
  const runs: Run[] = []
  for (const run of all.values()) {
    if (Object.keys(run.told).some((name) => name !== 'id' && name !== 'feedback')) runs.push(run)
    else yield skipped(run.at, 'the run this is about is not here')
  }
  const [first] = runs
  if (first === undefined) return
  const isOver = !runs.some(({ told }) => hasOnlyBegun(told))
  if (!isOver && !unfinished) {
    yield skipped(
      first.at,
      'the run has not ended: name the file with its end, too (--unfinished imports what is there)',
    )
    return
  }
  const attributes = { 'langsmith.project': first.told.session_name ?? null }
  yield importObserved(
    {
      source: { format: langsmith.name, at: file },
      observations: runs.map(({ told }) => observed(told)),
      ...(first.told.session_name === undefined ? {} : { attributes }),
    },
    first.at,
    isOver ? {} : { ended: 'unfinished' },
  )
}

/** A root of which only the beginning was posted. Exports may leave out one member or another, not all that an end brings. */
function hasOnlyBegun(run: Body): boolean {
  const ends = [run.end_time, run.outputs, run.error]
  return parentOf(run) === undefined && ends.every((end) => end === undefined)
}

/** The records of all files, which name their file where there are several. */
function* rowsIn(source: Source): Iterable<Row | Problem> {
  for (const file of source.files()) {
    const found = isRunParts(file.head()) ? rowsInParts(file.bytes()) : rowsOf(file, 'runs', 'post', 'patch')
    const before = file.file === source.file ? '' : `${file.file} `
    for (const row of found) yield 'problem' in row ? row : { ...row, at: `${before}${row.at}` }
  }
}

/** Later records say more; what was said of a run by several people stands side by side. */
function completed(run: Body = {}, more: Body): Body {
  const judged = [...listIn(run.feedback), ...listIn(more.feedback)]
  return { ...run, ...more, ...(judged.length === 0 ? {} : { feedback: judged }) }
}

interface Run {
  readonly at: string
  readonly told: Body
}

const sign = z.union([
  z.looseObject({ run_type: z.string(), trace_id: z.string() }),
  z.looseObject({ run_type: z.string(), dotted_order: z.string() }),
])

function isRun(value: unknown): boolean {
  return sign.safeParse(value).success
}

/** A run with those that are nested in it. */
function* flattened(value: unknown): Iterable<Body> {
  const waiting: unknown[] = [value]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (!isRecord(next)) continue
    const { child_runs: children, ...run } = next
    yield run
    waiting.push(...listIn(children))
  }
}

/** What a record says; a member that is null says nothing, and does not undo what was said before. */
function said(run: Body): Body {
  return Object.fromEntries(Object.entries(run).filter(([, value]) => value !== null && value !== undefined))
}

/** A patch may lack the id; the last step of its `dotted_order` has it. */
function idOf({ id, dotted_order: order }: Body): string | undefined {
  if (typeof id === 'string' && id !== '') return id
  return typeof order === 'string' ? /Z([^.]{1,64})$/.exec(order.slice(-100))?.[1] : undefined
}

function traceOf({ trace_id: trace, dotted_order: order, id }: Body): string {
  if (typeof trace === 'string') return trace
  return /Z([^.]{1,64})/.exec(textIn(order).slice(0, 100))?.[1] ?? textIn(id)
}

/** The parent, by its name or as the last but one step of `dotted_order`. */
function parentOf({ parent_run_id: parent, dotted_order: order }: Body): string | undefined {
  if (typeof parent === 'string') return parent
  const steps = textIn(order).split('.')
  return /Z(.{1,64})$/.exec(steps.at(-2)?.slice(-100) ?? '')?.[1]
}

const kinds: Readonly<Record<string, Observation['kind']>> = {
  llm: 'llm',
  tool: 'tool',
  retriever: 'retrieval',
  agent: 'agent',
}

function observed(run: Body): Observation {
  const kind = kinds[textIn(run.run_type)] ?? 'custom'
  const [start, end] = [instantOf(run.start_time), instantOf(run.end_time)]
  const extra = recordIn(run.extra)
  const metadata = recordIn(extra.metadata)
  const failure = textIn(run.error)
  const of = (...names: readonly string[]): string | undefined =>
    names
      .map((name) => metadata[name])
      .find((value): value is string => typeof value === 'string' && value !== '')
  const base = {
    id: textIn(run.id),
    ...defined({
      parent: parentOf(run),
      startedAt: start?.iso,
      startNanos: start?.nanos,
      durationMs: millisBetween(start, end),
    }),
    name: textIn(run.name),
    status: failure === '' ? ('ok' as const) : ('error' as const),
    ...(failure === '' ? {} : { error: errorOf(failure) }),
    ...defined({
      session: of('session_id', 'thread_id', 'conversation_id'),
      user: of('user_id'),
      promptVersion: of('prompt_version', 'lc_hub_commit_hash'),
      codeVersion: of('revision_id'),
      costUsd: numberIn(run.total_cost),
    }),
    tags: listIn(run.tags).filter((tag) => typeof tag === 'string'),
    usageScope: kind === 'llm' ? ('call' as const) : ('aggregate' as const),
    attributes: { 'langsmith.run_type': run.run_type, 'langsmith.metadata': metadata, ...restOf(run) },
  }
  if (kind === 'llm') return { ...base, ...modelOf(run, extra, metadata) }
  if (kind === 'tool')
    return {
      ...base,
      ...langsmithTool(textIn(run.name), textIn(metadata.tool_call_id), run.inputs, run.outputs),
    }
  return { ...base, kind, ...defined({ input: run.inputs, output: unwrapped(run.outputs) }) }
}

/** `Type: message`, with a stack below. */
function errorOf(text: string): { readonly type: string; readonly message: string } {
  const [, type, message] = /^([A-Z]\w{0,60})(?:\((.*)\))?:? ?/.exec(text.slice(0, 300)) ?? []
  if (type === undefined) return { type: 'Error', message: text }
  return { type, message: message ?? text.slice(type.length).replace(/^: ?/, '') }
}

function restOf(run: Body): Record<string, Json> {
  const names = [
    'events',
    'feedback',
    'feedback_stats',
    'reference_example_id',
    'status',
    'first_token_time',
  ] as const
  return Object.fromEntries(
    names.flatMap((name) =>
      run[name] === undefined || run[name] === null ? [] : [[`langsmith.${name}`, run[name]] as const],
    ),
  )
}

function modelOf(
  run: Body,
  extra: Body,
  metadata: Body,
): Pick<Observation, 'kind' | 'request' | 'reply' | 'usage' | 'fidelity'> {
  const reply = replyFrom(run.outputs)
  const asked = requestFrom(run.inputs)
  const messages = asked.messages === undefined ? undefined : asAsked(asked.messages, reply?.message)
  const outputs = recordIn(run.outputs)
  const { usage: own, reply: rest } = apart(reply)
  const usage =
    langchainUsage(outputs.usage_metadata) ??
    langchainUsage(metadata.usage_metadata) ??
    own ??
    langchainUsage({ prompt_tokens: run.prompt_tokens, completion_tokens: run.completion_tokens })
  const model =
    asked.model ??
    [metadata.ls_model_name, recordIn(extra.invocation_params).model].find((one) => typeof one === 'string')
  const parameters =
    asked.parameters ?? said(recordIn(metadata.ls_invocation_params ?? extra.invocation_params))
  const isCut = messages?.length !== asked.messages?.length
  const marks = hidden({ request: run.inputs, reply: run.outputs }).fidelity
  const fidelity = { ...(isCut ? { request: 'derived' as const } : {}), ...marks }
  return {
    kind: 'llm',
    request: {
      ...asked,
      ...repeatedIn(run.outputs),
      ...defined({ messages, model: typeof model === 'string' ? model : undefined }),
      ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    },
    ...defined({ reply: rest, usage }),
    ...(Object.keys(fidelity).length === 0 ? {} : { fidelity }),
  }
}
