import type { NumberField, Predicate, TextField } from '../predicate.ts'

/** A piece of SQL and the values of its question marks. */
export interface Sql {
  readonly text: string
  readonly values: readonly (string | number)[]
}

/** Which table the conditions are asked of: `traces t`, or `spans s` with the trace's attributes copied onto it. */
export type Asked = 'traces' | 'spans'

/**
 * Predicates as SQL that holds for the same traces as `holdsAll`. Values are always bound, never written. `undefined`
 * where a span does not carry what is asked for.
 */
export function whereSql(predicates: readonly Predicate[], asked: Asked): Sql | undefined {
  const pieces: Sql[] = []
  for (const predicate of predicates) {
    const piece = sqlOf(predicate, asked)
    if (piece === undefined) return undefined
    pieces.push(piece)
  }
  if (pieces.length === 0) return { text: 'TRUE', values: [] }
  return { text: pieces.map((it) => `(${it.text})`).join(' AND '), values: pieces.flatMap((it) => it.values) }
}

const columns: Record<Exclude<TextField, 'model' | 'tool' | 'tag'> | NumberField | 'started', string> = {
  id: 't.id',
  name: 't.name',
  format: 't.format',
  task: 't.task',
  trial: 't.trial',
  status: 't.status',
  ended: 't.ended',
  started: 't.started',
  duration: 't.duration',
  tokens: 't.tokens',
  cost: 't.cost',
  spans: 't.spans',
  calls: 't.calls',
  errors: 't.errors',
}

const copies: Partial<typeof columns> = {
  name: 's.trace_name',
  format: 's.trace_format',
  task: 's.trace_task',
  status: 's.trace_status',
  started: 's.trace_started',
}

/** Where several values of a trace stand, one a row. */
const lists = {
  model: { rows: 'SELECT v.trace FROM spans v WHERE v.model IS NOT NULL', value: 'v.model' },
  tool: { rows: 'SELECT v.trace FROM spans v WHERE v.tool IS NOT NULL', value: 'v.tool' },
  tag: { rows: 'SELECT v.trace FROM trace_tags v WHERE TRUE', value: 'v.tag' },
} as const

function sqlOf(predicate: Predicate, asked: Asked): Sql | undefined {
  const known = asked === 'traces' ? columns : copies
  const trace = asked === 'traces' ? 't.seq' : 's.trace'
  switch (predicate.kind) {
    case 'text': {
      const { field, op, value } = predicate
      if (field === 'model' || field === 'tool' || field === 'tag') {
        const list = lists[field]
        const test = op === '~' ? `holds_text(${list.value}, ?)` : `${list.value} = ?`
        return {
          text: `${trace} ${op === '!=' ? 'NOT IN' : 'IN'} (${list.rows} AND ${test})`,
          values: [value],
        }
      }
      const column = known[field]
      if (column === undefined) return undefined
      if (op === '~') return { text: `${column} IS NOT NULL AND holds_text(${column}, ?)`, values: [value] }
      return { text: `${column} ${op === '=' ? '=' : 'IS NOT'} ?`, values: [value] }
    }
    case 'number': {
      const column = known[predicate.field]
      return column === undefined
        ? undefined
        : { text: `${column} ${predicate.op} ?`, values: [predicate.value] }
    }
    case 'score': {
      const { name, op, value } = predicate
      const rows = 'SELECT v.trace FROM trace_scores v WHERE v.name = ? AND v.value IS NOT NULL'
      if (op !== '!=') return { text: `${trace} IN (${rows} AND v.value ${op} ?)`, values: [name, value] }
      const text = `${trace} IN (${rows}) AND ${trace} NOT IN (${rows} AND v.value = ?)`
      return { text, values: [name, name, value] }
    }
    case 'time':
      return known.started === undefined ? undefined : timeSql(known.started, predicate)
    case 'search': {
      // Words hold letters and digits only, so nothing in them can end the quotes or mean anything to FTS5.
      const phrase = `"${predicate.words.join(' ')}"${predicate.op === '~' ? ' *' : ''}`
      const rows = 'SELECT rowid FROM trace_text WHERE trace_text MATCH ?'
      return { text: `${trace} ${predicate.op === '!=' ? 'NOT IN' : 'IN'} (${rows})`, values: [phrase] }
    }
  }
}

function timeSql(column: string, { op, from, until }: Predicate & { kind: 'time' }): Sql {
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
