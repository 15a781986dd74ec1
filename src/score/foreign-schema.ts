import { createRequire } from 'node:module'
import type * as Ajv7 from 'ajv'
import type * as Ajv2020 from 'ajv/dist/2020.js'
import type * as Formats from 'ajv-formats'
import { joinPath } from '../lib/json-diff.ts'
import type { Json } from '../schema/json.ts'
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
const compiled = new WeakMap<Schema, CompiledSchema>()
const require = createRequire(import.meta.url)

/**
 * Compiles somebody's JSON Schema with ajv, which is loaded when the first schema comes: draft-07 or 2020-12, as its
 * `$schema` says. Never throws. An unknown keyword or format is an error: a check that overlooks a misspelt
 * `requried` would pass everything.
 */
export function compileSchema(schema: Schema): CompiledSchema {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const fresh = compileFresh(schema)
  compiled.set(schema, fresh)
  return fresh
}

function compileFresh({ $schema: draft, ...schema }: Schema): CompiledSchema {
  const make = ajvFor(draft)
  if (make === undefined) {
    return { ok: false, what: `its draft is ${short(String(draft))}; use draft-07 or 2020-12` }
  }
  try {
    const validate = make().compile(schema)
    if ('$async' in validate) return { ok: false, what: 'asynchronous schemas ("$async") are not supported' }
    return { ok: true, validate: (value) => problemsOf(validate, value) }
  } catch (error) {
    return { ok: false, what: short(error instanceof Error ? error.message : String(error), 400) }
  }
}

function ajvFor(draft: unknown) {
  const options = {
    allErrors: true,
    strictSchema: true,
    strictTypes: false,
    strictTuples: false,
    logger: false,
  } as const
  const { default: addFormats } = require('ajv-formats') as typeof Formats
  if (draft === undefined || isDraft(draft, 'draft/2020-12/schema')) {
    return () => {
      const { Ajv2020: Ajv } = require('ajv/dist/2020.js') as typeof Ajv2020
      return addFormats.default(new Ajv(options)).addVocabulary(annotations)
    }
  }
  if (isDraft(draft, 'draft-07/schema')) {
    return () => {
      const { Ajv } = require('ajv') as typeof Ajv7
      return addFormats.default(new Ajv(options)).addVocabulary(annotations)
    }
  }
  return undefined
}

/** Keywords that say nothing about a value and are common in the schemas of tools (OpenAPI, editors). */
const annotations = ['example', 'xml', 'externalDocs', 'markdownDescription', 'enumDescriptions']

function isDraft(draft: unknown, name: string): boolean {
  return typeof draft === 'string' && new RegExp(`^https?://json-schema\\.org/${name}#?$`).test(draft)
}

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
