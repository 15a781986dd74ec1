import { EvalkitError } from '../../schema/errors.ts'
import { decodeJson, isOtlpJson } from '../otlp/decode-json.ts'
import { decodeProto, isOtlpProto } from '../otlp/decode-proto.ts'
import { observeRun, otlpFormat } from '../otlp/observe.ts'
import { framesIn } from '../otlp/proto-frames.ts'
import { ProtoError } from '../otlp/proto-reader.ts'
import { runOf } from '../otlp/run.ts'
import type { OtlpData, OtlpLog, OtlpSpan } from '../otlp/shape.ts'
import { byRun, type Walked } from './by-run.ts'
import { documentIn, headOf, skipped } from './foreign.ts'
import type { Imported, Importer, Problem, Source } from './importer.ts'
import { some } from './rows-of.ts'
import { maxLineBytes } from './source.ts'

/**
 * Traces and logs of OpenTelemetry's protocol, as exporters send them and collectors write them to files: one request as
 * JSON or protobuf, or many, as JSON lines or length-prefixed. Files of a folder, and files that are named together, are
 * read together: logs join the spans they were written in, and a trace may be spread over all of them. What the spans say
 * is the business of `../otlp/dialects`.
 */
export const otlp: Importer = {
  name: otlpFormat,
  description: 'OpenTelemetry traces and logs (OTLP), in JSON or protobuf, of any instrumentation of agents.',
  looksFor:
    'a request of OTLP: `resourceSpans` or `resourceLogs` in JSON or JSON lines, or the same in protobuf',
  joins: true,
  detect(source) {
    const [first] = source.files()
    return first !== undefined && isOtlp(first)
  },
  *read(source) {
    const requests = requestsOf(source)
    const logsOf = { noTrace: 0 }
    if (!some(requests(), () => true)) {
      throw new EvalkitError('EVK_SCHEMA', 'The file holds no request of OTLP.', {
        at: { file: source.file },
      })
    }
    for (const found of byRun(() => walked(requests(), logsOf))) {
      yield 'problem' in found ? found : traceOf(found.run, found.items, source.file)
    }
    if (logsOf.noTrace > 0) yield skipped('logs', `${manyLogs(logsOf.noTrace)} of no trace`)
  },
}

/** A span, or a log record. */
type Item = { readonly span: OtlpSpan } | { readonly log: OtlpLog }

function* walked(requests: Iterable<Request>, logsOf: { noTrace: number }): Iterable<Walked<Item>> {
  logsOf.noTrace = 0
  for (const { at, data, problem } of requests) {
    if (problem !== undefined) yield skipped(at, problem)
    if (data === undefined) continue
    for (const span of data.spans) yield { run: span.traceId, item: { span } }
    for (const log of data.logs) {
      if (log.traceId === undefined) logsOf.noTrace++
      else yield { run: log.traceId, item: { log } }
    }
    yield* rejectedIn(data, at)
  }
}

function traceOf(id: string, items: readonly Item[], file: string): Imported {
  const spans = items.flatMap((item) => ('span' in item ? [item.span] : []))
  const logs = items.flatMap((item) => ('log' in item ? [item.log] : []))
  if (spans.length === 0)
    return skipped(
      `trace ${id}`,
      `${manyLogs(logs.length)} of it, and no span: name the file of its spans, too`,
    )
  const observed = observeRun(runOf(id, spans, logs), file)
  return 'trace' in observed ? observed : skipped(`trace ${id}`, observed.reason)
}

function manyLogs(count: number): string {
  return count === 1 ? 'one log record' : `${count} log records`
}

/** The requests of all files, read anew each time they are walked; one that is a file of its own is read once. */
function requestsOf(source: Source): () => Iterable<Request> {
  const [first, second] = source.files()
  if (first === undefined || second !== undefined || !isOneRequest(first)) {
    return function* () {
      for (const file of source.files()) yield* requestsIn(file, source)
    }
  }
  const requests = [...requestsIn(first, source)]
  return () => requests
}

function isOneRequest(file: Source): boolean {
  const head = file.head()
  if (startsAsObject(head)) return documentIn(file) !== undefined
  return mayBeProto(head) && head[0] !== 0 && isOtlpProto(file.bytes())
}

/** Records that were refused, by why: a broken exporter says the same of each. */
function* rejectedIn({ rejected }: OtlpData, at: string): Iterable<Problem> {
  for (const [reason, all] of Map.groupBy(rejected, ({ reason: why }) => why)) {
    yield skipped(at, all.length === 1 ? reason : `${reason} (${all.length} times)`)
  }
}

interface Request {
  readonly at: string
  readonly data?: OtlpData
  readonly problem?: string
}

function isOtlp(file: Source): boolean {
  const head = file.head()
  if (mayBeProto(head) && isOtlpProto(firstIn(file))) return true
  if (!startsAsObject(head)) return false
  if (isOtlpJson(documentIn(file))) return true
  // One document that is no request may still be a broken first line among requests.
  const [line] = headOf(file)
  return line !== undefined && 'value' in line && isOtlpJson(line.value)
}

/** A request begins with the tag of its first field, or, where several follow, with its length, whose first byte is 0. */
function mayBeProto([first]: Uint8Array): boolean {
  return first === 0x0a || first === 0
}

function startsAsObject(bytes: Uint8Array): boolean {
  for (const byte of bytes.subarray(0, 1024)) {
    if (byte === 0x7b) return true
    // White space, and the marks that may stand at the start of a text.
    if (![0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf].includes(byte)) return false
  }
  return false
}

function* requestsIn(file: Source, all: Source): Iterable<Request> {
  const head = file.head()
  // One file is named by who reads it.
  const before = file.file === all.file ? '' : `${file.file} `
  if (!startsAsObject(head) && mayBeProto(head) && isOtlpProto(firstIn(file))) {
    yield* framedIn(file, before)
    return
  }
  const document = documentIn(file)
  if (document !== undefined) {
    const at = before === '' ? 'the whole file' : file.file
    if (isOtlpJson(document)) yield { at, data: decodeJson(document) }
    else yield { at, problem: 'this is no request of OTLP' }
    return
  }
  for (const line of file.records()) {
    const at = `${before}${line.at}`
    if ('problem' in line) yield { at, problem: line.problem }
    else if (isOtlpJson(line.value)) yield { at, data: decodeJson(line.value) }
    else yield { at, problem: 'the line is no request of OTLP' }
  }
}

/** The first of many requests, which have their length before them, or the only one. */
function firstIn(file: Source): Uint8Array {
  if (file.head()[0] !== 0) return file.bytes()
  try {
    for (const { content } of framesIn(file.chunks(), maxLineBytes)) return content
  } catch (error) {
    if (!(error instanceof ProtoError)) throw error
  }
  return new Uint8Array()
}

function* framedIn(file: Source, before: string): Iterable<Request> {
  const whole = before === '' ? 'the whole file' : file.file
  if (file.head()[0] !== 0) {
    yield { at: whole, ...protoIn(file.bytes()) }
    return
  }
  try {
    for (const { at, content } of framesIn(file.chunks(), maxLineBytes)) {
      const read = protoIn(content)
      yield { at: `${before}${at}`, ...read }
      // Where one request is none, nobody knows where the next begins.
      if (read.problem !== undefined) return
    }
  } catch (error) {
    if (!(error instanceof ProtoError)) throw error
    yield { at: whole, problem: error.message }
  }
}

function protoIn(content: Uint8Array): Omit<Request, 'at'> {
  try {
    return { data: decodeProto(content) }
  } catch (error) {
    if (error instanceof ProtoError) return { problem: error.message }
    throw error
  }
}
