import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../lib/hash.ts'
import type { Json } from '../schema/json.ts'
import { externalize, internalize, longestInline, longestInlineRepeated } from './blobs.ts'

function roundTrip(value: Json, longest?: number): { packed: Json; back: Json; blobs: Map<string, string> } {
  const blobs = new Map<string, string>()
  const packed = externalize(value, (hash, text) => blobs.set(hash, text), longest)
  const back = internalize(packed, (hash) => {
    const text = blobs.get(hash)
    if (text === undefined) throw new Error(`no blob ${hash}`)
    return text
  })
  return { packed, back, blobs }
}

describe('externalize', () => {
  it('moves a long text out, under the hash of its bytes', () => {
    const long = 'ä'.repeat(longestInline + 1)
    const { packed, blobs } = roundTrip({ a: [long, 'short'] })
    expect(packed).toEqual({ a: [{ $blob: sha256(long) }, 'short'] })
    expect([...blobs]).toEqual([[sha256(long), long]])
  })

  it('leaves a text of the limit where it is', () => {
    expect(roundTrip({ a: 'x'.repeat(longestInline) }).blobs.size).toBe(0)
    expect(roundTrip({ system: 'x'.repeat(longestInlineRepeated) }).blobs.size).toBe(0)
  })

  it.each(['system', 'tools'])('moves what repeats under "%s" sooner, however deep in it', (key) => {
    const prompt = 'x'.repeat(longestInlineRepeated + 1)
    const { packed, back } = roundTrip({ [key]: [{ content: prompt }], other: prompt })
    expect(packed).toEqual({ [key]: [{ content: { $blob: sha256(prompt) } }], other: prompt })
    expect(back).toEqual({ [key]: [{ content: prompt }], other: prompt })
  })

  it.each<[string, Json]>([
    ['a hash', { $blob: 'a'.repeat(64) }],
    ['a path', { $blob: '../../etc/passwd' }],
    ['an object', { $blob: { $blob: '1' } }],
    ['an escaped one', { $$blob: 'x', $blob: 'y', $$$blob: 1 }],
    ['a long text', { $blob: 'y'.repeat(40_000) }],
    ['nothing', [{ $blob: null }]],
  ])('takes nobody’s own key for a reference: one that holds %s', (_, value) => {
    expect(roundTrip(value).back).toEqual(value)
  })

  it('leaves a text that no UTF-8 file can hold where it is', () => {
    const text = `${'x'.repeat(longestInline)}\ud800`
    expect(roundTrip([text])).toMatchObject({ packed: [text], back: [text] })
  })

  it('law: internalize(externalize(x)) is x', () => {
    const key = fc.oneof(
      fc.string(),
      fc.constantFrom('$blob', '$$blob', '$$$blob', 'blob', '__proto__', 'system'),
    )
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('a'.repeat(64), 'long enough to move'),
      fc.string({ unit: 'binary' }),
    )
    const { value } = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.constantFrom(null, true, 0, 1.5),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }))
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 20 }), (given, longest) => {
        // Through JSON text, as a file takes it.
        const { packed, back, blobs } = roundTrip(given, longest)
        expect(back).toStrictEqual(given)
        const reread = JSON.parse(JSON.stringify(packed)) as Json
        expect(JSON.stringify(internalize(reread, (hash) => blobs.get(hash) ?? ''))).toBe(
          JSON.stringify(given),
        )
        for (const [hash, content] of blobs) {
          expect(sha256(Buffer.from(content, 'utf8'))).toBe(hash)
          expect(Buffer.from(content, 'utf8').toString('utf8')).toBe(content)
        }
      }),
      { seed: 42, numRuns: 500 },
    )
  })
})
