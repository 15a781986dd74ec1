import vm from 'node:vm'
import { canonicalJson } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'
import { compileSchema, type SchemaProblem } from '../../score/foreign-schema.ts'

/** How a value was judged by somebody's schema; `ok: false` where the schema cannot be used. */
export type Judged =
  | { readonly ok: true; readonly problems: readonly SchemaProblem[] }
  | { readonly ok: false; readonly why: string }

export type Judge = (value: Json) => Judged

/** Characters of a schema that is used. */
const largest = 512 * 1024

/** Milliseconds for one schema to be compiled, and for one value to be judged. Sane ones take a few. */
const patience = 2_000

/**
 * Judges values by a schema of strangers. Nothing is fetched, and nothing takes longer than two seconds: a pattern can be
 * written so that it never ends. Never throws.
 */
export function judgeOf(schema: { readonly [key: string]: Json | undefined }): Judge {
  if (canonicalJson(schema).length > largest) return unusable(`it has more than ${largest} characters`)
  const compiled = within(() => compileSchema(schema, 'lenient'))
  if (compiled === undefined) return unusable('it takes too long to be read')
  if (!compiled.ok) return unusable(compiled.what)
  let isSlow = false
  return (value) => {
    const problems = isSlow ? undefined : within(() => compiled.validate(value))
    if (problems !== undefined) return { ok: true, problems }
    // Once is enough: a run over thousands of calls would take hours.
    isSlow = true
    return { ok: false, why: 'a value takes too long to be judged by it' }
  }
}

function unusable(why: string): Judge {
  return () => ({ ok: false, why })
}

let runner: { readonly context: vm.Context; readonly script: vm.Script } | undefined

/** What `body` returns; `undefined` where it takes longer than the patience. A timeout also stops what it calls. */
function within<T>(body: () => T): T | undefined {
  runner ??= { context: vm.createContext({ body: undefined }), script: new vm.Script('body()') }
  const { context, script } = runner
  context['body'] = body
  try {
    return script.runInContext(context, { timeout: patience }) as T
  } catch (error) {
    const coded = typeof error === 'object' && error !== null && 'code' in error
    if (coded && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined
    throw error
  } finally {
    context['body'] = undefined
  }
}
