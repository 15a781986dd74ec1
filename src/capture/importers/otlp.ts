import { EvalkitError } from '../../schema/errors.ts'
import { decodeJson, isOtlpJson } from '../otlp/decode-json.ts'
import { decodeProto, framesIn, isOtlpProto } from '../otlp/decode-proto.ts'
import { observeRun, otlpFormat } from '../otlp/observe.ts'
import { ProtoError } from '../otlp/proto-reader.ts'
import { runsIn } from '../otlp/run.ts'
import type { OtlpData, OtlpLog, OtlpSpan } from '../otlp/shape.ts'
import { documentIn, headOf, skipped } from './foreign.ts'
import type { Imported, Importer, Source } from './importer.ts'

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
    const spans: OtlpSpan[] = []
    const logs: OtlpLog[] = []
    let requests = 0
    for (const file of source.files()) {
      for (const { at, data, problem } of requestsIn(file)) {
        requests++
        if (problem !== undefined) yield skipped(at, problem)
        if (data === undefined) continue
        for (const span of data.spans) spans.push(span)
        for (const log of data.logs) logs.push(log)
        yield* rejectedIn(data, at)
      }
    }
    if (requests === 0) {
      throw new EvalkitError('EVK_SCHEMA', 'The file holds no request of OTLP.', {
        at: { file: source.file },
      })
    }
    yield* tracesIn(spans, logs, source.file)
  },
}

function* tracesIn(spans: readonly OtlpSpan[], logs: readonly OtlpLog[], file: string): Iterable<Imported> {
  const { runs, left } = runsIn({ spans, logs })
  for (const run of runs) {
    const observed = observeRun(run, file)
    yield 'trace' in observed ? observed : skipped(`trace ${run.traceId}`, observed.reason)
  }
  const homeless = Map.groupBy(left, ({ traceId }) => traceId)
  for (const [id, of] of homeless) {
    const what = of.length === 1 ? 'one log record' : `${of.length} log records`
    if (id === undefined) yield skipped('logs', `${what} of no trace`)
    else yield skipped(`trace ${id}`, `${what} of it, and no span: name the file of its spans, too`)
  }
}

/** Records that were refused, by why: a broken exporter says the same of each. */
function* rejectedIn({ rejected }: OtlpData, at: string): Iterable<Imported> {
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
  if (mayBeProto(head) && isOtlpProto(file.bytes())) return true
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

function* requestsIn(file: Source): Iterable<Request> {
  const head = file.head()
  if (!startsAsObject(head) && mayBeProto(head)) {
    const bytes = file.bytes()
    if (isOtlpProto(bytes)) {
      yield* framedIn(file, bytes)
      return
    }
  }
  const document = documentIn(file)
  if (document !== undefined) {
    if (isOtlpJson(document)) yield { at: file.file, data: decodeJson(document) }
    else yield { at: file.file, problem: 'this is no request of OTLP' }
    return
  }
  for (const line of file.records()) {
    const at = `${file.file} ${line.at}`
    if ('problem' in line) yield { at, problem: line.problem }
    else if (isOtlpJson(line.value)) yield { at, data: decodeJson(line.value) }
    else yield { at, problem: 'the line is no request of OTLP' }
  }
}

function* framedIn(file: Source, bytes: Uint8Array): Iterable<Request> {
  try {
    for (const { at, content } of framesIn(bytes)) {
      const read = protoIn(content)
      yield { at: `${file.file} ${at}`.trim(), ...read }
      // Where one request is none, nobody knows where the next begins.
      if (read.problem !== undefined) return
    }
  } catch (error) {
    if (!(error instanceof ProtoError)) throw error
    yield { at: file.file, problem: error.message }
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
