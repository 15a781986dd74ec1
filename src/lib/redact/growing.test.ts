import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../redact.ts'

const prompt = { role: 'user', content: `Hello. ${'Be quick about it. '.repeat(40)}` }
const secrets = [
  { role: 'user', content: `my key is sk-ant-api03-${'Ab1'.repeat(31)}AA` },
  { role: 'tool', password: 'hunter22' },
  'authorization',
  'Zm9vYmFyYmF6',
  { name: 'authorization', value: 'Zm9vYmFyYmF6cXV4' },
  ['authorization', 'Zm9vYmFyYmF6cXV4'],
] as const
const harmless = [{ role: 'assistant', content: 'Yes.' }, 'and', 7, null, [], {}] as const

/** A conversation as a text, each time with more behind it. */
const growing = fc
  .array(fc.constantFrom<unknown>(...secrets, ...harmless), { maxLength: 6 })
  .map((items) => items.map((_, at) => JSON.stringify([prompt, ...items.slice(0, at + 1)])))

describe('a text that goes on from one that was looked at', () => {
  it('is redacted as it is alone', () => {
    fc.assert(
      fc.property(growing, (texts) => {
        const redactor = createRedactor()
        for (const text of [JSON.stringify([prompt]), ...texts, `${JSON.stringify([prompt])} `]) {
          const fresh = createRedactor()
          expect(redactor.json({ messages: text })).toEqual(fresh.json({ messages: text }))
          expect(redactor.find(text)).toEqual(fresh.find(text))
        }
      }),
      { seed: 42, numRuns: 300 },
    )
  })

  it('is text where what it goes on from was none of JSON', () => {
    const redactor = createRedactor()
    const before = `[${'see there '.repeat(60)}]`
    const text = `${before.slice(0, -1)}, "password: hunter22xyz", 3]`
    redactor.text(before)
    expect(redactor.text(text)).toBe(createRedactor().text(text))
  })
})

/** JSON in a string in JSON …, up to deeper than is looked into. */
const nested = fc
  .tuple(
    fc.constantFrom<unknown>(
      'password: hunter22xyz and more of it',
      `a key: sk-ant-api03-${'Ab1'.repeat(31)}AA`,
      { password: 'hunter22xyz' },
      [{ role: 'user', content: 'Nothing to be seen here, move on.' }],
      { name: 'authorization', value: 'Zm9vYmFyYmF6cXV4' },
    ),
    fc.array(fc.constantFrom('object', 'list', 'string'), { maxLength: 8 }),
  )
  .map(([value, levels]) =>
    levels.reduce<unknown>((inner, level) => {
      const text = typeof inner === 'string' && level !== 'string' ? inner : JSON.stringify(inner)
      return level === 'object' ? { text } : level === 'list' ? [{ text }] : text
    }, value),
  )

describe('a text that was looked at elsewhere', () => {
  it('is redacted as it is alone, however deep it stands', () => {
    let redactions = 0
    fc.assert(
      fc.property(fc.array(nested, { minLength: 2, maxLength: 8 }), (values) => {
        const redactor = createRedactor()
        for (const value of values) {
          const alone = createRedactor()
          const text = typeof value === 'string' ? value : JSON.stringify(value)
          expect(redactor.json({ value })).toEqual(alone.json({ value }))
          expect(redactor.text(text)).toBe(alone.text(text))
          redactions += alone.report().length
        }
      }),
      { seed: 42, numRuns: 1000 },
    )
    expect(redactions).toBeGreaterThan(1000)
  })
})
