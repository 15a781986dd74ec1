import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../lib/json.ts'
import { otlp } from '../importers/otlp.ts'
import { sourceFrom } from '../importers/source.ts'
import { decodeJson, isOtlpJson } from './decode-json.ts'
import { decodeProto, isOtlpProto } from './decode-proto.ts'
import { framesIn } from './proto-frames.ts'
import { ProtoError } from './proto-reader.ts'
import type { OtlpData } from './shape.ts'
import { message, traceRequest } from './testing/proto-writer.ts'

const samples = new URL('../importers/', import.meta.url)
const bytesOf = (name: string) => readFileSync(new URL(name, samples))
const jsonOf = (name: string): unknown => JSON.parse(bytesOf(name).toString('utf8'))

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'

function request(span: object, more: object = {}): object {
  return {
    resourceSpans: [{ scopeSpans: [{ spans: [{ traceId, spanId, name: 'chat', ...span }] }], ...more }],
  }
}

function only({ spans: [span, second], rejected }: OtlpData) {
  expect(rejected).toEqual([])
  expect(second).toBeUndefined()
  if (span === undefined) throw new Error('no span')
  return span
}

describe('a request of OTLP', () => {
  it.each(['openinference', 'openllmetry'])(
    'of %s says the same in JSON and in protobuf, to the byte',
    (name) => {
      const json = decodeJson(jsonOf(`otlp-${name}.sample.json`))
      const proto = decodeProto(bytesOf(`otlp-${name}.sample.pb`))
      expect(json.spans).toHaveLength(5)
      const sorted = ({ spans }: OtlpData) => spans.map((span) => canonicalJson(span)).toSorted()
      expect(sorted(proto)).toEqual(sorted(json))
      expect([json.rejected, proto.rejected]).toEqual([[], []])
    },
  )

  it('is known by its content', () => {
    expect(isOtlpProto(bytesOf('otlp-openllmetry.sample.pb'))).toBe(true)
    expect(isOtlpProto(bytesOf('otlp-openllmetry.sample.json'))).toBe(false)
    expect(isOtlpProto(Buffer.from('\n\nlog: x\n'))).toBe(false)
    expect(isOtlpProto(Buffer.alloc(0))).toBe(false)
    expect(isOtlpJson({ resourceSpans: [] })).toBe(true)
    expect(isOtlpJson({ resource_logs: [] })).toBe(true)
    expect(isOtlpJson([{}])).toBe(false)
  })

  it('may be one of many in a file, with their lengths before them', () => {
    const one = bytesOf('otlp-openllmetry.sample.pb')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(one.length)
    const file = Buffer.concat([length, one, length, one])
    expect(otlp.detect(sourceFrom('requests.pb', file))).toBe(true)
    expect([...framesIn([file], 1e6)].flatMap(({ content }) => decodeProto(content).spans)).toHaveLength(10)
    expect(() => [...framesIn([file.subarray(0, -1)], 1e6)]).toThrow(ProtoError)
    expect(() => [...framesIn([file], 10)]).toThrow('10 are read')
    for (const size of [1, 3, 4, 5, 1000]) {
      const chunks = Array.from({ length: Math.ceil(file.length / size) }, (_, at) =>
        file.subarray(at * size, (at + 1) * size),
      )
      const read = [...framesIn(chunks, 1e6)].map(({ at, content }) => `${at} ${content.length}`)
      expect(read).toEqual([...framesIn([file], 1e6)].map(({ at, content }) => `${at} ${content.length}`))
    }
  })
})

describe('decodeJson', () => {
  it('reads ids in hex of any case and in base64', () => {
    const upper = only(decodeJson(request({ traceId: traceId.toUpperCase(), spanId: spanId.toUpperCase() })))
    expect([upper.traceId, upper.spanId]).toEqual([traceId, spanId])
    const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64')
    const encoded = only(
      decodeJson(request({ traceId: base64(traceId), spanId: base64(spanId), parentSpanId: '' })),
    )
    expect(encoded).toMatchObject({ traceId, spanId })
    expect(encoded.parentSpanId).toBeUndefined()
  })

  it('reads enums by name, snake_case, attributes as an object, and 64-bit integers as text or numbers', () => {
    const strange = {
      resource_spans: [
        {
          resource: { attributes: { 'service.name': 'x' } },
          scope_spans: [
            {
              scope: { name: 's', version: '1' },
              spans: [
                {
                  trace_id: traceId,
                  span_id: spanId,
                  parent_span_id: '00f067aa0ba902b7',
                  name: 'chat',
                  kind: 'SPAN_KIND_CLIENT',
                  start_time_unix_nano: 1_700_000_000_000,
                  end_time_unix_nano: '1795240620125000001',
                  status: { code: 'STATUS_CODE_ERROR', message: 'no' },
                  attributes: {
                    a: { int_value: '9007199254740993' },
                    b: { intValue: 7 },
                    c: 'plain',
                    d: [1, { e: 2 }],
                  },
                },
              ],
            },
          ],
        },
      ],
    }
    expect(only(decodeJson(strange))).toMatchObject({
      parentSpanId: '00f067aa0ba902b7',
      kind: 3,
      startTimeUnixNano: '1700000000000',
      endTimeUnixNano: '1795240620125000001',
      status: { code: 2, message: 'no' },
      attributes: { a: '9007199254740993', b: 7, c: 'plain', d: [1, { e: 2 }] },
      resource: { 'service.name': 'x' },
      scope: { name: 's', version: '1' },
    })
    const ints = [
      { key: 'n', value: { intValue: '151' } },
      { key: 'm', value: { intValue: 151 } },
    ]
    expect(only(decodeJson(request({ attributes: ints }))).attributes).toEqual({ n: 151, m: 151 })
  })

  it('ignores fields it does not know, and rejects a span without a valid id, alone', () => {
    const data = decodeJson({
      later: true,
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                { traceId, spanId, future: { a: 1 } },
                { traceId: '0'.repeat(32), spanId },
                7,
                { traceId, spanId: 'xyz' },
              ],
            },
          ],
        },
        null,
      ],
    })
    expect(data.spans).toHaveLength(1)
    expect(data.rejected.map(({ reason }) => reason)).toEqual([
      'a span has no valid trace id (16 bytes, not all zero)',
      'a span is not an object',
      'a span has no valid span id (8 bytes, not all zero)',
    ])
  })

  it('knows logs that were sent in the place of spans', () => {
    const { spans, logs } = decodeJson(request({ timeUnixNano: '5', body: { stringValue: 'hello' } }))
    expect(spans).toEqual([])
    expect(logs).toMatchObject([{ traceId, spanId, body: 'hello', timeUnixNano: '5' }])
  })

  it('never throws, whatever JSON it is given', () => {
    fc.assert(
      fc.property(fc.json(), fc.jsonValue(), (text, value) => {
        expect(decodeJson(JSON.parse(text)).spans).toEqual([])
        decodeJson({ resourceSpans: value })
        decodeJson(request(value as object, { resource: value }))
        decodeJson({ resourceLogs: [{ scopeLogs: [{ logRecords: [value] }] }] })
      }),
      { seed: 42, numRuns: 300 },
    )
  })
})

describe('decodeProto', () => {
  const whole = bytesOf('otlp-openllmetry.sample.pb')

  it('reads links, lists, maps, bytes, doubles, negative and large integers; skips what it does not know', () => {
    const value = (field: number, content: Buffer | bigint | number | string) => message([[field, content]])
    const attribute = (key: string, any: Buffer) =>
      message([
        [1, key],
        [2, any],
      ])
    const span = message([
      [1, Buffer.from(traceId, 'hex')],
      [2, Buffer.from(spanId, 'hex')],
      [99, 'of the future'],
      [98, 7n],
      [5, 'chat'],
      [
        9,
        attribute(
          'list',
          value(
            5,
            message([
              [1, value(1, 'a')],
              [1, value(3, 2n)],
            ]),
          ),
        ),
      ],
      [9, attribute('map', value(6, message([[1, attribute('k', value(2, 1n))]])))],
      [9, attribute('bytes', value(7, Buffer.from([1, 2, 255])))],
      [9, attribute('double', value(4, 0.5))],
      [9, attribute('nan', value(4, Number.NaN))],
      [9, attribute('negative', value(3, BigInt.asUintN(64, -5n)))],
      [9, attribute('large', value(3, 9_007_199_254_740_993n))],
      [9, attribute('__proto__', value(1, 'polluted'))],
      [
        13,
        message([
          [1, Buffer.from(traceId, 'hex')],
          [2, Buffer.from(spanId, 'hex')],
          [4, attribute('a', value(1, 'b'))],
        ]),
      ],
      [
        15,
        message([
          [2, 'no'],
          [3, 2n],
        ]),
      ],
    ])
    const read = only(decodeProto(traceRequest([span])))
    expect(read.attributes).toEqual({
      list: ['a', 2],
      map: { k: true },
      bytes: 'AQL/',
      double: 0.5,
      nan: 'NaN',
      negative: -5,
      large: '9007199254740993',
    })
    expect(read.droppedAttributesCount).toBe(1)
    expect(read.links).toEqual([{ traceId, spanId, attributes: { a: 'b' } }])
    expect(read.status).toEqual({ code: 2, message: 'no' })
    expect(Object.getPrototypeOf(read.attributes)).toBe(Object.prototype)
  })

  it('knows logs that were sent to the path of traces, and rejects a span that nests too deep, alone', () => {
    const time = Buffer.alloc(8)
    time.writeBigUInt64LE(5n)
    const log = message([
      [1, time.readBigUInt64LE(), 'fixed64'],
      [5, message([[1, 'hello']])],
    ])
    let deep = message([[1, 'x']])
    for (let at = 0; at < 100; at++) deep = message([[5, message([[1, deep]])]])
    const ids: [number, Buffer][] = [
      [1, Buffer.from(traceId, 'hex')],
      [2, Buffer.from(spanId, 'hex')],
    ]
    const nested = message([
      ...ids,
      [
        9,
        message([
          [1, 'deep'],
          [2, deep],
        ]),
      ],
    ])
    const data = decodeProto(traceRequest([log, nested, message(ids), message([[5, 'no ids']])]))
    expect(data.logs).toMatchObject([{ body: 'hello', timeUnixNano: '5' }])
    expect(data.spans).toHaveLength(1)
    expect(data.rejected.map(({ reason }) => reason)).toEqual([
      'a value nests more than 64 levels deep',
      'a span has no valid trace id (16 bytes, not all zero)',
    ])
  })

  it('throws nothing but its own error, however the bytes are cut or changed', () => {
    const decode = (bytes: Uint8Array): OtlpData | undefined => {
      try {
        return decodeProto(bytes)
      } catch (error) {
        if (error instanceof ProtoError) return undefined
        throw error
      }
    }
    fc.assert(
      fc.property(
        fc.nat({ max: whole.length - 1 }),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 8 }),
        (length, changes) => {
          const cut = decode(whole.subarray(0, length))
          expect(cut === undefined || cut.spans.length < 5).toBe(true)
          const changed = Buffer.from(whole)
          for (const [at, byte] of changes) changed[at % changed.length] = byte
          const data = decode(changed)
          if (data !== undefined) canonicalJson(data)
        },
      ),
      { seed: 42, numRuns: 400 },
    )
  })
})
