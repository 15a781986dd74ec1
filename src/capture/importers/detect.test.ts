import { describe, expect, it } from 'vitest'
import { EvalkitError } from '../../schema/errors.ts'
import { detectImporter } from './detect.ts'
import type { Importer } from './importer.ts'
import { importers } from './index.ts'
import { sourceFrom } from './source.ts'

function errorOf(text: string, among?: readonly Importer[]): EvalkitError {
  try {
    detectImporter(sourceFrom('a.json', new TextEncoder().encode(text)), among)
  } catch (error) {
    if (EvalkitError.is(error)) return error
    throw error
  }
  throw new Error('a format was found')
}

describe('detecting a format', () => {
  it.each([
    ['{"spans":[]}', 'EVK_FORMAT_UNKNOWN'],
    ['[]', 'EVK_FORMAT_UNKNOWN'],
    ['[{"traj":[]}]', 'EVK_FORMAT_UNKNOWN'],
    ['{"type":"user"}\n{"type":"assistant"}\n', 'EVK_FORMAT_UNKNOWN'],
    ['', 'EVK_FILE_EMPTY'],
    ['PK\u0000\u0003', 'EVK_FILE_BINARY'],
    ['[{"task_id":1,"traj":[', 'EVK_JSON_SYNTAX'],
    ['task_id,reward\n1,0\n', 'EVK_JSON_SYNTAX'],
    ['{"__proto__":1}', 'EVK_JSON_FORBIDDEN_KEY'],
  ])('says of %j: %s', (text, code) => {
    expect(errorOf(text).code).toBe(code)
  })

  it('names what every format looks for where none fits', () => {
    expect(errorOf('{"spans":[]}').details).toEqual(
      Object.values(importers).map(({ name, looksFor }) => `${name} looks for ${looksFor}`),
    )
  })

  it('does not choose between two', () => {
    const twin: Importer = { ...importers.tau2, name: 'twin', detect: () => true }
    const error = errorOf('{"info":{},"tasks":[],"simulations":[]}', [importers.tau2, twin])
    expect(error.code).toBe('EVK_FORMAT_UNKNOWN')
    expect(error.message).toContain('tau2, twin')
    expect(error.details).toHaveLength(2)
  })
})
