import { byCodeUnit, sameJson } from './json.ts'

/** One place where two JSON values differ. A side that has nothing there is absent. */
export interface Difference {
  /** `messages[4].parts[0].arguments.zip`; empty for the whole value. */
  readonly path: string
  readonly expected?: unknown
  readonly got?: unknown
}

/**
 * The leaves where two JSON values differ, in reading order, `most` at most. Lists are compared by position: a
 * reader sees the first place where two conversations part.
 */
export function jsonDifferences(expected: unknown, got: unknown, most = 20): readonly Difference[] {
  const found: Difference[] = []
  walk(expected, got, '', found, most)
  return found
}

/** Joins a path and a key in the one grammar for paths into records. */
export function joinPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`
  return path === '' ? key : `${path}.${key}`
}

function walk(expected: unknown, got: unknown, path: string, found: Difference[], most: number): void {
  if (found.length >= most || sameJson(expected, got)) return
  if (Array.isArray(expected) && Array.isArray(got)) {
    const length = Math.max(expected.length, got.length)
    for (let at = 0; at < length; at++)
      walk(item(expected, at), item(got, at), joinPath(path, at), found, most)
    return
  }
  if (isObject(expected) && isObject(got)) {
    const keys = [...new Set([...Object.keys(expected), ...Object.keys(got)])].sort(byCodeUnit)
    for (const key of keys) walk(own(expected, key), own(got, key), joinPath(path, key), found, most)
    return
  }
  found.push({
    path,
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An item of a list; nothing beyond its end. */
function item(list: readonly unknown[], at: number): unknown {
  return at < list.length ? (list[at] ?? null) : undefined
}

/** A member of the value's own: every object inherits a `constructor`. */
function own(value: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined
}
