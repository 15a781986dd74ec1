import { createRequire } from 'node:module'
import type * as Ajv7 from 'ajv'
import type * as Ajv4 from 'ajv-draft-04'
import type * as Ajv2019 from 'ajv/dist/2019.js'
import type * as Ajv2020 from 'ajv/dist/2020.js'
import type * as Formats from 'ajv-formats'
import { joinPath } from '../lib/json-diff.ts'
import type { Json } from '../schema/json.ts'
import { patientPattern } from './patient-pattern.ts'
import { short } from './show.ts'

/** One place where a value does not fit: `items[2].usd`, `must be >= 0`. */
export interface SchemaProblem {
  readonly path: string
  readonly what: string
}

export type CompiledSchema =
  | { readonly ok: true; readonly validate: (value: Json) => readonly SchemaProblem[] }
  /** The schema itself is wrong, and why. */
  | { readonly ok: false; readonly what: string }

type Schema = Readonly<Record<string, unknown>>

// A schema is known by the object that holds it: compiled where its check is made, found where it is asked.
const compiled = {
  strict: new WeakMap<Schema, CompiledSchema>(),
  lenient: new WeakMap<Schema, CompiledSchema>(),
}
const require = createRequire(import.meta.url)

/**
 * Compiles somebody's JSON Schema with ajv, which is loaded when the first schema comes: draft-04, draft-06, draft-07,
 * 2019-09 or 2020-12, as its `$schema` says. Never throws. An unknown keyword or format is an error: a check that
 * overlooks a misspelt `requried` would pass everything. Where the schema is not ours to mend (a tool's, as a provider
 * was told it), `lenient` overlooks both, as the provider does.
 */
export function compileSchema(schema: Schema, how: 'strict' | 'lenient' = 'strict'): CompiledSchema {
  const known = compiled[how].get(schema)
  if (known !== undefined) return known
  const fresh = compileFresh(schema, { ...options, strictSchema: how === 'strict' })
  compiled[how].set(schema, fresh)
  return fresh
}

function compileFresh({ $schema: draft, ...schema }: Schema, given: Ajv7.Options): CompiledSchema {
  const make = drafts.get(draft === undefined ? 'draft/2020-12/schema' : nameOf(draft))
  if (make === undefined) {
    const known = 'draft-04, draft-06, draft-07, 2019-09 or 2020-12'
    return { ok: false, what: `its draft is ${short(String(draft))}; use ${known}` }
  }
  try {
    const { default: addFormats } = require('ajv-formats') as typeof Formats
    const ajv = addFormats.default(make(given) as Ajv7.default).addVocabulary(annotations)
    const validate = ajv.compile(schema)
    if ('$async' in validate) return { ok: false, what: 'asynchronous schemas ("$async") are not supported' }
    return { ok: true, validate: (value) => problemsOf(validate, value) }
  } catch (error) {
    return { ok: false, what: short(error instanceof Error ? error.message : String(error), 400) }
  }
}

const options = {
  allErrors: true,
  strictTypes: false,
  strictTuples: false,
  logger: false,
  // Both the pattern and the text it is held against may be anybody's.
  code: { regExp: patientPattern },
} as const satisfies Ajv7.Options

/** By what stands behind json-schema.org/ in `$schema`. */
const drafts: ReadonlyMap<string, (given: Ajv7.Options) => unknown> = new Map(
  Object.entries<(given: Ajv7.Options) => unknown>({
    'draft-04/schema': (given) => {
      const { default: Ajv } = require('ajv-draft-04') as typeof Ajv4
      return new Ajv.default(given)
    },
    'draft-06/schema': (given) => {
      const { Ajv } = require('ajv') as typeof Ajv7
      // Draft-07 is draft-06 and these: a schema that counts on them would be one that tests nothing.
      return new Ajv(given).removeKeyword('if').removeKeyword('then').removeKeyword('else')
    },
    'draft-07/schema': (given) => {
      const { Ajv } = require('ajv') as typeof Ajv7
      return new Ajv(given)
    },
    'draft/2019-09/schema': (given) => {
      const { Ajv2019: Ajv } = require('ajv/dist/2019.js') as typeof Ajv2019
      return new Ajv(given)
    },
    'draft/2020-12/schema': (given) => {
      const { Ajv2020: Ajv } = require('ajv/dist/2020.js') as typeof Ajv2020
      return new Ajv(given)
    },
  }),
)

function nameOf(draft: unknown): string {
  const [, name = ''] = /^https?:\/\/json-schema\.org\/([a-z\d/-]+)#?$/.exec(String(draft)) ?? []
  return name
}

/** Keywords that say nothing about a value and are common in the schemas of tools (OpenAPI, editors). */
const annotations = ['example', 'xml', 'externalDocs', 'markdownDescription', 'enumDescriptions']

function problemsOf(validate: Ajv7.ValidateFunction, value: Json): readonly SchemaProblem[] {
  if (validate(value)) return []
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const extra = 'additionalProperty' in params ? `: "${short(String(params.additionalProperty))}"` : ''
    return { path: pathOf(instancePath, value), what: `${message ?? 'does not fit'}${extra}` }
  })
}

/** A JSON pointer (RFC 6901) in the grammar of our paths. */
function pathOf(pointer: string, value: unknown): string {
  let here = value
  let path = ''
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
    path = joinPath(path, Array.isArray(here) ? Number(key) : key)
    here = typeof here === 'object' && here !== null ? (here as Schema)[key] : undefined
  }
  return path
}
