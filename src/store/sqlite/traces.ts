import type { Trace } from '../../schema/trace.ts'
import { factsOf, plain, type SpanFacts, type TraceFacts, textsOf } from '../facts.ts'
import { traceAmbiguous, traceNotFound } from '../missing.ts'
import { searchText } from '../words.ts'
import { bodyKeeper, readBody, textOf } from './bodies.ts'
import { compress } from './codec.ts'
import type { Connection } from './connection.ts'
import { damaged } from './failure.ts'
import { type Packed, packTrace, unpackTrace } from './record.ts'

/** Sorts after every moment there is. */
const unknownAge = Number.MAX_VALUE

/** A record smaller than this is read and written faster than it is unpacked: a run of trivial cases has thousands. */
const smallestRecord = 1024

/** Adds a trace inside a transaction, unless its id is there already: whether it was added. */
export function traceAdder(connection: Connection): (trace: Trace) => boolean {
  const { statement } = connection
  const keep = bodyKeeper(connection)
  const find = statement('SELECT 1 FROM traces WHERE id = ?')
  const insert = statement(`INSERT INTO traces
    (id, age, name, format, task, trial, status, ended, started, duration, tokens, cost, spans, calls, errors, summary,
     codec, record)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const insertSpan = statement(`INSERT INTO spans
    (trace, position, kind, name, status, started, duration, tool, failed, model, tokens, cost,
     trace_name, trace_format, trace_task, trace_status, trace_started)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const insertTag = statement('INSERT INTO trace_tags (tag, trace) VALUES (?, ?)')
  const insertScore = statement(
    'INSERT INTO trace_scores (name, trace, position, value, passed) VALUES (?, ?, ?, ?, ?)',
  )
  const insertText = statement('INSERT INTO trace_text (rowid, words) VALUES (?, ?)')

  return (trace) => {
    if (find.get(trace.id) !== undefined) return false
    const facts = factsOf(trace)
    const { summary } = facts
    const { codec, content } = compress(JSON.stringify(packTrace(trace, keep)), smallestRecord)
    const seq = Number(insert.run(...traceRow(facts), codec, content).lastInsertRowid)
    const copied = [
      summary.name,
      summary.format,
      summary.task ?? null,
      summary.status,
      facts.started ?? null,
    ] as const
    facts.spans.forEach((span, position) => insertSpan.run(seq, position, ...spanRow(span), ...copied))
    for (const tag of summary.tags) insertTag.run(tag, seq)
    summary.scores.forEach((score, position) => {
      const passed = score.passed === undefined ? null : Number(score.passed)
      insertScore.run(score.name, seq, position, score.value ?? null, passed)
    })
    insertText.run(seq, searchText(textsOf(trace)))
    return true
  }
}

/** By id or prefix. Throws `EVK_TRACE_NOT_FOUND`, `EVK_TRACE_AMBIGUOUS`, `EVK_STORE_CORRUPT`. */
export function readTrace(connection: Connection, idOrPrefix: string): Trace {
  const { statement } = connection
  const prefix = plain(idOrPrefix)
  const exact = statement<{ seq: number }>('SELECT seq FROM traces WHERE id = ?').get(prefix)
  if (exact !== undefined) return readRecord(connection, exact.seq)
  if (idOrPrefix === '') throw traceNotFound(idOrPrefix)
  const found = statement<{ seq: number; id: string }>(
    'SELECT seq, id FROM traces WHERE id >= ? AND id < ? ORDER BY id LIMIT 5',
  ).all(prefix, `${prefix}\u{10ffff}`)
  const [only] = found
  if (only === undefined) throw traceNotFound(idOrPrefix)
  if (found.length > 1) {
    throw traceAmbiguous(
      idOrPrefix,
      found.map((it) => it.id),
    )
  }
  return readRecord(connection, only.seq)
}

export function readRecord(connection: Connection, seq: number): Trace {
  const { statement, file } = connection
  const row = statement<{ codec: number; record: Buffer }>(
    'SELECT codec, record FROM traces WHERE seq = ?',
  ).get(seq)
  if (row === undefined) throw damaged(`trace ${seq} is not there`, file)
  const text = textOf({ codec: row.codec, content: row.record }, `trace ${seq}`, file)
  try {
    return unpackTrace(JSON.parse(text) as Packed, (body) => readBody(connection, body))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) {
      throw damaged(`trace ${seq} cannot be put together`, file, error)
    }
    throw error
  }
}

function traceRow({ summary, started, tokens }: TraceFacts): readonly (string | number | null)[] {
  return [
    summary.id,
    started === undefined ? unknownAge : -started,
    summary.name,
    summary.format,
    summary.task ?? null,
    summary.trial ?? null,
    summary.status,
    summary.ended ?? null,
    started ?? null,
    summary.durationMs ?? null,
    tokens ?? null,
    summary.costUsd ?? null,
    summary.spans,
    summary.toolCalls,
    summary.toolErrors,
    JSON.stringify(summary),
  ]
}

function spanRow(span: SpanFacts): readonly (string | number | null)[] {
  return [
    span.kind,
    span.name,
    span.status,
    span.started ?? null,
    span.durationMs ?? null,
    span.tool ?? null,
    span.failed === undefined ? null : Number(span.failed),
    span.model ?? null,
    span.tokens ?? null,
    span.costUsd ?? null,
  ]
}
