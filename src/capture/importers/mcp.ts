import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { json, type Json } from '../../schema/json.ts'
import { isRecord, listIn, readResult, recordIn } from '../../tap/wire/text.ts'
import { byRun, type Walked } from './by-run.ts'
import { headOf, skipped } from './foreign.ts'
import { importObserved } from './import-observed.ts'
import type { Imported, Importer, Problem, Source } from './importer.ts'
import { type Instant, instantOf, millisBetween } from './instant.ts'
import type { Observation } from './observation.ts'

/**
 * Logs of the Model Context Protocol (https://modelcontextprotocol.io/specification): JSON-RPC 2.0 messages, one a line, as
 * they are or in an envelope with a time and a direction. A session is a run: it begins with `initialize`, or, since
 * 2026-07-28, where there are no sessions, is what one `traceparent` in `_meta` belongs to.
 */
export const mcp: Importer = {
  name: 'mcp',
  description: 'Logs of the Model Context Protocol: JSON-RPC messages between a client and a server.',
  looksFor: 'JSON lines that are JSON-RPC 2.0 messages, or hold one as "message"',

  detect: (source) =>
    headOf(source).some((record) => 'value' in record && messagesIn(record.value).some(isOfMcp)),

  *read(source) {
    const sketches: Sketch[] = []
    let some = false
    for (const met of entriesIn(source)) {
      if ('problem' in met) continue
      some ||= isOfMcp(met)
      sketches.push(sketchOf(met))
    }
    if (!some) {
      throw new EvalkitError('EVK_SCHEMA', `This is not ${mcp.looksFor}.`, { at: { file: source.file } })
    }
    const { runs, requests } = placesOf(runsIn(sketches))
    for (const found of byRun(() => walked(source, runs))) {
      yield 'problem' in found ? found : importRun(exchangesOf(found.items, requests), source.file)
    }
  },
}

function* walked(source: Source, runs: ReadonlyMap<number, string>): Iterable<Walked<Entry>> {
  for (const met of entriesIn(source)) {
    if ('problem' in met) yield met
    else yield { run: runs.get(met.index) ?? '', item: met }
  }
}

function* entriesIn(source: Source): Iterable<Entry | Problem> {
  let index = 0
  for (const record of source.records()) {
    const found = 'value' in record ? messagesIn(record.value) : []
    if ('problem' in record) yield skipped(record.at, record.problem)
    else if (found.length === 0) yield skipped(record.at, 'the line holds no JSON-RPC message')
    for (const message of found) yield { ...message, at: record.at, index: index++ }
  }
}

const rpc = z.looseObject({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number()]).nullish(),
  method: z.string().optional(),
  params: json.optional(),
  result: json.optional(),
  error: json.optional(),
})
type Rpc = z.infer<typeof rpc>

interface Message {
  readonly rpc: Rpc
  readonly raw: Json
  readonly time: Instant | undefined
  readonly direction: string
  readonly session: string
}

interface Entry extends Message {
  readonly at: string
  readonly index: number
}

const envelopes = ['message', 'payload', 'data', 'msg', 'body'] as const
const times = ['ts', 'timestamp', 'time', 'at'] as const

/** The messages of a line; a batch, as older versions had it, is several. */
function messagesIn(value: unknown): readonly Message[] {
  const outer = isRecord(value) ? value : {}
  const inner =
    outer.jsonrpc === undefined
      ? envelopes.map((name) => outer[name]).find((one) => typeof one === 'object' && one !== null)
      : value
  const list: readonly unknown[] = Array.isArray(inner) ? inner : Array.isArray(value) ? value : [inner]
  return list.flatMap((one) => {
    const parsed = rpc.safeParse(one)
    if (!parsed.success) return []
    return [
      {
        rpc: parsed.data,
        raw: json.parse(one),
        time: times.map((name) => instantOf(outer[name])).find((time) => time !== undefined),
        direction: textOf(outer.dir ?? outer.direction),
        session: textOf(outer.sessionId ?? outer.session ?? outer['mcp-session-id']),
      },
    ]
  })
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

const methods =
  /^(?:initialize|ping|(?:tools|resources|prompts|notifications|sampling|elicitation|roots|completion|logging|tasks|server)\/[\w/]+)$/

function isOfMcp({ rpc: { method } }: Message): boolean {
  return method !== undefined && methods.test(method)
}

function traceIdOf({ rpc: { params } }: Message): string | undefined {
  const { traceparent } = recordIn(recordIn(params)._meta)
  return typeof traceparent === 'string' ? /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent)?.[1] : undefined
}

/** What has to be known of a message to tell which run it is of, and which request it answers. */
interface Sketch {
  readonly index: number
  readonly session: string
  readonly direction: string
  readonly method: string | undefined
  readonly id: string | number | null | undefined
  readonly trace: string | undefined
}

function sketchOf(entry: Entry): Sketch {
  const { index, session, direction, rpc: told } = entry
  return { index, session, direction, method: told.method, id: told.id, trace: traceIdOf(entry) }
}

interface Asked {
  readonly request: Sketch
  answer?: Sketch
}

/** Messages by the run they are of: an answer is of the run of its request. */
function runsIn(sketches: readonly Sketch[]): readonly (readonly Asked[])[] {
  const sessions = new Map<string, Asked[][]>()
  const open = openRequests()
  for (const sketch of sketches) {
    const { session, method } = sketch
    const segments = sessions.get(session) ?? [[]]
    sessions.set(session, segments)
    const asked = method === undefined ? open.answered(sketch) : undefined
    if (asked !== undefined) {
      asked.answer = sketch
      continue
    }
    const isFirst =
      method === 'initialize' && segments.at(-1)?.some(({ request }) => request.method === 'initialize')
    if (isFirst === true) segments.push([])
    const exchange: Asked = { request: sketch }
    segments.at(-1)?.push(exchange)
    if (method !== undefined) open.asked(exchange)
  }
  return [...sessions.values()].flat().flatMap(byTrace)
}

/** Of each message its run, and of each answer its request. */
function placesOf(all: readonly (readonly Asked[])[]): {
  readonly runs: ReadonlyMap<number, string>
  readonly requests: ReadonlyMap<number, number>
} {
  const runs = new Map<number, string>()
  const requests = new Map<number, number>()
  for (const [number, run] of all.entries()) {
    const name = String(number)
    for (const { request, answer } of run) {
      runs.set(request.index, name)
      if (answer === undefined) continue
      runs.set(answer.index, name)
      requests.set(answer.index, request.index)
    }
  }
  return { runs, requests }
}

interface Exchange {
  readonly request: Entry
  answer?: Entry
}

function exchangesOf(entries: readonly Entry[], requests: ReadonlyMap<number, number>): readonly Exchange[] {
  const exchanges = new Map<number, Exchange>()
  for (const entry of entries) {
    const asked = exchanges.get(requests.get(entry.index) ?? -1)
    if (asked === undefined) exchanges.set(entry.index, { request: entry })
    else asked.answer = entry
  }
  return [...exchanges.values()]
}

function begins({ request }: Exchange): boolean {
  return request.rpc.method === 'initialize'
}

/** Both sides count their ids from 0: an answer goes the other way than its request, where a log tells the ways. */
function openRequests() {
  const waiting = new Map<string, Asked[]>()
  const ways = new Set<string>()
  const keyOf = ({ session, id }: Sketch, way: string): string => JSON.stringify([session, way, id])
  return {
    asked(exchange: Asked): void {
      const { request } = exchange
      if (request.id === undefined || request.id === null) return
      // There are two; a log that tells of many means something else by it.
      if (ways.size < 4) ways.add(request.direction)
      const key = keyOf(request, request.direction)
      const queue = waiting.get(key)
      if (queue === undefined) waiting.set(key, [exchange])
      else queue.push(exchange)
    },
    answered(answer: Sketch): Asked | undefined {
      for (const way of ways) {
        if (way === answer.direction && way !== '') continue
        const key = keyOf(answer, way)
        const queue = waiting.get(key)
        if (queue?.length === 1) waiting.delete(key)
        const found = queue?.shift()
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}

/** Where a log without sessions holds several traces, each is a run, and what is of none is one of its own. */
function byTrace(asked: readonly Asked[]): readonly (readonly Asked[])[] {
  const traces = Map.groupBy(asked, ({ request }) => request.trace ?? '')
  traces.delete('')
  return traces.size < 2
    ? [asked].filter(({ length }) => length > 0)
    : [...Map.groupBy(asked, ({ request }) => request.trace ?? '').values()]
}

function importRun(exchanges: readonly Exchange[], file: string): Imported {
  const timed = exchanges.every(({ request }) => request.time !== undefined)
  const start = exchanges[0]?.request.time
  const ends = exchanges.flatMap(({ request, answer }) => answer?.time ?? request.time ?? [])
  const end = ends.toSorted((a, b) => (a.nanos < b.nanos ? -1 : 1)).at(-1)
  const hello = recordIn(exchanges.find(begins)?.answer?.rpc.result)
  const server = recordIn(hello.serverInfo)
  const session = exchanges.find(({ request }) => request.session !== '')?.request.session
  const trace = exchanges.map(({ request }) => traceIdOf(request)).find((id) => id !== undefined)
  const calls = exchanges.map((exchange, at) => ({
    ...observed(exchange),
    ...(timed ? {} : { startNanos: BigInt(at) }),
  }))
  const root: Observation = {
    id: 'session',
    kind: 'agent',
    name: typeof server.name === 'string' ? `mcp ${server.name}` : 'mcp',
    status: 'ok',
    ...defined({ startedAt: start?.iso, durationMs: millisBetween(start, end) }),
    startNanos: timed ? (start?.nanos ?? 0n) : -1n,
    attributes: defined({
      'mcp.server': hello.serverInfo,
      'mcp.protocol_version': hello.protocolVersion,
      'mcp.trace_id': trace,
    }),
  }
  const at = exchanges[0]?.request.at ?? ''
  return importObserved(
    {
      source: { format: mcp.name, at: file },
      observations: [root, ...calls],
      name: root.name,
      ...defined({ session }),
    },
    at,
  )
}

function observed(exchange: Exchange): Observation {
  const { request, answer } = exchange
  const { method, params, id } = request.rpc
  const told = recordIn(params)
  const failure = answer?.rpc.error === undefined ? undefined : rpcError(answer.rpc.error)
  const result = answer?.rpc.result
  const base = {
    id: `${request.index}`,
    parent: 'session',
    name: method ?? 'answer to nobody',
    ...defined({
      startedAt: request.time?.iso,
      startNanos: request.time?.nanos,
      durationMs: millisBetween(request.time, answer?.time),
      error: failure,
    }),
    status: failure === undefined ? ('ok' as const) : ('error' as const),
    attributes: defined({
      'mcp.direction': request.direction === '' ? undefined : request.direction,
      'jsonrpc.request.id': id ?? undefined,
      'mcp.meta': told._meta,
    }),
  }
  if (method === undefined) return { ...base, kind: 'custom', output: request.raw }
  if (method === 'elicitation/create')
    return { ...base, kind: 'human', ...defined({ input: params, output: result }) }
  if (method !== 'tools/call') {
    const kind = method === 'resources/read' ? 'retrieval' : 'custom'
    return { ...base, kind, ...defined({ input: params, output: result ?? answer?.rpc.error }) }
  }
  const name = textOf(told.name)
  return {
    ...base,
    kind: 'tool',
    name,
    call: { name, arguments: told.arguments ?? {} },
    ...(answer === undefined ? {} : toolResult(answer)),
    attributes: { ...base.attributes, ...beside(recordIn(result)) },
  }
}

/** What a model is shown of a result is its content; an answer that is no result is the error. */
function toolResult({ rpc: { result, error } }: Entry): Pick<Observation, 'result'> {
  if (error !== undefined) return { result: { response: error, isError: true } }
  if (!isRecord(result)) return { result: { response: result ?? null } }
  const { content, structuredContent, isError } = result
  const response =
    Array.isArray(content) && content.length > 0 ? readResult(listIn(content)) : (structuredContent ?? result)
  return { result: { response, isError: isError === true } }
}

/** Of a result, what is no content. */
function beside(result: { readonly [name: string]: Json | undefined }): Observation['attributes'] {
  const { content: _, isError: __, ...others } = result
  return Object.fromEntries(Object.entries(others).map(([name, value]) => [`mcp.result.${name}`, value]))
}

function rpcError(error: Json): { readonly type: string; readonly message: string } {
  const { code, message } = recordIn(error)
  return {
    type: typeof code === 'number' ? `jsonrpc_${code}` : 'jsonrpc_error',
    message: typeof message === 'string' ? message : JSON.stringify(error),
  }
}
