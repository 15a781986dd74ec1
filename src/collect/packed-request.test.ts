import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OtlpLog, OtlpSpan } from '../capture/otlp/shape.ts'
import { packedRequest, requestIn, sizeOf } from './packed-request.ts'
import { spansOf } from './testing/spans.ts'

const [base] = spansOf(0) as readonly [OtlpSpan]
const prompt = 'You help people. '.repeat(50)
const message = (at: number): object => ({ role: 'user', content: `${at} `.repeat(400) })
const conversation = (length: number): string =>
  JSON.stringify(Array.from({ length }, (_, at) => message(at)))

const attribute = fc.oneof(
  fc.constant(prompt),
  fc.integer({ min: 1, max: 6 }).map(conversation),
  fc.jsonValue(),
  fc.string(),
)
const attributes = fc
  .dictionary(fc.constantFrom('a', 'b', 'long', '7', 'constructor'), attribute)
  .map((own) => JSON.parse(JSON.stringify(own)) as OtlpSpan['attributes'])

/** As it is written, resource and scope come last. */
function inOrder({ resource, scope, ...rest }: OtlpSpan | OtlpLog): object {
  return { ...rest, resource, scope }
}

describe('a request as it is kept', () => {
  it('is the same when it is read again, to the order of attributes', () => {
    const log = attributes.map(
      (own): OtlpLog => ({ ...base, timeUnixNano: '1', body: prompt, attributes: own }),
    )
    const span = attributes.map((own): OtlpSpan => ({ ...base, attributes: own }))
    fc.assert(
      fc.property(fc.array(span), fc.array(log), (spans, logs) => {
        const read = requestIn(packedRequest({ spans, logs }))
        expect(JSON.stringify(read)).toBe(
          JSON.stringify({ spans: spans.map(inOrder), logs: logs.map(inOrder) }),
        )
      }),
      { seed: 42, numRuns: 200 },
    )
  })

  it('keeps resources and scopes apart', () => {
    const other = { ...base, resource: { 'service.name': 'other' } }
    const scoped = { ...base, scope: { name: 'else' } }
    expect(requestIn(packedRequest({ spans: [base, other, scoped, base], logs: [] }))?.spans).toEqual([
      base,
      base,
      other,
      scoped,
    ])
  })

  it('says what is repeated once', () => {
    const spans = Array.from({ length: 20 }, (_, at) => ({
      ...base,
      attributes: { system: prompt, messages: conversation(at + 1) },
    }))
    const whole = JSON.stringify(spans).length
    expect(whole).toBeGreaterThan(200_000)
    const packed = packedRequest({ spans, logs: [] })
    expect(packed.length).toBeLessThan(whole / 5)
    // And takes no more when it is read again, as long as nobody looks at the texts.
    const read = requestIn(packed)
    expect(read === undefined ? 0 : sizeOf(read)).toBeLessThan(whole / 4)
  })

  it('reads what the first version wrote, and nothing of others', () => {
    const { resource, scope, ...span } = base
    const groups = [{ resource, scope, spans: [span], logs: [] }]
    expect(requestIn(JSON.stringify({ v: 1, groups }))).toEqual({ spans: [base], logs: [] })
    for (const text of ['', '{', '[]', 'null', '{"v":3,"groups":[]}', '{"v":2}', '{"groups":[]}'])
      expect(requestIn(text)).toBeUndefined()
  })
})
