import * as z from 'zod'
import { type JsonProblem, readJson } from '../lib/json.ts'
import { joinPath } from '../lib/json-diff.ts'
import { nearestWord } from '../lib/nearest.ts'
import { type ErrorCode, type ErrorPlace, EvalkitError } from './errors.ts'
import { keysAt } from './known-keys.ts'

/**
 * Bytes of a file as UTF-8 text. Throws `EVK_FILE_EMPTY`, or `EVK_FILE_BINARY` where the bytes are not text; a
 * byte order mark is dropped.
 */
export function textFrom(bytes: Uint8Array, at: ErrorPlace): string {
  if (bytes.length === 0) throw new EvalkitError('EVK_FILE_EMPTY', 'The file is empty.', { at })
  const nul = bytes.indexOf(0)
  if (nul !== -1) {
    throw new EvalkitError('EVK_FILE_BINARY', `The file is not text: byte ${nul} is zero.`, { at })
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new EvalkitError('EVK_FILE_BINARY', 'The file is not UTF-8 text.', { at, cause })
  }
}

/**
 * Parses untrusted JSON text. Throws `EVK_JSON_SYNTAX` (with line and column), `EVK_JSON_TOO_DEEP` or
 * `EVK_JSON_FORBIDDEN_KEY`.
 */
export function jsonFrom(text: string, at: ErrorPlace): unknown {
  const result = readJson(text)
  if (result.ok) return result.value
  throw jsonError(result.problem, at)
}

/**
 * Checks a value against the schema of a noun. Throws `code` (default `EVK_SCHEMA`) with one line for each thing
 * that is wrong, five at most.
 */
export function recordFrom<S extends z.ZodType>(
  schema: S,
  value: unknown,
  at: ErrorPlace,
  what = 'record',
  code: ErrorCode = 'EVK_SCHEMA',
): z.output<S> {
  refuseNewer(schema, value, at, what)
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const lines = issueLines(result.error, schema)
  const [first = 'it is not'] = lines
  throw new EvalkitError(code, `This is not a valid ${what}: ${first}${first.endsWith('?') ? '' : '.'}`, {
    at,
    details: lines.slice(1, 5),
    cause: result.error,
  })
}

/**
 * One line per issue of a zod error: `cases[3].id: use lower-case letters, …`. With the schema at hand, a key that
 * does not exist is told the nearest one that does, before what may only follow from it.
 */
export function issueLines(error: z.ZodError, schema?: z.ZodType): readonly string[] {
  const unknownFirst = error.issues.toSorted((a, b) => Number(isUnknownKey(b)) - Number(isUnknownKey(a)))
  return unknownFirst.flatMap((issue) => linesOf(issue, [], schema))
}

function linesOf(
  issue: z.core.$ZodIssue,
  above: readonly PropertyKey[],
  schema: z.ZodType | undefined,
): readonly string[] {
  const path = [...above, ...issue.path]
  if (issue.code === 'invalid_union') {
    // Of several shapes, the one that was meant is the one that got furthest; all that fail at once say nothing.
    const [meant] = issue.errors.toSorted((a, b) => depthOf(b) - depthOf(a))
    if (meant !== undefined && depthOf(meant) > 0) return meant.flatMap((one) => linesOf(one, path, schema))
  }
  if (issue.code === 'unrecognized_keys' && schema !== undefined) {
    const known = keysAt(schema, path)
    return issue.keys.slice(0, 5).map((key) => {
      const nearest = nearestWord(key, known)
      const advice = nearest === undefined ? `it takes ${known.join(', ')}` : `did you mean "${nearest}"?`
      return `there is no "${pathText([...path, key]).slice(0, 200)}"; ${advice}`
    })
  }
  const text = pathText(path)
  const what = issue.message.length > 300 ? `${issue.message.slice(0, 300)}…` : issue.message
  return [text === '' ? what : `${text}: ${what}`]
}

function isUnknownKey(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'unrecognized_keys'
}

function depthOf(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map(({ path }) => path.length))
}

/** `messages[4].parts[0].arguments.zip`: the one grammar for paths into records. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => joinPath(text, typeof key === 'number' ? key : String(key)), '')
}

/** A record of a later version is not "invalid": the reader is told to update. */
function refuseNewer(schema: z.ZodType, value: unknown, at: ErrorPlace, what: string): void {
  const ours = versionOf(schema)
  const theirs = typeof value === 'object' && value !== null ? (value as { v?: unknown }).v : undefined
  if (ours !== undefined && typeof theirs === 'number' && theirs > ours) {
    throw new EvalkitError(
      'EVK_VERSION_NEWER',
      `This ${what} has version ${theirs}; this evalkit knows ${ours}.`,
      {
        at,
      },
    )
  }
}

/** The version a schema reads: the literal of its member `v`, which may have a default. */
function versionOf(schema: z.ZodType): number | undefined {
  const member = schema instanceof z.ZodObject ? (schema.shape as Record<string, unknown>).v : undefined
  const literal = member instanceof z.ZodDefault ? member.unwrap() : member
  return literal instanceof z.ZodLiteral && typeof literal.value === 'number' ? literal.value : undefined
}

/** Why a text is no JSON we would walk, as a clause: for many records of which one is broken. */
export function jsonProblemText(problem: JsonProblem): string {
  switch (problem.kind) {
    case 'too-deep':
      return `its JSON nests ${problem.depth} levels deep`
    case 'forbidden-key':
      return `its JSON has a key "${problem.key}"`
    case 'syntax':
      return `it is not JSON: at column ${problem.column} ${problem.what}`
  }
}

function jsonError(problem: JsonProblem, at: ErrorPlace): EvalkitError {
  switch (problem.kind) {
    case 'too-deep':
      return new EvalkitError('EVK_JSON_TOO_DEEP', `The JSON nests ${problem.depth} levels deep.`, { at })
    case 'forbidden-key':
      return new EvalkitError('EVK_JSON_FORBIDDEN_KEY', `The JSON has a key "${problem.key}".`, { at })
    case 'syntax': {
      const { what, line, column } = problem
      // In a file of one record a line, the caller knows the line, and the text is that line alone.
      const where = at.line === undefined ? `line ${line}, column ${column}` : `column ${column}`
      return new EvalkitError('EVK_JSON_SYNTAX', `This is not JSON: at ${where} ${what}.`, {
        at: at.line === undefined ? { ...at, line } : at,
      })
    }
  }
}
