import * as z from 'zod'
import { canonicalJson } from '../lib/json.ts'
import { nearestWord } from '../lib/nearest.ts'
import { EvalkitError } from '../schema/errors.ts'
import { pathText } from '../schema/read.ts'

/** The part of JSON Schema that parameters need. */
export interface ParamsSchema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, ParamsSchema>>
  readonly required?: readonly string[]
  readonly items?: ParamsSchema
  readonly anyOf?: readonly ParamsSchema[]
  readonly additionalProperties?: ParamsSchema | boolean
}

/**
 * Reads the parameters of a check: JSON that fits `schema`, detached from what was given, so that nobody changes
 * a check after it was made. Throws `EVK_CHECK_INVALID` naming the check, the path and, for a key that does not
 * exist, the nearest one that does.
 */
export function paramsFrom<S extends z.ZodType>(check: string, schema: S, given: unknown): z.output<S> {
  const result = schema.safeParse(detached(check, given))
  if (result.success) return result.data
  // An unknown key comes first: where it is a misspelt one, what is missing follows from it.
  const issues = result.error.issues.toSorted((a, b) => Number(isUnknown(b)) - Number(isUnknown(a)))
  const lines = issues.flatMap((issue) => linesOf(issue, schema))
  const path = pathText(issues[0]?.path ?? [])
  throw new EvalkitError(
    'EVK_CHECK_INVALID',
    `The check "${check}" cannot be asked like this: ${lines[0]}.`,
    {
      ...(path === '' ? {} : { at: { path } }),
      hint: `docs/checks.md lists what "${check}" takes.`,
      details: lines.slice(1, 5),
      cause: result.error,
    },
  )
}

/** JSON Schema (2020-12) of what a person writes; slots that hold any JSON are `{}`. */
export function paramsJsonSchema(schema: z.ZodType): ParamsSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as ParamsSchema
}

/** What was given, as JSON and nothing else: a `Date` or `RegExp` would silently become another value. */
function detached(check: string, given: unknown): unknown {
  try {
    refuseForeign(given, '')
    return JSON.parse(canonicalJson(given))
  } catch (cause) {
    if (EvalkitError.is(cause)) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new EvalkitError(
      'EVK_CHECK_INVALID',
      `The parameters of the check "${check}" are not JSON: ${why}.`,
      {
        cause,
      },
    )
  }
}

function refuseForeign(value: unknown, path: string): void {
  if (typeof value === 'function') throw new TypeError(`${path === '' ? 'the whole' : path} is a function`)
  if (typeof value !== 'object' || value === null) return
  const kind = Object.prototype.toString.call(value).slice(8, -1)
  if (kind !== 'Object' && kind !== 'Array') {
    const advice = kind === 'RegExp' ? '; give its source as text' : ''
    throw new TypeError(`${path === '' ? 'the whole' : path} is a ${kind}${advice}`)
  }
  for (const [key, member] of Object.entries(value)) {
    refuseForeign(member, Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`)
  }
}

function isUnknown(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'unrecognized_keys'
}

function linesOf(issue: z.core.$ZodIssue, schema: z.ZodType): readonly string[] {
  const path = pathText(issue.path)
  const where = path === '' ? '' : `${path}: `
  if (issue.code !== 'unrecognized_keys') return [`${where}${issue.message}`]
  const known = keysAt(paramsJsonSchema(schema), issue.path)
  return issue.keys.map((key) => {
    const nearest = nearestWord(key, known)
    const advice = nearest === undefined ? `it takes ${listed(known)}` : `did you mean "${nearest}"?`
    return `${where}there is no "${key}"; ${advice}`
  })
}

/** The keys an object at `path` may have. */
function keysAt(schema: ParamsSchema, path: readonly PropertyKey[]): readonly string[] {
  let here: ParamsSchema | undefined = schema
  for (const key of path) {
    const rest: ParamsSchema | boolean | undefined = here?.additionalProperties
    const member: ParamsSchema | undefined = here?.properties?.[String(key)]
    here = typeof key === 'number' ? here?.items : (member ?? (typeof rest === 'object' ? rest : undefined))
  }
  return Object.keys(here?.properties ?? {})
}

function listed(keys: readonly string[]): string {
  return keys.length === 0 ? 'nothing' : keys.map((key) => `"${key}"`).join(', ')
}
