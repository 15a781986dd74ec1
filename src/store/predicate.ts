import { nearestWord } from '../lib/nearest.ts'
import { EvalkitError } from '../schema/errors.ts'
import {
  type Comparator,
  type Condition,
  type FieldDescription,
  type Filter,
  type SpanField,
  spanFields,
  type TraceField,
  traceFields,
} from '../schema/trace-query.ts'
import { plain } from './facts.ts'
import { timeSpanOf } from './time.ts'
import { wordsOf } from './words.ts'

type FieldOf<Fields extends Record<string, FieldDescription>, Kind> = {
  [F in keyof Fields]: Fields[F]['kind'] extends Kind ? F : never
}[keyof Fields]
export type TextField = FieldOf<typeof traceFields, 'text'> | FieldOf<typeof spanFields, 'text'>
export type NumberField = FieldOf<typeof traceFields, 'number'> | FieldOf<typeof spanFields, 'number'>
export type NumberComparator = Exclude<Comparator, '~'>

/**
 * A condition that was found to make sense, of a trace or of one span. What it means is the same in every store:
 * - `text`: the values there are (several for tool, model and tag of a trace). `=` one is, `!=` none is, `~` one contains
 *   it, ignoring case.
 * - `number`, `score`: what is not known meets no comparison, not even `!=`; `unknown` asks for just that.
 * - `time`: a date stands for its whole day (`timeSpanOf`): `<=` reaches to its end, `>` begins after it.
 * - `search`: the words one after another; `~` lets the last one go on.
 */
export type Leaf =
  | {
      readonly kind: 'text'
      readonly field: TextField
      readonly op: '=' | '!=' | '~'
      readonly value: string
    }
  | {
      readonly kind: 'number'
      readonly field: NumberField
      readonly op: NumberComparator
      readonly value: number
    }
  | { readonly kind: 'unknown'; readonly field: NumberField; readonly known: boolean }
  | { readonly kind: 'flag'; readonly field: 'error'; readonly value: boolean }
  | { readonly kind: 'score'; readonly name: string; readonly op: NumberComparator; readonly value: number }
  | { readonly kind: 'unscored'; readonly name: string; readonly known: boolean }
  | { readonly kind: 'time'; readonly op: NumberComparator; readonly from: number; readonly until: number }
  | { readonly kind: 'search'; readonly op: '=' | '!=' | '~'; readonly words: readonly string[] }

/** A filter that was found to make sense. Either it holds or it does not: `not` turns every "does not" round. */
export type Predicate =
  | Leaf
  | { readonly kind: 'and' | 'or'; readonly of: readonly Predicate[] }
  | { readonly kind: 'not'; readonly of: Predicate }
  | { readonly kind: 'spans'; readonly which: 'any' | 'all' | 'none'; readonly of: Predicate }

/** What a condition is asked of. */
export type Scope = 'trace' | 'span'

/** More than any person writes, and few enough for one SQL statement. */
export const mostConditions = 100
/** How deep filters may nest. */
export const mostDepth = 20

const comparators = {
  text: ['=', '!=', '~'],
  search: ['~', '=', '!='],
  flag: ['=', '!='],
  number: ['=', '!=', '<', '<=', '>', '>='],
  time: ['=', '!=', '<', '<=', '>', '>='],
} as const satisfies Record<string, readonly Comparator[]>

/** Checks filters. Throws `EVK_USAGE` on a field, comparison or value that does not exist, and where there are too many. */
export function predicatesOf(where: readonly Filter[]): readonly Predicate[] {
  const counted = { conditions: 0 }
  return where.map((filter) => predicateOf(filter, 'trace', 0, counted))
}

function predicateOf(
  filter: Filter,
  scope: Scope,
  depth: number,
  counted: { conditions: number },
): Predicate {
  if (depth > mostDepth) throw new EvalkitError('EVK_USAGE', `Filters nest at most ${mostDepth} levels deep.`)
  const inner = (of: Filter, within = scope): Predicate => predicateOf(of, within, depth + 1, counted)
  if ('field' in filter) {
    if (++counted.conditions > mostConditions) throw tooMany()
    return leafOf(filter, scope)
  }
  if ('and' in filter) return { kind: 'and', of: filter.and.map((of) => inner(of)) }
  if ('or' in filter) return { kind: 'or', of: filter.or.map((of) => inner(of)) }
  if ('not' in filter) return { kind: 'not', of: inner(filter.not) }
  if (scope === 'span') throw nestedSpans()
  if ('any' in filter) return { kind: 'spans', which: 'any', of: inner(filter.any, 'span') }
  if ('all' in filter) return { kind: 'spans', which: 'all', of: inner(filter.all, 'span') }
  return { kind: 'spans', which: 'none', of: inner(filter.none, 'span') }
}

export function tooMany(): EvalkitError {
  return new EvalkitError(
    'EVK_USAGE',
    `There are too many conditions: at most ${mostConditions} can be asked.`,
  )
}

export function nestedSpans(): EvalkitError {
  return new EvalkitError('EVK_USAGE', 'Inside any(…), all(…) and none(…) there is no other of them.')
}

/**
 * What is known of a field, `score.<name>` and `span.<name>` included. Throws `EVK_USAGE` with the nearest field and the
 * list of all.
 */
export function fieldOf(field: string, scope: Scope): FieldDescription {
  if (scope === 'span') {
    const name = field.startsWith('span.') ? field.slice('span.'.length) : ''
    if (Object.hasOwn(spanFields, name)) return spanFields[name as SpanField]
  } else {
    if (Object.hasOwn(traceFields, field)) return traceFields[field as TraceField]
    if (field.startsWith('score.') && field.length > 'score.'.length)
      return { kind: 'number', description: '' }
    if (field.startsWith('span.')) {
      throw new EvalkitError(
        'EVK_USAGE',
        `${quoted(field)} is asked of spans, inside any(…), all(…) or none(…).`,
        {
          hint: 'For example: any(span.tool=search and span.error)',
        },
      )
    }
  }
  const all = fieldNames(scope)
  const meant = nearestWord(scope === 'span' && !field.startsWith('span.') ? `span.${field}` : field, all)
  const question = meant === undefined ? '' : ` Did you mean "${meant}"?`
  const who = scope === 'span' ? 'Spans' : 'Traces'
  throw new EvalkitError('EVK_USAGE', `${who} have no field ${quoted(field)}.${question}`, {
    hint: filterHint,
    details: [`fields: ${all.join(', ')}`],
  })
}

export const filterHint =
  'For example: tool=refund and (cost>0.05 or error) and "lost luggage" and any(span.tool=search and span.duration>2s)'

/** All that can be asked, as it is written. */
export function fieldNames(scope: Scope): readonly string[] {
  if (scope === 'span') return Object.keys(spanFields).map((name) => `span.${name}`)
  return [...Object.keys(traceFields), 'score.<name>']
}

/** Checks one condition. Throws `EVK_USAGE`. */
export function leafOf(condition: Condition, scope: Scope): Leaf {
  const { field, op, value } = condition
  const { kind, words: allowed } = fieldOf(field, scope)
  if (!(comparators[kind] as readonly Comparator[]).includes(op)) {
    throw new EvalkitError('EVK_USAGE', `The field "${field}" cannot be compared with "${op}".`, {
      hint: `Use one of: ${comparators[kind].join(' ')}`,
    })
  }
  const name = field.startsWith('span.') ? field.slice('span.'.length) : field
  switch (kind) {
    case 'text': {
      const text = plain(String(value))
      if (allowed !== undefined && op !== '~' && !allowed.includes(text))
        throw wordError(field, text, allowed)
      return { kind, field: name as TextField, op: op as '=', value: text }
    }
    case 'flag': {
      if (typeof value !== 'boolean') throw valueError(field, value, 'true or false', `${field}=true`)
      return { kind, field: 'error', value: op === '=' ? value : !value }
    }
    case 'search': {
      const words = wordsOf(String(value))
      if (words.length > 0) return { kind, op: op as '~', words }
      throw valueError(field, value, 'a word', 'text~"gift card"')
    }
    case 'time': {
      const span = typeof value === 'string' ? timeSpanOf(value) : undefined
      if (span !== undefined) return { kind, op: op as '=', ...span }
      throw valueError(field, value, 'a date or time', `${field}>=2025-06-01, ${field}<2025-06-01T10:30:00Z`)
    }
    case 'number':
      return numberLeaf(condition, name)
  }
}

function numberLeaf({ field, op, value }: Condition, name: string): Leaf {
  const score = field.startsWith('score.') ? plain(field.slice('score.'.length)) : undefined
  if (value === 'unknown' && (op === '=' || op === '!=')) {
    const known = op === '!='
    return score === undefined
      ? { kind: 'unknown', field: name as NumberField, known }
      : { kind: 'unscored', name: score, known }
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw valueError(field, value, 'a number', name === 'duration' ? `${field}>2s` : `${field}>1`)
  }
  return score === undefined
    ? { kind: 'number', field: name as NumberField, op: op as '=', value }
    : { kind: 'score', name: score, op: op as '=', value }
}

function wordError(field: string, value: string, allowed: readonly string[]): EvalkitError {
  const meant = nearestWord(value, allowed)
  const question = meant === undefined ? '' : ` Did you mean "${meant}"?`
  return new EvalkitError('EVK_USAGE', `"${field}" is never ${quoted(value)}.${question}`, {
    hint: `It is one of: ${allowed.join(', ')}`,
  })
}

function valueError(field: string, value: unknown, wanted: string, example: string): EvalkitError {
  return new EvalkitError(
    'EVK_USAGE',
    `The field "${field}" wants ${wanted}, not ${quoted(String(value))}.`,
    {
      hint: `For example: ${example}`,
    },
  )
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
