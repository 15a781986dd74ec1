import { createRequire } from 'node:module'
import type * as Jmespath from '@jmespath-community/jmespath'
import { short } from './show.ts'

/** What an expression found; an error is one of this value: the same expression may fit another. */
export type JmespathResult =
  | {
      readonly ok: true
      readonly value: unknown /** As JMESPath's own conditions take it. */
      readonly isTrue: boolean
    }
  | { readonly ok: false; readonly what: string }

export type CompiledJmespath =
  | { readonly ok: true; readonly search: (value: unknown) => JmespathResult }
  /** The expression itself is wrong, and why. */
  | { readonly ok: false; readonly what: string }

const require = createRequire(import.meta.url)

/**
 * Reads a JMESPath expression (https://jmespath.org/specification.html, with the functions of
 * https://jmespath.site), with a library that is loaded when the first one comes. Never throws: syntax, functions that
 * do not exist and a wrong count of arguments are told here, whatever the value would be.
 */
export function compileJmespath(expression: string): CompiledJmespath {
  const { compile, isRegistered, TreeInterpreter } =
    require('@jmespath-community/jmespath') as typeof Jmespath
  try {
    const tree = compile(expression)
    const unknown = functionsIn(tree).find((name) => !isRegistered(name))
    if (unknown !== undefined) return { ok: false, what: `there is no function ${short(unknown)}()` }
    const search = (value: unknown): JmespathResult => {
      try {
        const found: unknown = TreeInterpreter.search(tree, bare(value) as Jmespath.JSONValue)
        return { ok: true, value: found, isTrue: isTrue(found) }
      } catch (error) {
        return { ok: false, what: messageOf(error) }
      }
    }
    const tried = search(null)
    if (!tried.ok && tried.what.startsWith('Invalid arity')) return { ok: false, what: tried.what }
    return { ok: true, search }
  } catch (error) {
    return { ok: false, what: messageOf(error) }
  }
}

function messageOf(error: unknown): string {
  return short(error instanceof Error ? error.message : String(error), 200)
}

/** The names of the functions that an expression calls. */
function functionsIn(node: unknown): readonly string[] {
  if (typeof node !== 'object' || node === null) return []
  if ('type' in node && node.type === 'Literal') return []
  const within = Object.values(node).flatMap((part) => functionsIn(part))
  const called = 'type' in node && node.type === 'Function' && 'name' in node ? [String(node.name)] : []
  return [...called, ...within]
}

/** A copy whose objects inherit nothing: the library looks members up without asking whose they are. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => bare(item))
  if (typeof value !== 'object' || value === null) return value
  const copy: Record<string, unknown> = Object.create(null)
  for (const [key, member] of Object.entries(value)) if (member !== undefined) copy[key] = bare(member)
  return copy
}

function isTrue(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return value !== null && value !== undefined && value !== false && value !== ''
}
