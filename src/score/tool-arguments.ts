import { canonicalJson } from '../lib/json.ts'
import type { Json } from '../schema/json.ts'
import { type CompiledSchema, compileSchema, type SchemaProblem } from './foreign-schema.ts'

type Schema = { readonly [key: string]: Json | undefined }

/** What became of holding arguments against the schemas of their tool. */
export type ArgumentsHeld =
  | { readonly fits: true }
  | { readonly fits: false; readonly problems: readonly SchemaProblem[] }
  /** Nobody can say, and why. */
  | { readonly fits: undefined; readonly what: string }

/**
 * Whether arguments fit one of the schemas of a tool, read as a provider reads them: keywords and formats that are not
 * known say nothing. The problems are those of the schema that is fitted best.
 */
export function holdArguments(value: Json, schemas: readonly Schema[]): ArgumentsHeld {
  let nearest: readonly SchemaProblem[] | undefined
  let what = 'no schema of it is known'
  for (const schema of schemas) {
    const compiled = compiledOnce(schema)
    if (!compiled.ok) {
      what = `its schema cannot be read: ${compiled.what}`
      continue
    }
    const problems = problemsIn(compiled, value)
    if (typeof problems === 'string') {
      what = problems
      continue
    }
    if (problems.length === 0) return { fits: true }
    if (nearest === undefined || problems.length < nearest.length) nearest = problems
  }
  return nearest === undefined ? { fits: undefined, what } : { fits: false, problems: nearest }
}

/** Held, or why it cannot be: a pattern that never ends, a schema that goes round in circles. */
function problemsIn(
  { validate }: Extract<CompiledSchema, { readonly ok: true }>,
  value: Json,
): readonly SchemaProblem[] | string {
  try {
    return validate(value)
  } catch (error) {
    return `its schema cannot be held against them: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** Schemas that are kept compiled. */
const mostKept = 500

/** Every trace has its own copy of the same few tools; compiling one costs milliseconds. */
const kept = new Map<string, CompiledSchema>()

function compiledOnce(schema: Schema): CompiledSchema {
  const key = canonicalJson(schema)
  const known = kept.get(key)
  if (known !== undefined) return known
  if (kept.size >= mostKept) kept.clear()
  const fresh = compileSchema(schema, 'lenient')
  kept.set(key, fresh)
  return fresh
}
