import vm from 'node:vm'
import { canonicalJson } from '../../lib/json.ts'
import { oneLine } from '../../lib/text.ts'
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
  if (!('value' in compiled)) return unusable(compiled.why)
  const { value: usable } = compiled
  if (!usable.ok) return unusable(usable.what)
  let slow: string | undefined
  return (value) => {
    if (slow !== undefined) return { ok: false, why: slow }
    const judged = within(() => usable.validate(value))
    if ('value' in judged) return { ok: true, problems: judged.value }
    // Once is enough: a run over thousands of calls would take hours.
    slow = judged.why
    return { ok: false, why: slow }
  }
}

function unusable(why: string): Judge {
  return () => ({ ok: false, why })
}

let runner: { readonly context: vm.Context; readonly script: vm.Script } | undefined

/** What `body` returns, or why it does not: a timeout also stops what it calls, and a schema may nest without end. */
function within<T>(body: () => T): { readonly value: T } | { readonly why: string } {
  runner ??= { context: vm.createContext({ body: undefined }), script: new vm.Script('body()') }
  const { context, script } = runner
  context['body'] = body
  try {
    return { value: script.runInContext(context, { timeout: patience }) as T }
  } catch (error) {
    const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error
    return { why: oneLine(String(message), 300) }
  } finally {
    context['body'] = undefined
  }
}
