import { stat } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { type ErrorCode, EvalkitError } from '../schema/errors.ts'

/**
 * The default export of a user's TypeScript or JavaScript file; `undefined` where it has none. Node's own type
 * stripping loads it where it can (22.18 and newer); what it cannot (extensionless imports, enums, decorators, older
 * Node) is loaded through jiti. A file is loaded once a process. Throws `EVK_FILE_NOT_FOUND`, and `code` where the
 * file fails by itself, with its own message and place. `shownAs` is its name in errors.
 */
export async function loadUserFile(path: string, code: ErrorCode, shownAs = path): Promise<unknown> {
  return defaultOf(await loadModule(path, code, shownAs))
}

/** All that such a file exports, by name. */
export async function loadUserExports(
  path: string,
  code: ErrorCode,
  shownAs = path,
): Promise<Readonly<Record<string, unknown>>> {
  const module = await loadModule(path, code, shownAs)
  const exported = Object.entries(module as object)
  return Object.fromEntries([
    ...exported.filter(([name]) => name !== 'default'),
    ['default', defaultOf(module)],
  ])
}

async function loadModule(path: string, code: ErrorCode, shownAs: string): Promise<unknown> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() !== true) {
    const what = found === undefined ? 'The file does not exist.' : 'This is no file.'
    throw new EvalkitError('EVK_FILE_NOT_FOUND', what, { at: { file: shownAs } })
  }
  try {
    return await load(path)
  } catch (error) {
    if (EvalkitError.is(error)) throw placed(error, shownAs)
    throw new EvalkitError(code, `The file does not load: ${firstLine(error)}`, {
      at: placeIn(error, path, shownAs),
      cause: error,
      details: frameIn(error, path),
    })
  }
}

async function load(path: string): Promise<unknown> {
  // 'strip' or 'transform'; false or absent on older ones.
  const { typescript } = process.features as { readonly typescript?: unknown }
  const strips = typeof typescript === 'string'
  if (!strips && /\.[cm]?tsx?$/.test(path)) return withJiti(path)
  try {
    return await import(pathToFileURL(path).href)
  } catch (error) {
    if (needsJiti(error)) return withJiti(path)
    if (!mayNeedJiti(error)) throw error
    try {
      return await withJiti(path)
    } catch (second) {
      // Neither can read it: Node's own words are better, where they name the line (older ones do not). What jiti
      // could read failed by itself.
      throw isSyntaxError(second) && frameIn(error, path).length > 0 ? error : second
    }
  }
}

async function withJiti(path: string): Promise<unknown> {
  const { createJiti } = await import('jiti')
  return createJiti(import.meta.url, { interopDefault: false }).import(path)
}

/** What Node's own loader does not do and jiti does. */
const foreign = new Set([
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_MODULE_NOT_FOUND',
  'ERR_UNSUPPORTED_DIR_IMPORT',
])

function needsJiti(error: unknown): boolean {
  return error instanceof Error && foreign.has((error as NodeJS.ErrnoException).code ?? '')
}

/** Node takes a decorator for a mistake, and an older one does not say where a mistake is; jiti tells both. */
function mayNeedJiti(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return error instanceof SyntaxError && (code === undefined || code === 'ERR_INVALID_TYPESCRIPT_SYNTAX')
}

function isSyntaxError(error: unknown): boolean {
  return error instanceof Error && (error.name === 'SyntaxError' || error.message.startsWith('ParseError'))
}

function defaultOf(module: unknown): unknown {
  const exported = (module as { readonly default?: unknown }).default
  // CommonJS, as jiti may see it, nests it once more.
  const nested = (exported as { readonly default?: unknown } | null | undefined)?.default
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
  return saidBy(error).split('\n')[0]?.slice(0, 300).trim() ?? ''
}

/** What was thrown may be anything, even what has no text. */
function saidBy(error: unknown): string {
  // jiti's word for a syntax error, as a message of its own.
  if (error instanceof Error)
    return `${error.name}: ${error.message}`.replace(/^Error: ParseError: /, 'SyntaxError: ')
  return typeof error === 'object' && error !== null ? 'it throws an object that is no error' : String(error)
}

/** The line of the user's own file, where the error names it; an error in a file it imports is placed in `details`. */
function placeIn(error: unknown, path: string, file: string): { file: string; line?: number } {
  const [frame] = frameIn(error, path)
  const at = frame?.indexOf(path) ?? -1
  const line = at === -1 ? undefined : /^:(\d+)/.exec(frame?.slice(at + path.length) ?? '')?.[1]
  return { file, ...(line === undefined ? {} : { line: Number(line) }) }
}

/** The line of the stack, or of the message, that names the user's file. */
function frameIn(error: unknown, path: string): readonly string[] {
  if (!(error instanceof Error)) return []
  const name = path.split(/[\\/]/).at(-1) ?? path
  const lines = `${error.message}\n${error.stack ?? ''}`.split('\n')
  const frame = lines.find((line) => line.includes(name) && /:\d+/.test(line))
  return frame === undefined ? [] : [frame.trim().slice(0, 500)]
}
