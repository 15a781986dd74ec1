import { isAlias, isMap, isPair, isScalar, isSeq, Lexer, LineCounter, parseDocument } from 'yaml'
import { maxDepth } from '../lib/json.ts'
import { type ErrorCode, EvalkitError } from './errors.ts'

/** YAML beyond this is not parsed (UTF-16 units): it costs far more time and memory than JSON of the same size. */
export const maxYamlLength = 16 * 1024 * 1024

/** Aliases may repeat what is there; how much longer than its text a file may become by them. */
const mostGrowth = 10
const freeGrowth = 1_000_000

/** What a YAML file holds: JSON values, and the bytes of `!!binary`. */
export type YamlValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue }

/**
 * Parses untrusted YAML 1.2 (core schema and `!!binary`; https://yaml.org/spec/1.2.2/). Throws `EVK_YAML_SYNTAX` with
 * the line, `EVK_JSON_FORBIDDEN_KEY` for `__proto__`, and `EVK_YAML_REFUSED` for what is no plain data: other tags
 * (they would make objects), keys that are no text, nesting beyond any agent's, aliases that multiply the file or
 * contain themselves, numbers that JSON cannot say, and files beyond `maxYamlLength`.
 */
export function yamlFrom(text: string, file: string): YamlValue {
  return readYaml(text, file, ['binary']).value
}

/** A YAML file and where things stand in it. */
export interface ReadYaml {
  readonly value: YamlValue
  /** The line (from 1) of the value at a path of keys and places. */
  readonly lineOf: (path: readonly (string | number)[]) => number | undefined
}

/** The same as `yamlFrom`, with lines, and by default without `!!binary`: then all of it is JSON. */
export function readYaml(text: string, file: string, tags: readonly 'binary'[] = []): ReadYaml {
  const lines = new LineCounter()
  const fail = (code: ErrorCode, what: string, offset?: number): never => {
    const line = offset === undefined ? undefined : lines.linePos(offset).line
    throw new EvalkitError(code, what, { at: line === undefined || line < 1 ? { file } : { file, line } })
  }
  if (text.length > maxYamlLength)
    fail('EVK_YAML_REFUSED', `The file has ${text.length} characters; ${maxYamlLength} are read.`)
  const tooDeep = (): never => fail('EVK_YAML_REFUSED', `The YAML nests more than ${maxDepth} levels deep.`)
  if (nestsDeeply(text)) tooDeep()
  const anchors = new Map<string, unknown>()
  const most = text.length * mostGrowth + freeGrowth
  let spent = 0

  function valueOf(node: unknown, depth: number): YamlValue {
    if (depth > maxDepth) return tooDeep()
    spent++
    if (spent > most) return fail('EVK_YAML_REFUSED', 'The aliases of the file multiply what it says.')
    if (isAlias(node)) {
      const meant = anchors.get(node.source)
      if (meant === undefined) return fail('EVK_YAML_SYNTAX', 'An alias stands for nothing.', node.range?.[0])
      return valueOf(meant, depth + 1)
    }
    if (isScalar(node)) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
      return scalarOf(node.value, node.range?.[0])
    }
    if (isSeq(node)) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
      return node.items.map((item) => valueOf(item, depth + 1))
    }
    if (isMap(node)) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
      const members = new Map<string, YamlValue>()
      for (const item of node.items) {
        if (!isPair(item)) return fail('EVK_YAML_REFUSED', 'The YAML has a member that is no pair.')
        const key = keyOf(item.key, depth)
        if (members.has(key))
          return fail('EVK_YAML_SYNTAX', 'A key stands twice in one map.', node.range?.[0])
        members.set(key, valueOf(item.value, depth + 1))
      }
      return Object.fromEntries(members)
    }
    return node === null || node === undefined
      ? null
      : fail('EVK_YAML_REFUSED', 'The YAML holds something that is no data.')
  }

  function keyOf(node: unknown, depth: number): string {
    const key = valueOf(node, depth + 1)
    if (typeof key === 'object') return fail('EVK_YAML_REFUSED', 'The YAML has a key that is no text.')
    if (key === '__proto__') return fail('EVK_JSON_FORBIDDEN_KEY', `The YAML has a key "${key}".`)
    return String(key)
  }

  function scalarOf(value: unknown, offset: number | undefined): YamlValue {
    if (typeof value === 'string') {
      spent += value.length
      return value
    }
    if (typeof value === 'number' && !Number.isFinite(value))
      return fail('EVK_YAML_REFUSED', `JSON has no ${value}.`, offset)
    if (value === null || typeof value === 'boolean' || typeof value === 'number') return value
    if (value instanceof Uint8Array && tags.includes('binary')) return new Uint8Array(value)
    return fail('EVK_YAML_REFUSED', 'The YAML holds something that is no data.', offset)
  }

  try {
    const document = parseDocument(text, {
      schema: 'core',
      customTags: [...tags],
      // Our own walk sees twins; the library's check takes the square of the keys.
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
      lineCounter: lines,
    })
    const [error] = document.errors
    if (error !== undefined)
      fail('EVK_YAML_SYNTAX', `This is not YAML: ${firstLine(error.message)}.`, error.pos[0])
    const [warning] = document.warnings
    if (warning !== undefined)
      fail('EVK_YAML_REFUSED', `This is not plain YAML: ${firstLine(warning.message)}.`, warning.pos[0])
    return {
      value: valueOf(document.contents, 0),
      lineOf: (path) => {
        const node: unknown = document.getIn(path, true)
        const offset =
          isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined
        return offset === undefined ? undefined : lines.linePos(offset).line
      },
    }
  } catch (thrown) {
    // Levels made by indentation alone: the parser recurses, and may meet the end of the stack before our walk counts.
    if (thrown instanceof RangeError) return tooDeep()
    throw thrown
  }
}

/** The parser takes the square of the levels it is in; its lexer does not. */
function nestsDeeply(text: string): boolean {
  let flow = 0
  let inLine = 0
  let scalar = false
  for (const token of new Lexer().lex(text)) {
    if (scalar) scalar = false
    else if (token === '\u001f') scalar = true
    else if (token === '[' || token === '{') flow++
    else if (token === ']' || token === '}') flow = Math.max(0, flow - 1)
    else if (token === '-' || token === '?') inLine++
    else if (token.endsWith('\n')) inLine = 0
    if (flow > maxDepth || inLine > maxDepth) return true
  }
  return false
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').slice(0, 200).replace(/[.:]$/, '')
}
