import type { Json } from '../../schema/json.ts'
import { logOf } from './decode-proto.ts'
import {
  doubleValue,
  integerValue,
  type OtlpAttributes,
  type OtlpData,
  type OtlpEvent,
  otlpLimits,
  type OtlpLink,
  type OtlpLog,
  type OtlpRejected,
  type OtlpScope,
  type OtlpSpan,
  refusedSpan,
  setAttribute,
} from './shape.ts'

type Fields = { readonly [key: string]: unknown }

/**
 * Whether a JSON value is a request of OTLP: it has `resourceSpans` or `resourceLogs` (or a collector's envelope of
 * several), whatever is in them.
 */
export function isOtlpJson(value: unknown): boolean {
  return isFields(value) && (listIn(value, 'resourceSpans') ?? listIn(value, 'resourceLogs')) !== undefined
}

/**
 * Spans and logs of a request in OTLP's JSON, parsed (opentelemetry-proto, docs/specification.md "JSON Protobuf Encoding"),
 * and of what is sent in its place: ids in hex of any case or in base64, 64-bit integers as text or numbers, enums by number
 * or name, names in lowerCamelCase or snake_case, attributes as a list or an object. Unknown fields are ignored. A record
 * that cannot be read is rejected, alone; never throws. Values nest as deep as the JSON reader lets them.
 */
export function decodeJson(request: unknown): OtlpData {
  const spans: OtlpSpan[] = []
  const logs: OtlpLog[] = []
  const rejected: OtlpRejected[] = []
  let records = 0
  const each = (groups: unknown, scopesName: string[], recordsName: string, what: 'span' | 'log'): void => {
    for (const group of fieldsIn(groups)) {
      const resource = attributesIn(get(fieldsOf(get(group, 'resource')), 'attributes'))
      const scopes = scopesName.map((name) => listIn(group, name)).find((list) => list !== undefined)
      for (const one of fieldsIn(scopes)) {
        const scope = scopeIn(get(one, 'scope') ?? get(one, 'instrumentationLibrary'))
        for (const record of listIn(one, recordsName) ?? []) {
          if (++records > otlpLimits.records) {
            rejected.push({ what, reason: `only ${otlpLimits.records} records are read at once` })
          } else take(record, what, resource, scope)
        }
      }
    }
  }
  const take = (record: unknown, what: 'span' | 'log', resource: OtlpAttributes, scope: OtlpScope): void => {
    if (!isFields(record)) {
      rejected.push({ what, reason: `a ${what} is not an object` })
      return
    }
    // Logs that were sent to the traces path, and the other way round, are what they are.
    const isLog = what === 'log' ? get(record, 'startTimeUnixNano') === undefined : isLogRecord(record)
    if (isLog) {
      logs.push(logIn(record, resource, scope))
      return
    }
    const span = spanIn(record, resource, scope)
    const reason = tooMany(record) ?? refusedSpan(span)
    if (reason === undefined) spans.push(span)
    else rejected.push({ what: 'span', reason })
  }
  if (isFields(request)) {
    each(get(request, 'resourceSpans'), ['scopeSpans', 'instrumentationLibrarySpans'], 'spans', 'span')
    each(get(request, 'resourceLogs'), ['scopeLogs', 'instrumentationLibraryLogs'], 'logRecords', 'log')
  }
  return { spans, logs, rejected }
}

function isLogRecord(record: Fields): boolean {
  const timed = get(record, 'timeUnixNano') ?? get(record, 'observedTimeUnixNano')
  return get(record, 'startTimeUnixNano') === undefined && timed !== undefined
}

function tooMany(record: Fields): string | undefined {
  for (const what of ['attributes', 'events', 'links'] as const) {
    const list = get(record, what)
    const size = Array.isArray(list) ? list.length : isFields(list) ? Object.keys(list).length : 0
    if (size > otlpLimits[what]) return `a record has more than ${otlpLimits[what]} ${what}`
  }
  return undefined
}

function spanIn(record: Fields, resource: OtlpAttributes, scope: OtlpScope): OtlpSpan {
  const parent = idIn(get(record, 'parentSpanId'))
  const dropped = countIn(get(record, 'droppedAttributesCount'))
  const start = nanosIn(get(record, 'startTimeUnixNano'))
  return {
    traceId: idIn(get(record, 'traceId')),
    spanId: idIn(get(record, 'spanId')),
    ...(parent === '' || /^0+$/.test(parent) ? {} : { parentSpanId: parent }),
    name: textIn(get(record, 'name')),
    kind: enumIn(get(record, 'kind'), spanKinds),
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(nanosIn(get(record, 'endTimeUnixNano'))),
    attributes: attributesIn(get(record, 'attributes')),
    events: fieldsIn(get(record, 'events')).map(eventIn),
    links: fieldsIn(get(record, 'links')).map(linkIn),
    status: statusIn(get(record, 'status')),
    ...(dropped === 0 ? {} : { droppedAttributesCount: dropped }),
    resource,
    scope,
  }
}

function logIn(record: Fields, resource: OtlpAttributes, scope: OtlpScope): OtlpLog {
  const time = nanosIn(get(record, 'timeUnixNano'))
  return logOf({
    traceId: idIn(get(record, 'traceId')),
    spanId: idIn(get(record, 'spanId')),
    time: time === 0n ? nanosIn(get(record, 'observedTimeUnixNano')) : time,
    severity: countIn(get(record, 'severityNumber')),
    eventName: textIn(get(record, 'eventName')),
    body: get(record, 'body') === undefined ? undefined : valueIn(get(record, 'body')),
    attributes: attributesIn(get(record, 'attributes')),
    resource,
    scope,
  })
}

function eventIn(event: Fields): OtlpEvent {
  return {
    timeUnixNano: String(nanosIn(get(event, 'timeUnixNano'))),
    name: textIn(get(event, 'name')),
    attributes: attributesIn(get(event, 'attributes')),
  }
}

function linkIn(link: Fields): OtlpLink {
  return {
    traceId: idIn(get(link, 'traceId')),
    spanId: idIn(get(link, 'spanId')),
    attributes: attributesIn(get(link, 'attributes')),
  }
}

const spanKinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']
const statusCodes = ['UNSET', 'OK', 'ERROR']

function statusIn(status: unknown): OtlpSpan['status'] {
  const fields = fieldsOf(status)
  const code = enumIn(get(fields, 'code'), statusCodes)
  const message = textIn(get(fields, 'message'))
  return message === '' ? { code } : { code, message }
}

function scopeIn(scope: unknown): OtlpScope {
  const fields = fieldsOf(scope)
  const version = textIn(get(fields, 'version'))
  const name = textIn(get(fields, 'name'))
  return version === '' ? { name } : { name, version }
}

function attributesIn(attributes: unknown): OtlpAttributes {
  const into: Record<string, Json> = {}
  if (Array.isArray(attributes)) {
    for (const one of attributes as readonly unknown[]) {
      if (isFields(one)) setAttribute(into, textIn(one['key']), valueIn(one['value']))
    }
  } else if (isFields(attributes)) {
    for (const [key, value] of Object.entries(attributes)) setAttribute(into, key, valueIn(value))
  }
  return into
}

/** An `AnyValue`, or a plain value where somebody wrote one. */
function valueIn(value: unknown): Json {
  if (!isFields(value)) return plain(value)
  const keys = Object.keys(value)
  if (keys.length === 0) return null
  const one = (name: string): unknown => get(value, name)
  if (keys.length === 1) {
    const text = one('stringValue')
    if (text !== undefined) return plain(text)
    const truth = one('boolValue')
    if (truth !== undefined) return truth === true || truth === 'true'
    const integer = one('intValue')
    if (integer !== undefined) return integerIn(integer)
    const double = one('doubleValue')
    if (double !== undefined) return doubleIn(double)
    const list = one('arrayValue')
    if (list !== undefined) return (listIn(fieldsOf(list), 'values') ?? []).map(valueIn)
    const map = one('kvlistValue')
    if (map !== undefined) return attributesIn(get(fieldsOf(map), 'values'))
    const bytes = one('bytesValue')
    if (bytes !== undefined) return plain(bytes)
  }
  return attributesIn(value)
}

function plain(value: unknown): Json {
  if (typeof value === 'number') return doubleValue(value)
  if (Array.isArray(value)) return (value as readonly unknown[]).map(valueIn)
  return typeof value === 'string' || typeof value === 'boolean' ? value : null
}

function integerIn(value: unknown): Json {
  if (typeof value === 'number') return doubleValue(value)
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return integerValue(BigInt(value))
  return plain(value)
}

function doubleIn(value: unknown): Json {
  if (typeof value !== 'string') return plain(value)
  const number = Number(value)
  return value.trim() === '' || Number.isNaN(number) ? value : doubleValue(number)
}

/** Hex of any case, or base64, as protobuf's own JSON has bytes; anything else is no id. */
function idIn(value: unknown): string {
  if (typeof value !== 'string' || value.length > 64) return ''
  if (/^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{16})$/.test(value)) return value.toLowerCase()
  return /^[A-Za-z0-9+/_-]{11,22}={0,2}$/.test(value) ? Buffer.from(value, 'base64').toString('hex') : ''
}

function nanosIn(value: unknown): bigint {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt.asUintN(64, BigInt(value))
  if (typeof value === 'number' && Number.isFinite(value) && value > 0 && value < 2 ** 64)
    return BigInt(Math.round(value))
  return 0n
}

/** By number, or by name, with its prefix or without. */
function enumIn(value: unknown, names: readonly string[]): number {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 && value < 100 ? value : 0
  if (typeof value !== 'string') return 0
  const at = names.indexOf(value.replace(/^(?:SPAN_KIND|STATUS_CODE)_/, ''))
  return at === -1 ? (/^\d{1,2}$/.test(value) ? Number(value) : 0) : at
}

function countIn(value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 0
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A member by its name in lowerCamelCase, or in snake_case. */
function get(fields: Fields, name: string): unknown {
  if (Object.hasOwn(fields, name)) return fields[name] ?? undefined
  const snake = snakeOf(name)
  return Object.hasOwn(fields, snake) ? (fields[snake] ?? undefined) : undefined
}

const snakes = new Map<string, string>()

function snakeOf(name: string): string {
  const known = snakes.get(name)
  if (known !== undefined) return known
  const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  snakes.set(name, snake)
  return snake
}

function listIn(fields: Fields, name: string): readonly unknown[] | undefined {
  const value = get(fields, name)
  return Array.isArray(value) ? value : undefined
}

function fieldsIn(list: unknown): readonly Fields[] {
  return Array.isArray(list) ? list.filter(isFields) : []
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {}
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
