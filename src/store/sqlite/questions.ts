import type { GroupKey, TraceGroup, TraceQuery, TraceSummary } from '../../schema/trace-query.ts'
import { textsOf } from '../facts.ts'
import { groupsOf, type Member, type RecordedScore } from '../groups.ts'
import { type ModelUse, modelMembers, modelUses, recordedScoresOf, traceMembers } from '../members.ts'
import { predicatesOf, searchPhraseOf } from '../predicate.ts'
import { snippetOf } from '../words.ts'
import type { Connection } from './connection.ts'
import { readRecord } from './traces.ts'
import { type Sql, whereSql } from './where-sql.ts'

/** Summaries read at once: an open cursor would keep every other statement of the connection waiting. */
const pageSize = 200

/** Newest first, then by id. Bodies are opened for the snippet of a search, one trace at a time, and never else. */
export function* summaries(connection: Connection, query: TraceQuery): Generator<TraceSummary> {
  const predicates = predicatesOf(query.where)
  const phrase = searchPhraseOf(predicates)
  const where = tracesSql(predicates)
  const page = `SELECT t.seq, t.age, t.id, t.summary FROM traces t
    WHERE (t.age, t.id) > (?, ?) AND ${where.text} ORDER BY t.age, t.id LIMIT ?`
  let left = query.limit ?? Number.POSITIVE_INFINITY
  let last = { age: Number.NEGATIVE_INFINITY, id: '' }
  while (left > 0) {
    const size = Math.min(left, pageSize)
    const after = last
    const rows = connection.run(() =>
      connection
        .statement<{ seq: number; age: number; id: string; summary: string }>(page)
        .all(after.age, after.id, ...where.values, size),
    )
    for (const row of rows) {
      const summary = JSON.parse(row.summary) as TraceSummary
      if (phrase === undefined) yield summary
      else {
        const trace = connection.run(() => readRecord(connection, row.seq))
        const snippet = snippetOf(textsOf(trace), phrase.words, phrase.open)
        yield snippet === undefined ? summary : { ...summary, snippet }
      }
      last = row
    }
    left -= rows.length
    if (rows.length < size) return
  }
}

/** Counts, rates and percentiles by group: the facts come from rows, the arithmetic is every store's. */
export function groups(connection: Connection, query: TraceQuery, by: GroupKey): readonly TraceGroup[] {
  if (by === 'tool') return toolGroups(connection, query)
  const chosen = chosenSql(query)
  const rows = connection
    .statement<{ seq: number; tokens: number | null; summary: string }>(
      `SELECT t.seq, t.tokens, t.summary FROM traces t WHERE t.seq IN (${chosen.text})`,
    )
    .all(...chosen.values)
  const uses = by === 'model' ? usesByTrace(connection, chosen) : undefined
  const scores = new Map<string | number, readonly RecordedScore[]>()
  const members: Member[] = []
  for (const row of rows) {
    const summary = JSON.parse(row.summary) as TraceSummary
    const tokens = row.tokens ?? undefined
    scores.set(summary.id, recordedScoresOf(summary))
    members.push(
      ...(by === 'model'
        ? modelMembers(summary, tokens, uses?.get(row.seq) ?? [])
        : traceMembers(summary, tokens, by)),
    )
  }
  return groupsOf(members, (trace) => scores.get(trace) ?? [])
}

function toolGroups(connection: Connection, query: TraceQuery): readonly TraceGroup[] {
  const chosen = chosenSql(query)
  // What spans carry themselves is asked of them; anything else leads through the traces.
  const own = query.limit === undefined ? whereSql(predicatesOf(query.where), 'spans') : undefined
  const where = own ?? { text: `s.trace IN (${chosen.text})`, values: chosen.values }
  const calls = connection
    .statement<{ trace: number; tool: string; failed: number; duration: number | null }>(
      `SELECT s.trace, s.tool, s.failed, s.duration FROM spans s WHERE s.tool IS NOT NULL AND ${where.text}`,
    )
    .all(...where.values)
  const scores = scoresByTrace(connection, chosen)
  return groupsOf(
    calls.map((call) => ({
      key: call.tool,
      trace: call.trace,
      error: call.failed === 1,
      durationMs: call.duration ?? undefined,
    })),
    (trace) => scores.get(Number(trace)) ?? [],
  )
}

function scoresByTrace(connection: Connection, chosen: Sql): ReadonlyMap<number, readonly RecordedScore[]> {
  const rows = connection
    .statement<{ trace: number; name: string; passed: number }>(
      `SELECT v.trace, v.name, v.passed FROM trace_scores v WHERE v.passed IS NOT NULL AND v.trace IN (${chosen.text})`,
    )
    .all(...chosen.values)
  const byTrace = new Map<number, RecordedScore[]>()
  for (const { trace, name, passed } of rows) {
    const scores = byTrace.get(trace)
    if (scores === undefined) byTrace.set(trace, [{ name, passed: passed === 1 }])
    else scores.push({ name, passed: passed === 1 })
  }
  return byTrace
}

function usesByTrace(connection: Connection, chosen: Sql): ReadonlyMap<number, readonly ModelUse[]> {
  const rows = connection
    .statement<{ trace: number; model: string; tokens: number | null; cost: number | null }>(
      `SELECT s.trace, s.model, s.tokens, s.cost FROM spans s
       WHERE s.model IS NOT NULL AND s.trace IN (${chosen.text}) ORDER BY s.trace, s.position`,
    )
    .all(...chosen.values)
  const byTrace = new Map<number, ModelUse[]>()
  for (const { trace, model, tokens, cost } of rows) {
    const use = { model, tokens: tokens ?? undefined, costUsd: cost ?? undefined }
    const spans = byTrace.get(trace)
    if (spans === undefined) byTrace.set(trace, [use])
    else spans.push(use)
  }
  return new Map([...byTrace].map(([trace, spans]) => [trace, modelUses(spans)]))
}

/** The `seq` of the traces a query chooses. */
function chosenSql(query: TraceQuery): Sql {
  const where = tracesSql(predicatesOf(query.where))
  const all = `SELECT t.seq FROM traces t WHERE ${where.text}`
  if (query.limit === undefined) return { text: all, values: where.values }
  return { text: `${all} ORDER BY t.age, t.id LIMIT ?`, values: [...where.values, query.limit] }
}

function tracesSql(predicates: ReturnType<typeof predicatesOf>): Sql {
  const sql = whereSql(predicates, 'traces')
  if (sql === undefined) throw new TypeError('every field has a column of traces')
  return sql
}
