import { describe, expect, it } from 'vitest'
import { compileSchema } from './foreign-schema.ts'
import { patientPattern } from './patient-pattern.ts'
import { longestText } from './search.ts'

const catastrophic = '^(a+)+$'
const evil = `${'a'.repeat(40)}!`

describe('patientPattern', () => {
  it('tests as a regular expression does', () => {
    expect(patientPattern('^o-\\d+$', 'u').test('o-12')).toBe(true)
    expect(patientPattern('^o-\\d+$', 'u').test('o-x')).toBe(false)
    expect(() => patientPattern('(', 'u')).toThrow(SyntaxError)
  })

  it('gives up where a search takes for ever, and where a text is too long', () => {
    expect(() => patientPattern(catastrophic, 'u').test(evil)).toThrow('took longer than')
    expect(() => patientPattern('a', 'u').test('a'.repeat(longestText + 1))).toThrow('too long')
  })

  it('is what schemas are held with', () => {
    for (const how of ['strict', 'lenient'] as const) {
      const compiled = compileSchema({ type: 'string', pattern: catastrophic }, how)
      expect(compiled.ok).toBe(true)
      if (!compiled.ok) continue
      expect(compiled.validate('aaa')).toEqual([])
      expect(compiled.validate('b')).toHaveLength(1)
      expect(() => compiled.validate(evil)).toThrow('took longer than')
    }
  })
})
