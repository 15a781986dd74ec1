import { describe, expect, it } from 'vitest'
import { createRedactor } from './redact.ts'

// Put together here, so that no scanner takes this file for a leak.
const key = ['sk', 'ant', 'api03', 'AbCd1234EfGh5678IjKl9012'].join('-')
const token = /<redacted:anthropic-key:[0-9a-f]{10}>/

describe('a redactor', () => {
  it('gives the same value the same placeholder everywhere', () => {
    const redactor = createRedactor()
    const [placeholder = ''] = token.exec(redactor.text(`my key is ${key}.`)) ?? []
    expect(placeholder).toMatch(token)
    expect(redactor.json({ password: key, note: `the ${key}` })).toEqual({
      password: placeholder,
      note: `the ${placeholder}`,
    })
    expect(redactor.text(`Authorization: Bearer ${key}`)).toBe(`Authorization: Bearer ${placeholder}`)
    expect(redactor.url(`https://example.com/?key=${key}`)).toBe(`https://example.com/?key=${placeholder}`)
    expect(redactor.chunks([`{"a":"${key.slice(0, 9)}`, `${key.slice(9)}"}`]).join('')).toBe(
      `{"a":"${placeholder}"}`,
    )
  })

  it('gives it another one under another key', () => {
    expect(createRedactor({ key: 'ours' }).text(key)).not.toBe(createRedactor().text(key))
  })
})
