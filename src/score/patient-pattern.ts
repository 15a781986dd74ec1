import { longestText, search } from './search.ts'

/** What ajv asks of a regular expression (its option `code.regExp`). */
export interface PatientPattern {
  test(text: string): boolean
  /** What tells two patterns apart. */
  toString(): string
}

/**
 * A regular expression of somebody's schema, held against somebody's text: a search that would take for ever is stopped.
 * Throws a `SyntaxError` where the pattern is none; `test` throws where a text is too long or a search too slow to say.
 */
export function patientPattern(pattern: string, flags: string): PatientPattern {
  const known = new RegExp(pattern, flags)
  return {
    test(text) {
      if (text.length > longestText) {
        throw new Error(`a text of ${text.length} characters is too long for a pattern`)
      }
      const found = search(text, pattern, flags)
      if (found.kind === 'too-slow')
        throw new Error(`the pattern ${String(known)} took longer than ${found.ms} ms`)
      return found.kind === 'found'
    },
    toString: () => String(known),
  }
}

/** ajv writes this into code that stands alone; ours never does. */
patientPattern.code = 'new RegExp'
