import { nearestWord } from '../lib/nearest.ts'
import { EvalkitError } from '../schema/errors.ts'
import { type Comparator, type Condition, type TraceField, traceFields } from '../schema/trace-query.ts'
import { plain, type TraceFacts, toolsOf } from './facts.ts'
import { timeSpanOf } from './time.ts'
import { holdsPhrase, wordsOf } from './words.ts'

type FieldOf<K> = { [F in TraceField]: (typeof traceFields)[F]['kind'] extends K ? F : never }[TraceField]
export type TextField = FieldOf<'text'>
export type NumberField = FieldOf<'number'>

/**
 * A condition that was found to make sense. What it means is the same in every store:
 * - `text`: the values a trace has there (several for tool, model and tag). `=` one is, `!=` none is, `~` one
 *   contains it, ignoring case.
 * - `number`, `score`: what is not known meets no comparison, not even `!=`.
 * - `time`: a date stands for its whole day (`timeSpanOf`): `<=` reaches to its end, `>` begins after it.
 * - `search`: the words one after another; `~` lets the last one go on.
 */
export type Predicate =
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
  | { readonly kind: 'score'; readonly name: string; readonly op: NumberComparator; readonly value: number }
  | { readonly kind: 'time'; readonly op: NumberComparator; readonly from: number; readonly until: number }
  | {
      readonly kind: 'search'
      readonly op: '=' | '!=' | '~'
      readonly words: readonly string[]
    }
export type NumberComparator = Exclude<Comparator, '~'>

/** More than any person writes, and few enough for one SQL statement. */
const mostConditions = 100

const comparators = {
  text: ['=', '!=', '~'],
  search: ['~', '=', '!='],
  number: ['=', '!=', '<', '<=', '>', '>='],
  time: ['=', '!=', '<', '<=', '>', '>='],
} as const satisfies Record<string, readonly Comparator[]>

/** Checks conditions. Throws `EVK_USAGE` on a field, comparison or value that does not exist. */
export function predicatesOf(where: readonly Condition[]): readonly Predicate[] {
  if (where.length > mostConditions) {
    throw new EvalkitError(
      'EVK_USAGE',
      `There are ${where.length} conditions; at most ${mostConditions} can be asked.`,
    )
  }
  return where.map(predicateOf)
}

/** The kind of a field, `score.<name>` included. Throws `EVK_USAGE` with the nearest field and the list of all. */
export function kindOfField(field: string): 'text' | 'number' | 'time' | 'search' {
  if (Object.hasOwn(traceFields, field)) return traceFields[field as TraceField].kind
  if (field.startsWith('score.') && field.length > 'score.'.length) return 'number'
  const meant = nearestWord(field, [...Object.keys(traceFields), 'score.<name>'])
  const question = meant === undefined ? '' : ` Did you mean "${meant}"?`
  throw new EvalkitError('EVK_USAGE', `Traces have no field ${quoted(field)}.${question}`, {
    hint: 'Write field=value, joined by blanks: tool=refund status=error duration>2s text~"gift card"',
    details: [`fields: ${[...Object.keys(traceFields), 'score.<name>'].join(', ')}`],
  })
}

/** Whether a trace meets all of them. `searchable` is asked only where there is a search. */
export function holdsAll(
  predicates: readonly Predicate[],
  facts: TraceFacts,
  searchable: () => string,
): boolean {
  return predicates.every((predicate) => holds(predicate, facts, searchable))
}

/** The first phrase looked for, which a snippet shows. */
export function searchPhraseOf(
  predicates: readonly Predicate[],
): { readonly words: readonly string[]; readonly open: boolean } | undefined {
  for (const predicate of predicates) {
    if (predicate.kind === 'search' && predicate.op !== '!=') {
      return { words: predicate.words, open: predicate.op === '~' }
    }
  }
  return undefined
}

function predicateOf(condition: Condition): Predicate {
  const { field, op, value } = condition
  const kind = kindOfField(field)
  if (!(comparators[kind] as readonly Comparator[]).includes(op)) {
    const allowed = comparators[kind].join(' ')
    throw new EvalkitError('EVK_USAGE', `The field "${field}" cannot be compared with "${op}".`, {
      hint: `Use one of: ${allowed}`,
    })
  }
  switch (kind) {
    case 'text':
      return { kind, field: field as TextField, op: op as '=', value: plain(String(value)) }
    case 'search': {
      const words = wordsOf(String(value))
      if (words.length > 0) return { kind, op: op as '~', words }
      throw valueError(field, value, 'a word', 'text~"gift card"')
    }
    case 'time': {
      const span = typeof value === 'string' ? timeSpanOf(value) : undefined
      if (span !== undefined) return { kind, op: op as '=', ...span }
      throw valueError(field, value, 'a date or time', 'started>=2025-06-01, started<2025-06-01T10:30:00Z')
    }
    case 'number': {
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        throw valueError(field, value, 'a number', field === 'duration' ? 'duration>2s' : `${field}>1`)
      }
      if (field.startsWith('score.')) {
        return { kind: 'score', name: plain(field.slice('score.'.length)), op: op as '=', value }
      }
      return { kind, field: field as NumberField, op: op as '=', value }
    }
  }
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

function holds(predicate: Predicate, facts: TraceFacts, searchable: () => string): boolean {
  switch (predicate.kind) {
    case 'text':
      return holdsText(textValues(facts, predicate.field), predicate.op, predicate.value)
    case 'number': {
      const value = numberValue(facts, predicate.field)
      return value !== undefined && compare(value, predicate.op, predicate.value)
    }
    case 'score': {
      const values = facts.summary.scores
        .filter((score) => score.name === predicate.name && score.value !== undefined)
        .map((score) => score.value ?? 0)
      if (predicate.op === '!=')
        return values.length > 0 && values.every((value) => value !== predicate.value)
      return values.some((value) => compare(value, predicate.op, predicate.value))
    }
    case 'time':
      return facts.started !== undefined && holdsTime(facts.started, predicate)
    case 'search': {
      const found = holdsPhrase(searchable(), predicate.words, predicate.op === '~')
      return predicate.op === '!=' ? !found : found
    }
  }
}

function holdsText(values: readonly string[], op: '=' | '!=' | '~', wanted: string): boolean {
  if (op === '=') return values.includes(wanted)
  if (op === '!=') return !values.includes(wanted)
  return values.some((value) => containsText(value, wanted))
}

/** The one meaning of `~` on text: SQLite calls this very function. */
export function containsText(value: string, wanted: string): boolean {
  return value.toLowerCase().includes(wanted.toLowerCase())
}

function holdsTime(started: number, { op, from, until }: Predicate & { kind: 'time' }): boolean {
  switch (op) {
    case '=':
      return started >= from && started < until
    case '!=':
      return started < from || started >= until
    case '<':
      return started < from
    case '<=':
      return started < until
    case '>':
      return started >= until
    case '>=':
      return started >= from
  }
}

function compare(value: number, op: NumberComparator, wanted: number): boolean {
  switch (op) {
    case '=':
      return value === wanted
    case '!=':
      return value !== wanted
    case '<':
      return value < wanted
    case '<=':
      return value <= wanted
    case '>':
      return value > wanted
    case '>=':
      return value >= wanted
  }
}

function textValues(facts: TraceFacts, field: TextField): readonly string[] {
  const { summary } = facts
  switch (field) {
    case 'id':
      return [summary.id]
    case 'name':
      return [summary.name]
    case 'format':
      return [summary.format]
    case 'task':
      return summary.task === undefined ? [] : [summary.task]
    case 'status':
      return [summary.status]
    case 'ended':
      return summary.ended === undefined ? [] : [summary.ended]
    case 'model':
      return summary.models
    case 'tool':
      return toolsOf(facts)
    case 'tag':
      return summary.tags
  }
}

function numberValue(facts: TraceFacts, field: NumberField): number | undefined {
  const { summary } = facts
  switch (field) {
    case 'trial':
      return summary.trial
    case 'duration':
      return summary.durationMs
    case 'tokens':
      return facts.tokens
    case 'cost':
      return summary.costUsd
    case 'spans':
      return summary.spans
    case 'calls':
      return summary.toolCalls
    case 'errors':
      return summary.toolErrors
  }
}
