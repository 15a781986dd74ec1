import type { Leaf, NumberField, Predicate, TextField } from '../predicate.ts'

/** A piece of SQL and the values of its question marks. */
export interface Sql {
  readonly text: string
  readonly values: readonly (string | number)[]
}

/**
 * Predicates as SQL about `traces t` that holds for the same traces as `holdsAll`. Values are always bound, never
 * written. `isRare` says whether few rows answer a statement: then they lead to their traces; else each trace is asked
 * whether it has one, newest first, which is soon enough found.
 */
export function whereSql(predicates: readonly Predicate[], isRare: (rows: Sql) => boolean): Sql {
  if (predicates.length === 0) return { text: 'TRUE', values: [] }
  return joined(
    predicates.map((predicate) => traceSql(predicate, isRare)),
    'AND',
  )
}

/** The same about `spans s`, by what is copied onto them of their traces; `undefined` where they do not carry it. */
export function copiedSql(predicates: readonly Predicate[]): Sql | undefined {
  const pieces: Sql[] = []
  for (const predicate of predicates) {
    if (predicate.kind !== 'text' && predicate.kind !== 'time') return undefined
    const column = predicate.kind === 'time' ? 's.trace_started' : copies[predicate.field]
    if (column === undefined) return undefined
    pieces.push(columnSql(predicate, column))
  }
  return pieces.length === 0 ? { text: 'TRUE', values: [] } : joined(pieces, 'AND')
}

const columns: Partial<Record<TextField | NumberField, string>> = {
  id: 't.id',
  name: 't.name',
  format: 't.format',
  task: 't.task',
  trial: 't.trial',
  status: 't.status',
  ended: 't.ended',
  session: 't.session',
  user: 't.user',
  prompt: 't.prompt',
  code: 't.code',
  duration: 't.duration',
  tokens: 't.tokens',
  cost: 't.cost',
  spans: 't.spans',
  calls: 't.calls',
  errors: 't.errors',
}

const spanColumns: Partial<Record<TextField | NumberField, string>> = {
  kind: 'v.kind',
  name: 'v.name',
  tool: 'v.tool',
  model: 'v.model',
  status: 'v.status',
  duration: 'v.duration',
  tokens: 'v.tokens',
  cost: 'v.cost',
}

const copies: Partial<Record<TextField | NumberField, string>> = {
  name: 's.trace_name',
  format: 's.trace_format',
  task: 's.trace_task',
  status: 's.trace_status',
  session: 's.trace_session',
  user: 's.trace_user',
  prompt: 's.trace_prompt',
}

/** Where several values of a trace stand, one a row, and their index begins with the value. */
const lists = {
  model: { table: 'spans', column: 'model' },
  tool: { table: 'spans', column: 'tool' },
  tag: { table: 'trace_tags', column: 'tag' },
} as const

function traceSql(predicate: Predicate, isRare: (rows: Sql) => boolean): Sql {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return joined(
        predicate.of.map((of) => traceSql(of, isRare)),
        predicate.kind === 'and' ? 'AND' : 'OR',
      )
    case 'not':
      return not(traceSql(predicate.of, isRare))
    case 'spans': {
      const { which, of } = predicate
      if (which === 'all') return not(anySpan({ kind: 'not', of }, isRare))
      const any = anySpan(of, isRare)
      return which === 'any' ? any : not(any)
    }
    case 'text': {
      const { field } = predicate
      if (field !== 'model' && field !== 'tool' && field !== 'tag')
        return columnSql(predicate, columnOf(columns, field))
      const { table, column } = lists[field]
      const list = listSql(table, column, predicate)
      const found = has(table, list, list, isRare)
      return predicate.op === '!=' ? not(found) : found
    }
    case 'number':
    case 'unknown':
      return columnSql(predicate, columnOf(columns, predicate.field))
    case 'flag': {
      const failed = `(t.status = 'error' OR t.errors > 0)`
      return { text: predicate.value ? failed : `NOT ${failed}`, values: [] }
    }
    case 'score':
    case 'unscored':
      return scoreSql(predicate, isRare)
    case 'time':
      return startSql(predicate)
    case 'search': {
      // Words hold letters and digits only, so nothing in them can end the quotes or mean anything to FTS5.
      const phrase = `"${predicate.words.join(' ')}"${predicate.op === '~' ? ' *' : ''}`
      const rows = 'SELECT rowid FROM trace_text WHERE trace_text MATCH ?'
      return { text: `t.seq ${predicate.op === '!=' ? 'NOT IN' : 'IN'} (${rows})`, values: [phrase] }
    }
  }
}

function spanSql(predicate: Predicate): Sql {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return joined(predicate.of.map(spanSql), predicate.kind === 'and' ? 'AND' : 'OR')
    case 'not':
      return not(spanSql(predicate.of))
    case 'text': {
      const { field, op } = predicate
      if ((field === 'tool' || field === 'model') && op === '~') return listSql('spans', field, predicate)
      return columnSql(predicate, columnOf(spanColumns, field))
    }
    case 'number':
    case 'unknown':
      return columnSql(predicate, columnOf(spanColumns, predicate.field))
    case 'flag': {
      // The very words of the index "spans_error".
      const failed = `(v.status = 'error' OR v.failed = 1)`
      return { text: predicate.value ? failed : `${failed} IS NOT TRUE`, values: [] }
    }
    case 'time':
      return columnSql(predicate, 'v.started')
    default:
      throw new TypeError(`no span is asked for "${predicate.kind}"`)
  }
}

/**
 * Whether a trace has a span that the condition holds for. What has an index decides which way to go, so that finding that
 * out reads no more than it says; and a span that is longer or dearer than any of the trace need not be looked for.
 */
function anySpan(predicate: Predicate, isRare: (rows: Sql) => boolean): Sql {
  const parts = predicate.kind === 'and' ? predicate.of : [predicate]
  const indexed = parts.find(
    (part) =>
      (part.kind === 'flag' && part.value) ||
      (part.kind === 'text' && (part.field === 'tool' || part.field === 'model') && part.op !== '!='),
  )
  const found = has('spans', spanSql(predicate), indexed === undefined ? undefined : spanSql(indexed), isRare)
  const bounds = parts.flatMap((part): Sql[] => {
    if (part.kind !== 'number' || !['>', '>=', '='].includes(part.op)) return []
    const { field } = part
    if (field !== 'duration' && field !== 'tokens' && field !== 'cost') return []
    return [{ text: `t.most_${field} ${part.op === '>' ? '>' : '>='} ?`, values: [part.value] }]
  })
  return bounds.length === 0 ? found : joined([...bounds, found], 'AND')
}

/**
 * Whether a trace has a row that the condition, which speaks of `v`, holds for. `indexed` is a part of it that an index
 * answers: where few rows do, they lead to their traces.
 */
function has(
  table: 'spans' | 'trace_tags' | 'trace_scores',
  { text, values }: Sql,
  indexed: Sql | undefined,
  isRare: (rows: Sql) => boolean,
): Sql {
  const from = `FROM ${table} v WHERE`
  if (indexed !== undefined && isRare({ text: `SELECT 1 ${from} ${indexed.text}`, values: indexed.values })) {
    return { text: `t.seq IN (SELECT v.trace ${from} ${text})`, values }
  }
  return { text: `EXISTS (SELECT 1 ${from} v.trace = t.seq AND (${text}))`, values }
}

/** `~` is asked of each distinct value once, whichever way is shorter: there are few, and many rows have them. */
function listSql(table: string, column: string, { op, value }: Leaf & { kind: 'text' }): Sql {
  if (op !== '~') return { text: `v.${column} = ?`, values: [value] }
  const distinct = `WITH RECURSIVE each(one) AS (
      SELECT min(${column}) FROM ${table} WHERE ${column} IS NOT NULL
      UNION ALL SELECT (SELECT min(${column}) FROM ${table} WHERE ${column} > each.one) FROM each WHERE each.one IS NOT NULL
    ) SELECT one FROM each WHERE one IS NOT NULL AND holds_text(one, ?)`
  return { text: `v.${column} IN (${distinct})`, values: [value] }
}

function scoreSql(predicate: Leaf & { kind: 'score' | 'unscored' }, isRare: (rows: Sql) => boolean): Sql {
  const { name } = predicate
  const scored: Sql = { text: 'v.name = ? AND v.value IS NOT NULL', values: [name] }
  const having = (text: string, value: number): Sql => ({
    text: `${scored.text} AND ${text}`,
    values: [...scored.values, value],
  })
  if (predicate.kind === 'unscored') {
    const found = has('trace_scores', scored, scored, isRare)
    return predicate.known ? found : not(found)
  }
  const { op, value } = predicate
  if (op !== '!=') return has('trace_scores', having(`v.value ${op} ?`, value), scored, isRare)
  const equal = has('trace_scores', having('v.value = ?', value), scored, isRare)
  return joined([has('trace_scores', scored, scored, isRare), not(equal)], 'AND')
}

function columnSql(leaf: Leaf & { kind: 'text' | 'number' | 'unknown' | 'time' }, column: string): Sql {
  switch (leaf.kind) {
    case 'text':
      if (leaf.op === '~') {
        return { text: `${column} IS NOT NULL AND holds_text(${column}, ?)`, values: [leaf.value] }
      }
      return { text: `${column} ${leaf.op === '=' ? '=' : 'IS NOT'} ?`, values: [leaf.value] }
    case 'number':
      return { text: `${column} ${leaf.op} ?`, values: [leaf.value] }
    case 'unknown':
      return { text: `${column} IS ${leaf.known ? 'NOT ' : ''}NULL`, values: [] }
    case 'time':
      return timeSql(column, leaf)
  }
}

/** By "age", which is minus the start: the order of a listing is its index. Whose start is unknown, is the oldest. */
function startSql({ op, from, until }: Leaf & { kind: 'time' }): Sql {
  switch (op) {
    case '=':
      return { text: 't.age <= ? AND t.age > ?', values: [-from, -until] }
    case '!=':
      return { text: '(t.age > ? OR t.age <= ?) AND t.started IS NOT NULL', values: [-from, -until] }
    case '<':
      return { text: 't.age > ? AND t.started IS NOT NULL', values: [-from] }
    case '<=':
      return { text: 't.age > ? AND t.started IS NOT NULL', values: [-until] }
    case '>':
      return { text: 't.age <= ?', values: [-until] }
    case '>=':
      return { text: 't.age <= ?', values: [-from] }
  }
}

function timeSql(column: string, { op, from, until }: Leaf & { kind: 'time' }): Sql {
  switch (op) {
    case '=':
      return { text: `${column} >= ? AND ${column} < ?`, values: [from, until] }
    case '!=':
      return { text: `${column} < ? OR ${column} >= ?`, values: [from, until] }
    case '<':
      return { text: `${column} < ?`, values: [from] }
    case '<=':
      return { text: `${column} < ?`, values: [until] }
    case '>':
      return { text: `${column} >= ?`, values: [until] }
    case '>=':
      return { text: `${column} >= ?`, values: [from] }
  }
}

/** What is not known does not hold, and so its opposite does: SQL's third value ends here. */
function not({ text, values }: Sql): Sql {
  return { text: `(${text}) IS NOT TRUE`, values }
}

function joined(pieces: readonly Sql[], by: 'AND' | 'OR'): Sql {
  if (pieces.length === 0) return { text: by === 'AND' ? 'TRUE' : 'FALSE', values: [] }
  return {
    text: pieces.map(({ text }) => `(${text})`).join(` ${by} `),
    values: pieces.flatMap(({ values }) => values),
  }
}

function columnOf(
  of: Partial<Record<TextField | NumberField, string>>,
  field: TextField | NumberField,
): string {
  const column = of[field]
  if (column === undefined) throw new TypeError(`there is no column of "${field}"`)
  return column
}
