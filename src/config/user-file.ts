import { stat } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { type ErrorCode, EvalkitError } from '../schema/errors.ts'

/**
 * The default export of a user's TypeScript or JavaScript file. Node's own type stripping loads it where it can
 * (22.18 and newer); what it cannot (extensionless imports, enums, older Node) is loaded through jiti. `stamp` makes
 * a changed file load anew. Throws `code` where the file fails by itself, with its own message and place.
 */
export async function loadUserFile(path: string, code: ErrorCode): Promise<unknown> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined)
    throw new EvalkitError('EVK_FILE_NOT_FOUND', 'The file does not exist.', { at: { file: path } })
  try {
    return defaultOf(await load(path))
  } catch (error) {
    if (EvalkitError.is(error)) throw placed(error, path)
    throw new EvalkitError(code, `The file does not load: ${firstLine(error)}`, {
      at: { file: path },
      cause: error,
      details: frameIn(error, path),
    })
  }
}

async function load(path: string): Promise<unknown> {
  const strips =
    (process.features as { typescript?: unknown }).typescript !== false && 'typescript' in process.features
  if (strips || !/\.[cm]?tsx?$/.test(path)) {
    try {
      return await import(pathToFileURL(path).href)
    } catch (error) {
      if (!needsJiti(error)) throw error
    }
  }
  const { createJiti } = await import('jiti')
  return createJiti(import.meta.url, { interopDefault: false }).import(path)
}

/** What Node's own loader does not do and jiti does. Anything else is the file's own failure. */
function needsJiti(error: unknown): boolean {
  const code = (error as { code?: string } | undefined)?.code
  return (
    code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' ||
    code === 'ERR_UNKNOWN_FILE_EXTENSION' ||
    code === 'ERR_MODULE_NOT_FOUND' ||
    code === 'ERR_UNSUPPORTED_DIR_IMPORT'
  )
}

function defaultOf(module: unknown): unknown {
  const exported = (module as { default?: unknown }).default
  // CommonJS, as jiti may see it, nests it once more.
  const nested = (exported as { default?: unknown } | undefined)?.default
  return nested === undefined ? exported : nested
}

function placed(error: EvalkitError, file: string): EvalkitError {
  if (error.at.file !== undefined) return error
  const { code, message, hint, details, cause } = error
  return new EvalkitError(code, message, {
    at: { ...error.at, file },
    hint,
    details,
    ...(cause === undefined ? {} : { cause }),
  })
}

function firstLine(error: unknown): string {
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return said.split('\n')[0]?.slice(0, 300) ?? ''
}

/** The line of the user's own file in the stack, where it is there. */
function frameIn(error: unknown, path: string): readonly string[] {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const name = path.split(/[\\/]/).at(-1) ?? path
  const frame = stack.split('\n').find((line) => line.includes(name) && /:\d+/.test(line))
  return frame === undefined ? [] : [frame.trim().replace(/^at /, 'at ')]
}
