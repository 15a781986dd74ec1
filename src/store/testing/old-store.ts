import type { Trace } from '../../schema/trace.ts'
import { factsOf, textsOf } from '../facts.ts'
import { compress } from '../sqlite/codec.ts'
import { sha256 } from '../../lib/hash.ts'
import { connect } from '../sqlite/connection.ts'
import { ownMigrations } from '../sqlite/migrate.ts'
import { packTrace } from '../sqlite/record.ts'
import { searchText } from '../words.ts'

/** Writes a store as evalkit did before migration 4: its schema, its rows, its way to keep a record. */
export async function writeOldStore(file: string, traces: readonly Trace[]): Promise<void> {
  const connection = await connect(file, { migrations: ownMigrations().slice(0, 3) })
  const { statement } = connection
  connection.transaction(() => {
    for (const trace of traces) writeOldTrace(statement, trace)
  })
  connection.db.close()
}

type Statement = Awaited<ReturnType<typeof connect>>['statement']

function writeOldTrace(statement: Statement, trace: Trace): void {
  const { summary, started, tokens, spans } = factsOf(trace)
  const { session: _s, user: _u, prompt: _p, code: _c, unpriced: _n, ...known } = summary
  const keep = (text: string): number => {
    const hash = Buffer.from(sha256(text).slice(0, 32), 'hex')
    const found = statement<{ seq: number }>('SELECT seq FROM bodies WHERE hash = ?').get(hash)
    if (found !== undefined) return found.seq
    const { codec, content } = compress(text)
    const insert = statement('INSERT INTO bodies (hash, codec, content) VALUES (?, ?, ?)')
    return Number(insert.run(hash, codec, content).lastInsertRowid)
  }
  const { codec, content } = compress(JSON.stringify(packTrace(trace, keep)), 1024)
  const { lastInsertRowid } = statement(
    `INSERT INTO traces (id, age, name, format, task, trial, status, ended, started, duration, tokens, cost, spans, calls,
     errors, summary, codec, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    summary.id,
    started === undefined ? Number.MAX_VALUE : -started,
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
    JSON.stringify(known),
    codec,
    content,
  )
  const seq = Number(lastInsertRowid)
  for (const [position, span] of spans.entries()) {
    statement(
      `INSERT INTO spans (trace, position, kind, name, status, started, duration, tool, failed, model, tokens, cost,
       trace_name, trace_format, trace_task, trace_status, trace_started)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      seq,
      position,
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
      summary.name,
      summary.format,
      summary.task ?? null,
      summary.status,
      started ?? null,
    )
  }
  for (const tag of summary.tags) statement('INSERT INTO trace_tags (tag, trace) VALUES (?, ?)').run(tag, seq)
  for (const [position, { name, value, passed }] of summary.scores.entries()) {
    statement('INSERT INTO trace_scores (name, trace, position, value, passed) VALUES (?, ?, ?, ?, ?)').run(
      name,
      seq,
      position,
      value ?? null,
      passed === undefined ? null : Number(passed),
    )
  }
  statement('INSERT INTO trace_text (rowid, words) VALUES (?, ?)').run(seq, searchText(textsOf(trace)))
}
