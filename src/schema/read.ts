import type * as z from 'zod'
import { type JsonProblem, readJson } from '../lib/json.ts'
import { joinPath } from '../lib/json-diff.ts'
import { type ErrorCode, type ErrorPlace, EvalkitError } from './errors.ts'

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
  const lines = issueLines(result.error)
  throw new EvalkitError(code, `This is not a valid ${what}: ${lines[0]}.`, {
    at,
    details: lines.slice(1, 5),
    cause: result.error,
  })
}

/** One line per issue of a zod error: `cases[3].id: use lower-case letters, …`. */
export function issueLines(error: z.ZodError): readonly string[] {
  return error.issues.map((issue) => {
    const path = pathText(issue.path)
    return path === '' ? issue.message : `${path}: ${issue.message}`
  })
}

/** `messages[4].parts[0].arguments.zip`: the one grammar for paths into records. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => joinPath(text, typeof key === 'number' ? key : String(key)), '')
}

/** A record of a later version is not "invalid": the reader is told to update. */
function refuseNewer(schema: z.ZodType, value: unknown, at: ErrorPlace, what: string): void {
  const shape = (schema as { shape?: Record<string, { value?: unknown }> }).shape
  const ours = shape?.v?.value
  const theirs = typeof value === 'object' && value !== null ? (value as { v?: unknown }).v : undefined
  if (typeof ours === 'number' && typeof theirs === 'number' && theirs > ours) {
    throw new EvalkitError(
      'EVK_VERSION_NEWER',
      `This ${what} has version ${theirs}; this evalkit knows ${ours}.`,
      {
        at,
      },
    )
  }
}

function jsonError(problem: JsonProblem, at: ErrorPlace): EvalkitError {
  switch (problem.kind) {
    case 'too-deep':
      return new EvalkitError('EVK_JSON_TOO_DEEP', `The JSON nests ${problem.depth} levels deep.`, { at })
    case 'forbidden-key':
      return new EvalkitError('EVK_JSON_FORBIDDEN_KEY', `The JSON has a key "${problem.key}".`, { at })
    case 'syntax': {
      // V8 says where (position, line and column), but also quotes the text: hostile, and no help.
      const what = problem.what.replace(/,? ?(\.\.\.)?"[^]*is not valid JSON$/, '').replace(' in JSON', '')
      return new EvalkitError('EVK_JSON_SYNTAX', `This is not JSON: ${what.slice(0, 200)}.`, { at })
    }
  }
}
