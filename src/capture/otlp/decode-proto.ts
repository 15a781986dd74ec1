import type { GrownText } from '../../lib/grown-text.ts'
import type { Json } from '../../schema/json.ts'
import { areGrown } from './grown-attributes.ts'
import { grownBytes, shortestGrown } from './grown-bytes.ts'
import { ProtoError, ProtoReader, wireTypes } from './proto-reader.ts'
import {
  doubleValue,
  integerValue,
  type OtlpAttributes,
  type OtlpData,
  type OtlpEvent,
  type OtlpLink,
  type OtlpLog,
  type OtlpRejected,
  type OtlpScope,
  type OtlpSpan,
  otlpLimits,
  refusedSpan,
  setAttribute,
} from './shape.ts'

const { varint, fixed64, bytes: lengthed } = wireTypes

/**
 * Spans and logs of an `ExportTraceServiceRequest` or `ExportLogsServiceRequest` (opentelemetry-proto, collector/*):
 * the two are nested alike, and each record shows which it is by how its fields are encoded, so that logs that were sent
 * to the traces path are still logs. Unknown fields are skipped. A record that cannot be read is rejected, alone. Throws a
 * `ProtoError` where the bytes as a whole are no such request.
 */
export function decodeProto(content: Uint8Array): OtlpData {
  const whole = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const into = { spans: [] as OtlpSpan[], logs: [] as OtlpLog[], rejected: [] as OtlpRejected[] }
  const longText = grownBytes(whole)
  let records = 0
  for (const request = new ProtoReader(whole); request.next(); ) {
    if (request.field !== 1) continue
    if (!request.is(lengthed)) throw new ProtoError('this is no request of OTLP')
    readResource(request.message())
  }
  return into

  function readResource(reader: ProtoReader): void {
    let resource: OtlpAttributes = {}
    const scopes: ProtoReader[] = []
    while (reader.next()) {
      if (!reader.is(lengthed)) {
        if (reader.field < 3) throw new ProtoError('this is no request of OTLP')
        continue
      }
      // Fields may come in any order.
      if (reader.field === 1) resource = readAttributesOf(reader.message())
      else if (reader.field === 2) scopes.push(reader.message())
    }
    for (const scope of scopes) readScope(scope, resource)
  }

  function readScope(reader: ProtoReader, resource: OtlpAttributes): void {
    let scope: OtlpScope = { name: '' }
    const found: ProtoReader[] = []
    while (reader.next()) {
      if (!reader.is(lengthed)) {
        if (reader.field < 3) throw new ProtoError('this is no request of OTLP')
        continue
      }
      if (reader.field === 1) scope = readScopeName(reader.message())
      else if (reader.field === 2) found.push(reader.message())
    }
    for (const record of found) {
      if (++records > otlpLimits.records) {
        into.rejected.push({ what: 'span', reason: `only ${otlpLimits.records} records are read at once` })
        continue
      }
      readRecord(record, resource, scope)
    }
  }

  function readRecord(reader: ProtoReader, resource: OtlpAttributes, scope: OtlpScope): void {
    const isLog = looksLikeLog(reader.copy())
    try {
      if (isLog) {
        into.logs.push(readLog(reader, resource, scope))
        return
      }
      const span = readSpan(reader, resource, scope, longText)
      const reason = refusedSpan(span)
      if (reason === undefined) into.spans.push(span)
      else into.rejected.push({ what: 'span', reason })
    } catch (error) {
      if (!(error instanceof ProtoError)) throw error
      into.rejected.push({ what: isLog ? 'log' : 'span', reason: error.message })
    }
  }
}

/** Whether bytes begin as a request of OTLP: the first resource is read, and holds a record. */
export function isOtlpProto(content: Uint8Array): boolean {
  try {
    const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
    const request = new ProtoReader(bytes)
    if (bytes[0] !== 0x0a || !request.next()) return false
    const [from, until] = request.range()
    if (until < bytes.length && bytes[until] !== 0x0a) return false
    const { spans, logs } = decodeProto(bytes.subarray(0, until))
    return from < until && spans.length + logs.length > 0
  } catch (error) {
    if (error instanceof ProtoError) return false
    throw error
  }
}

/** Field 1 of a span is its trace id, of a log its time; 2 a span's id, a log's severity; 11 a span's event, a log's time. */
function looksLikeLog(reader: ProtoReader): boolean {
  try {
    while (reader.next()) {
      if (reader.field === 1) return reader.is(fixed64)
      if (reader.field === 2) return reader.is(varint)
      if (reader.field === 11) return reader.is(fixed64)
    }
  } catch (error) {
    if (!(error instanceof ProtoError)) throw error
  }
  return false
}

type LongText = (from: number, until: number) => GrownText

function readSpan(
  reader: ProtoReader,
  resource: OtlpAttributes,
  scope: OtlpScope,
  longText: LongText,
): OtlpSpan {
  const attributes: Record<string, Json> = {}
  const grown = new Map<string, GrownText>()
  const events: OtlpEvent[] = []
  const links: OtlpLink[] = []
  let [traceId, spanId, parent, name] = ['', '', '', '']
  let [kind, dropped, count] = [0, 0, 0]
  let [start, end] = [0n, 0n]
  let status: OtlpSpan['status'] = { code: 0 }
  while (reader.next()) {
    const { field } = reader
    if (reader.is(lengthed)) {
      if (field === 1) traceId = reader.hex()
      else if (field === 2) spanId = reader.hex()
      else if (field === 4) parent = reader.hex()
      else if (field === 5) name = reader.text()
      else if (field === 9) {
        bound(++count, otlpLimits.attributes, 'attributes')
        if (!readAttribute(reader.message(), attributes, 0, { longText, grown })) dropped++
      } else if (field === 11) events.push(readEvent(reader.message(), events.length))
      else if (field === 13) links.push(readLink(reader.message(), links.length))
      else if (field === 15) status = readStatus(reader.message())
    } else if (reader.is(fixed64)) {
      if (field === 7) start = reader.fixed64()
      else if (field === 8) end = reader.fixed64()
    } else if (reader.is(varint)) {
      if (field === 6) kind = reader.uint32()
      else if (field === 10) dropped += reader.uint32()
    }
  }
  areGrown(attributes, grown)
  return {
    traceId,
    spanId,
    ...(parent === '' || /^0+$/.test(parent) ? {} : { parentSpanId: parent }),
    name,
    kind,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(end),
    attributes,
    events,
    links,
    status,
    ...(dropped === 0 ? {} : { droppedAttributesCount: dropped }),
    resource,
    scope,
  }
}

function readLog(reader: ProtoReader, resource: OtlpAttributes, scope: OtlpScope): OtlpLog {
  const attributes: Record<string, Json> = {}
  let [traceId, spanId, eventName] = ['', '', '']
  let [time, observed] = [0n, 0n]
  let [severity, count] = [0, 0]
  let body: Json | undefined
  while (reader.next()) {
    const { field } = reader
    if (reader.is(lengthed)) {
      if (field === 5) body = readValue(reader.message(), 0)
      else if (field === 6) {
        bound(++count, otlpLimits.attributes, 'attributes')
        readAttribute(reader.message(), attributes, 0)
      } else if (field === 9) traceId = reader.hex()
      else if (field === 10) spanId = reader.hex()
      else if (field === 12) eventName = reader.text()
    } else if (reader.is(fixed64)) {
      if (field === 1) time = reader.fixed64()
      else if (field === 11) observed = reader.fixed64()
    } else if (reader.is(varint) && field === 2) severity = reader.uint32()
  }
  return logOf({
    traceId,
    spanId,
    time: time === 0n ? observed : time,
    severity,
    eventName,
    body,
    attributes,
    resource,
    scope,
  })
}

/** A log record of its parts, as both encodings have them. */
export function logOf(of: {
  readonly traceId: string
  readonly spanId: string
  readonly time: bigint
  readonly severity: number
  readonly eventName: string
  readonly body: Json | undefined
  readonly attributes: OtlpAttributes
  readonly resource: OtlpAttributes
  readonly scope: OtlpScope
}): OtlpLog {
  const { traceId, spanId, time, severity, body, attributes, resource, scope } = of
  const named = attributes['event.name']
  const eventName = of.eventName === '' && typeof named === 'string' ? named : of.eventName
  return {
    ...(traceId === '' || /^0+$/.test(traceId) ? {} : { traceId }),
    ...(spanId === '' || /^0+$/.test(spanId) ? {} : { spanId }),
    timeUnixNano: String(time),
    ...(severity === 0 ? {} : { severityNumber: severity }),
    ...(eventName === '' ? {} : { eventName }),
    ...(body === undefined ? {} : { body }),
    attributes,
    resource,
    scope,
  }
}

function readEvent(reader: ProtoReader, before: number): OtlpEvent {
  bound(before + 1, otlpLimits.events, 'events')
  const attributes: Record<string, Json> = {}
  let time = 0n
  let name = ''
  while (reader.next()) {
    if (reader.field === 1 && reader.is(fixed64)) time = reader.fixed64()
    else if (reader.field === 2 && reader.is(lengthed)) name = reader.text()
    else if (reader.field === 3 && reader.is(lengthed)) readAttribute(reader.message(), attributes, 0)
  }
  return { timeUnixNano: String(time), name, attributes }
}

function readLink(reader: ProtoReader, before: number): OtlpLink {
  bound(before + 1, otlpLimits.links, 'links')
  const attributes: Record<string, Json> = {}
  let [traceId, spanId] = ['', '']
  while (reader.next()) {
    if (!reader.is(lengthed)) continue
    if (reader.field === 1) traceId = reader.hex()
    else if (reader.field === 2) spanId = reader.hex()
    else if (reader.field === 4) readAttribute(reader.message(), attributes, 0)
  }
  return { traceId, spanId, attributes }
}

function readStatus(reader: ProtoReader): OtlpSpan['status'] {
  let message = ''
  let code = 0
  while (reader.next()) {
    if (reader.field === 2 && reader.is(lengthed)) message = reader.text()
    else if (reader.field === 3 && reader.is(varint)) code = reader.uint32()
  }
  return message === '' ? { code } : { code, message }
}

function readScopeName(reader: ProtoReader): OtlpScope {
  let [name, version] = ['', '']
  while (reader.next()) {
    if (reader.field === 1 && reader.is(lengthed)) name = reader.text()
    else if (reader.field === 2 && reader.is(lengthed)) version = reader.text()
  }
  return version === '' ? { name } : { name, version }
}

function readAttributesOf(reader: ProtoReader): OtlpAttributes {
  const attributes: Record<string, Json> = {}
  let count = 0
  while (reader.next()) {
    if (reader.field !== 1 || !reader.is(lengthed)) continue
    bound(++count, otlpLimits.attributes, 'attributes')
    readAttribute(reader.message(), attributes, 0)
  }
  return attributes
}

function readAttribute(
  reader: ProtoReader,
  into: Record<string, Json>,
  depth: number,
  long?: { readonly longText: LongText; readonly grown: Map<string, GrownText> },
): boolean {
  let key = ''
  let value: Json = null
  let text: GrownText | undefined
  while (reader.next()) {
    if (reader.field === 1 && reader.is(lengthed)) key = reader.text()
    else if (reader.field === 2 && reader.is(lengthed)) {
      const said = reader.message()
      text = long === undefined ? undefined : longTextIn(said.copy(), long.longText)
      value = text === undefined ? readValue(said, depth) : text.text
    }
  }
  if (!setAttribute(into, key, value)) return false
  if (text === undefined) long?.grown.delete(key)
  else long?.grown.set(key, text)
  return true
}

/** What a value says that is a long text and nothing else. */
function longTextIn(value: ProtoReader, longText: LongText): GrownText | undefined {
  if (value.left < shortestGrown || !value.next() || value.field !== 1 || !value.is(lengthed))
    return undefined
  const [from, until] = value.range()
  return value.left === 0 ? longText(from, until) : undefined
}

function readValue(reader: ProtoReader, depth: number): Json {
  if (depth > otlpLimits.depth)
    throw new ProtoError(`a value nests more than ${otlpLimits.depth} levels deep`)
  let value: Json = null
  while (reader.next()) {
    const { field } = reader
    if (reader.is(lengthed)) {
      if (field === 1) value = reader.text()
      else if (field === 5) value = readList(reader.message(), depth + 1)
      else if (field === 6) value = readMap(reader.message(), depth + 1)
      else if (field === 7) value = reader.base64()
    } else if (reader.is(varint)) {
      if (field === 2) value = reader.uint32() !== 0
      else if (field === 3) {
        const integer = reader.integer()
        value = typeof integer === 'number' ? integer : integerValue(integer)
      }
    } else if (field === 4 && reader.is(fixed64)) value = doubleValue(reader.double())
  }
  return value
}

function readList(reader: ProtoReader, depth: number): Json {
  const list: Json[] = []
  while (reader.next()) {
    if (reader.field === 1 && reader.is(lengthed)) list.push(readValue(reader.message(), depth))
  }
  return list
}

function readMap(reader: ProtoReader, depth: number): Json {
  const map: Record<string, Json> = {}
  while (reader.next()) {
    if (reader.field === 1 && reader.is(lengthed)) readAttribute(reader.message(), map, depth)
  }
  return map
}

function bound(count: number, limit: number, what: string): void {
  if (count > limit) throw new ProtoError(`a record has more than ${limit} ${what}`)
}
