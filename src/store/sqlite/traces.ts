import { EvalkitError } from '../../schema/errors.ts'
import type { Trace } from '../../schema/trace.ts'
import { factsOf, plain, type SpanFacts, type TraceFacts, textsOf } from '../facts.ts'
import { traceAmbiguous, traceNotFound } from '../missing.ts'
import { searchText } from '../words.ts'
import { bodyKeeper, type CompressedRow, readBody, textOf } from './bodies.ts'
import { codecs, compress } from './codec.ts'
import type { Connection } from './connection.ts'
import { damaged } from './failure.ts'
import { keepBodies, type Packed, packedText, packTrace, unpackTrace } from './record.ts'

/** Sorts after every moment there is. */
const unknownAge = Number.MAX_VALUE

/** A record smaller than this is read and written faster than it is unpacked: a run of trivial cases has thousands. */
const smallestRecord = 1024

/** Of a long record a tenth less is worth a quarter of a millisecond; of a short one, or a body, it is not. See docs/store.md. */
const levelOf = (text: string): number => (text.length < 6144 ? 3 : 6)

/**
 * When a trace is packed and its words are put where a search finds them: at once, or by `indexWords` (never lost in between).
 * Compressing and indexing are most of the cost of a trace.
 */
export type Indexing = 'at once' | 'later'

/** Adds a trace inside a transaction, unless its id is there already: whether it was added. */
export function traceAdder(
  connection: Connection,
  indexing: Indexing = 'at once',
): (trace: Trace) => boolean {
  const { statement } = connection
  const find = statement('SELECT 1 FROM traces WHERE id = ?')
  const insert = statement(`INSERT INTO traces
    (id, age, name, format, task, trial, status, ended, session, user, prompt, code, started, duration, tokens, cost,
     spans, calls, errors, summary, most_duration, most_tokens, most_cost)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const insertSpan = statement(`INSERT INTO spans
    (trace, position, kind, name, status, started, duration, tool, failed, model, tokens, cost, unpriced,
     trace_name, trace_format, trace_task, trace_status, trace_started, trace_session, trace_user, trace_prompt)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const insertTag = statement('INSERT INTO trace_tags (tag, trace) VALUES (?, ?)')
  const insertScore = statement(
    'INSERT INTO trace_scores (name, trace, position, value, passed) VALUES (?, ?, ?, ?, ?)',
  )
  const insertText = statement('INSERT INTO trace_text (rowid, words) VALUES (?, ?)')
  const insertUnindexed = statement('INSERT INTO unindexed (trace, content) VALUES (?, ?)')
  const writeRecord = recordWriter(connection)

  return (trace) => {
    if (find.get(trace.id) !== undefined) return false
    const facts = factsOf(trace)
    const { summary } = facts
    const seq = Number(insert.run(...traceRow(facts)).lastInsertRowid)
    if (indexing === 'later') insertUnindexed.run(seq, packedText(trace))
    else writeRecord(seq, summary.format, (keep) => packTrace(trace, keep))
    const copied = [
      summary.name,
      summary.format,
      summary.task ?? null,
      summary.status,
      facts.started ?? null,
      summary.session ?? null,
      summary.user ?? null,
      summary.prompt ?? null,
    ] as const
    facts.spans.forEach((span, position) => insertSpan.run(seq, position, ...spanRow(span), ...copied))
    for (const tag of summary.tags) insertTag.run(tag, seq)
    summary.scores.forEach((score, position) => {
      const passed = score.passed === undefined ? null : Number(score.passed)
      insertScore.run(score.name, seq, position, score.value ?? null, passed)
    })
    if (indexing === 'at once') insertText.run(seq, searchText(textsOf(trace)))
    return true
  }
}

/** Inside a transaction: writes a record, with the bodies it needs. */
function recordWriter(
  connection: Connection,
): (seq: number, format: string, pack: (keep: (text: string) => number) => Packed) => void {
  const { statement, dictionaries } = connection
  const keepBody = bodyKeeper(connection)
  const insertRecord = statement(
    'INSERT INTO records (trace, codec, dictionary, content) VALUES (?, ?, ?, ?)',
  )
  const insertUse = statement('INSERT INTO body_uses (trace, body) VALUES (?, ?)')
  return (seq, format, pack) => {
    const uses = new Set<number>()
    const packed = pack((text) => {
      const family = `body ${format}`
      dictionaries.learn(family, [text])
      const body = keepBody(text, family)
      uses.add(body)
      return body
    })
    insertRecord.run(seq, ...recordRow(connection, JSON.stringify(packed), format))
    for (const body of uses) insertUse.run(seq, body)
  }
}

/**
 * Inside a transaction: packs at most `limit` traces that were written without it and puts their words where a search finds
 * them, and says how many it was. A trace that is damaged has no words, stays as it is, and is not tried again.
 */
export function indexWords(connection: Connection, limit: number): number {
  const { statement } = connection
  const waiting = statement<{ trace: number; format: string; content: string | null }>(
    `SELECT u.trace, t.format, u.content FROM unindexed u JOIN traces t ON t.seq = u.trace
     ORDER BY u.trace LIMIT ?`,
  ).all(limit)
  const insertText = statement('INSERT INTO trace_text (rowid, words) VALUES (?, ?)')
  const insertDamaged = statement('INSERT INTO records (trace, codec, content) VALUES (?, ?, ?)')
  const remove = statement('DELETE FROM unindexed WHERE trace = ?')
  const writeRecord = recordWriter(connection)
  for (const { trace, format, content } of waiting) {
    const packed = content === null ? undefined : soundly(() => packedIn(content, trace, connection))
    const texts = soundly(() =>
      textsOf(packed === undefined ? readRecord(connection, trace) : unpacked(packed, trace, connection)),
    )
    if (texts !== undefined) insertText.run(trace, searchText(texts))
    if (packed !== undefined) writeRecord(trace, format, (keep) => keepBodies(packed, keep))
    else if (content !== null) insertDamaged.run(trace, codecs.plain, Buffer.from(content))
    remove.run(trace)
  }
  return waiting.length
}

/** `undefined` where what is read is damaged. */
function soundly<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (EvalkitError.is(error) && error.code === 'EVK_STORE_CORRUPT') return undefined
    throw error
  }
}

function recordRow(
  { dictionaries }: Connection,
  text: string,
  format: string,
): readonly [codec: number, dictionary: number | null, content: Uint8Array] {
  const family = `record ${format}`
  if (text.length >= smallestRecord) dictionaries.learn(family, [text])
  const dictionary = text.length < smallestRecord ? undefined : dictionaries.of(family)
  const { codec, content } = compress(text, smallestRecord, dictionary?.content, levelOf(text))
  return [codec, dictionary?.seq ?? null, content]
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
  const row = statement<CompressedRow>('SELECT codec, dictionary, content FROM records WHERE trace = ?').get(
    seq,
  )
  const text =
    row === undefined
      ? statement<{ content: string | null }>('SELECT content FROM unindexed WHERE trace = ?').get(seq)
          ?.content
      : textOf(row, `trace ${seq}`, connection)
  if (typeof text !== 'string') throw damaged(`trace ${seq} is not there`, file)
  return unpacked(packedIn(text, seq, connection), seq, connection)
}

function packedIn(text: string, seq: number, { file }: Connection): Packed {
  try {
    return JSON.parse(text) as Packed
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged(`trace ${seq} cannot be put together`, file, error)
    throw error
  }
}

function unpacked(packed: Packed, seq: number, connection: Connection): Trace {
  try {
    return unpackTrace(packed, (body) => readBody(connection, body))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw damaged(`trace ${seq} cannot be put together`, connection.file, error)
  }
}

function traceRow({ summary, started, tokens, spans }: TraceFacts): readonly (string | number | null)[] {
  return [
    summary.id,
    started === undefined ? unknownAge : -started,
    summary.name,
    summary.format,
    summary.task ?? null,
    summary.trial ?? null,
    summary.status,
    summary.ended ?? null,
    summary.session ?? null,
    summary.user ?? null,
    summary.prompt ?? null,
    summary.code ?? null,
    started ?? null,
    summary.durationMs ?? null,
    tokens ?? null,
    summary.costUsd ?? null,
    summary.spans,
    summary.toolCalls,
    summary.toolErrors,
    JSON.stringify(summary),
    mostOf(spans.map(({ durationMs }) => durationMs)),
    mostOf(spans.map((span) => span.tokens)),
    mostOf(spans.map(({ costUsd }) => costUsd)),
  ]
}

function mostOf(values: readonly (number | undefined)[]): number | null {
  return values.reduce<number | null>(
    (most, value) => (value === undefined || (most !== null && most >= value) ? most : value),
    null,
  )
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
    span.unpriced === true ? 1 : null,
  ]
}
