import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Json } from '../../schema/json.ts'
import { type Body, isRecord, listIn, recordIn, textIn } from '../../tap/wire/text.ts'
import { hidden } from '../otlp/genai-span.ts'
import { numberIn } from '../otlp/told.ts'
import { skipped } from './foreign.ts'
import { importObserved } from './import-observed.ts'
import type { Imported, Importer, Source } from './importer.ts'
import { instantOf, millisBetween } from './instant.ts'
import { langchainUsage } from './langchain-message.ts'
import { isRunParts, rowsInParts } from './langsmith-multipart.ts'
import { langsmithTool, unwrapped } from './langsmith-tool.ts'
import type { Observation } from './observation.ts'
import { apart, asAsked, repeatedIn, replyFrom, requestFrom } from './provider-talk.ts'
import { firstRowsOf, type Row, type Rows, rowsOf } from './rows-of.ts'

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
    const { rows, problems } = rowsIn(source)
    const runs = new Map<string, Run>()
    const skips: Imported[] = [...problems]
    for (const { at, value } of rows) {
      const found = [...flattened(value)]
      for (const run of found) {
        const id = idOf(run)
        if (id !== undefined) runs.set(id, { at, told: { ...completed(runs.get(id)?.told, said(run)), id } })
      }
      if (found.every((run) => idOf(run) === undefined))
        skips.push(skipped(at, 'this is no run: it has no id'))
    }
    for (const [id, { at, told }] of runs) {
      if (Object.keys(told).some((name) => name !== 'id' && name !== 'feedback')) continue
      skips.push(skipped(at, 'the run this is about is not here'))
      runs.delete(id)
    }
    const traces = Map.groupBy(runs.values(), ({ told }) => traceOf(told))
    if (![...runs.values()].some(({ told }) => isRun(told))) {
      throw new EvalkitError('EVK_SCHEMA', `This is not ${langsmith.looksFor}.`, {
        at: { file: source.file },
      })
    }
    yield* skips
    for (const of of traces.values()) {
      const [first] = of
      const isOver = !of.some(({ told }) => hasOnlyBegun(told))
      if (!isOver && !unfinished) {
        yield skipped(
          first?.at ?? '',
          'the run has not ended: name the file with its end, too (--unfinished imports what is there)',
        )
        continue
      }
      const attributes = { 'langsmith.project': first?.told.session_name ?? null }
      yield importObserved(
        {
          source: { format: langsmith.name, at: source.file },
          observations: of.map(({ told }) => observed(told)),
          ...(first?.told.session_name === undefined ? {} : { attributes }),
        },
        first?.at ?? '',
        isOver ? {} : { ended: 'unfinished' },
      )
    }
  },
}

/** A root of which only the beginning was posted. Exports may leave out one member or another, not all that an end brings. */
function hasOnlyBegun(run: Body): boolean {
  const ends = [run.end_time, run.outputs, run.error]
  return parentOf(run) === undefined && ends.every((end) => end === undefined)
}

/** The records of all files: those that begin a run before those that complete one, in whatever order the bodies were sent. */
function rowsIn(source: Source): Rows {
  const rows: Row[] = []
  const problems: Imported[] = []
  for (const file of source.files()) {
    const found = isRunParts(file.head()) ? rowsInParts(file.bytes()) : rowsOf(file, 'runs', 'post', 'patch')
    const before = file.file === source.file ? '' : `${file.file} `
    for (const row of found.rows) rows.push({ ...row, at: `${before}${row.at}` })
    for (const problem of found.problems) problems.push(problem)
  }
  const ranks = ['patch', 'feedback']
  const rank = ({ list = '' }: Row): number => ranks.indexOf(list)
  return { rows: rows.toSorted((a, b) => rank(a) - rank(b)), problems }
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
