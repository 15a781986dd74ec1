import { nearestWord } from '../nearest.ts'
import type { Document } from './plain.ts'

/** Whether a schema is of what callers send to a tool, or of what they get back. */
export type Side = 'input' | 'result'

/** What a change does to those who rely on the schema as it was. `unknown`: nobody can tell from the schemas alone. */
export type ChangeClass = 'breaking' | 'unknown' | 'compatible' | 'note'

/** One place where a schema asks or promises something else than before. */
export interface SchemaChange {
  /** Of the place in a value: `lines[*].sku`; `[*]` is any item, or any member that has no name of its own. */
  readonly path: string
  /** What changed: `property-added`, `type`, `enum`, `range`, … */
  readonly kind: string
  readonly class: ChangeClass
  /** A clause, of hostile text: names and values of both schemas. */
  readonly what: string
}

/**
 * A comparison under way. It asks one question: does all that is sent fit what is taken? Arguments are sent by those
 * who know the schema before, and taken by the tool after; results the other way round.
 */
export interface Walk {
  readonly side: Side
  readonly sent: Document
  readonly taken: Document
  readonly found: SchemaChange[]
  /** Pairs that are being compared: met again within themselves, they hold if all else does. */
  readonly open: readonly (readonly [sent: unknown, taken: unknown, path: string])[]
  /** Whether two schemas are the same text, as far as that was asked. */
  readonly same: WeakMap<object, WeakMap<object, boolean>>
  /** Comparisons that may still be made. */
  readonly budget: { left: number }
  /** Compares two schemas at a path. */
  readonly compare: (walk: Walk, sent: unknown, taken: unknown, path: string) => void
}

/** How the question was answered at one place. */
export type Answer = 'fits' | 'breaks' | 'unknown'

const classes = { fits: 'compatible', breaks: 'breaking', unknown: 'unknown' } as const

export function report(walk: Walk, path: string, kind: string, answer: Answer, what: string): void {
  walk.found.push({ path, kind, class: classes[answer], what })
}

/** A sentence by the direction of time: what was sent was before, where arguments are compared. */
export function wasIs<T>({ side }: Pick<Walk, 'side'>, sent: T, taken: T): readonly [was: T, is: T] {
  return side === 'input' ? [sent, taken] : [taken, sent]
}

const mostNames = 5

/** The first few values of a list, as JSON. */
export function listed(values: readonly unknown[]): string {
  const shown = values.slice(0, mostNames).map((value) => shortJson(value))
  return `${shown.join(', ')}${values.length > mostNames ? ` and ${values.length - mostNames} more` : ''}`
}

export function shortJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

/** Among more new names than these, one that is near is chance. */
const mostFresh = 50

/** What somebody may have renamed a thing to. */
export function renamedTo(gone: string, fresh: readonly string[]): string {
  if (fresh.length > mostFresh) return ''
  const near = nearestWord(gone, fresh)
  return near === undefined ? '' : `; was it renamed to ${shortJson(near)}?`
}
