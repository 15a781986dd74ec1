import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeProto } from '../capture/otlp/decode-proto.ts'
import { grownIn } from '../capture/otlp/grown-attributes.ts'
import { growingRequests } from '../capture/otlp/testing/growing.ts'
import { type Field, message, traceRequest } from '../capture/otlp/testing/proto-writer.ts'
import { createRedactor } from '../lib/redact.ts'
import { packedRequest, requestIn } from './packed-request.ts'
import { redacted } from './redacted.ts'

describe('what was received, without secrets', () => {
  it('is what comes of each span alone, however texts go on, and is counted as often', () => {
    let grown = 0
    fc.assert(
      fc.property(fc.array(growingRequests, { minLength: 1, maxLength: 3 }), (requests) => {
        const redactor = createRedactor()
        const others = createRedactor()
        for (const { request } of requests) {
          const { spans } = decodeProto(request)
          const clean = redacted({ spans, logs: [] }, redactor)
          const alone = spans.map((span) => ({ ...span, attributes: { ...span.attributes } }))
          expect(clean).toEqual(redacted({ spans: alone, logs: [] }, others))
          for (const { attributes } of clean.spans) {
            for (const [name, { text, before }] of grownIn(attributes)) {
              expect(attributes[name]).toBe(text)
              if (before !== undefined) grown++
            }
          }
          expect(requestIn(packedRequest(clean))).toEqual(clean)
        }
        expect(redactor.report()).toEqual(others.report())
      }),
      { seed: 42, numRuns: 300 },
    )
    expect(grown).toBeGreaterThan(100)
  })

  it.each([
    [{ name: 'authorization', value: `["${'Zm9vYmFy'.repeat(80)}"]` }],
    [{ key: 'api_key', value: `["${'Zm9vYmFy'.repeat(80)}"]` }],
    [{ password: `["${'word '.repeat(150)}"]` }],
    [{ callback_url: `https://shop.test/?token=hunter22xyz&q=${'a'.repeat(600)}` }],
  ])('does not pass over a long text that its name or a label makes a secret', (attributes) => {
    const span = message([
      [1, Buffer.alloc(16, 7)],
      [2, Buffer.alloc(8, 1)],
      ...Object.entries(attributes).map(([key, text]): Field => {
        return [
          9,
          message([
            [1, key],
            [2, message([[1, text]])],
          ]),
        ]
      }),
    ])
    const { spans } = decodeProto(traceRequest([span]))
    const [clean] = redacted({ spans, logs: [] }, createRedactor()).spans
    expect(clean?.attributes).toEqual(createRedactor().json(attributes))
    expect(clean?.attributes).not.toEqual(attributes)
  })

  it('leaves out what a mask hides', () => {
    fc.assert(
      fc.property(growingRequests, ({ request }) => {
        const { spans } = decodeProto(request)
        const mask = (text: string): string => text.replaceAll('quick', 'slow')
        const clean = redacted({ spans, logs: [] }, createRedactor({ mask }))
        expect(JSON.stringify(clean)).not.toContain('quick')
      }),
      { seed: 42, numRuns: 50 },
    )
  })
})
