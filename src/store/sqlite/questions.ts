import type { GroupKey, TraceGroup, TraceQuery, TraceSummary } from '../../schema/trace-query.ts'
import { textsOf } from '../facts.ts'
import { groupsOf, type Member, type RecordedScore } from '../groups.ts'
import { type ModelUse, modelMembers, modelUses, recordedScoresOf, traceMembers } from '../members.ts'
import { searchPhraseOf } from '../holds.ts'
import { predicatesOf } from '../predicate.ts'
import { snippetOf } from '../words.ts'
import type { Connection } from './connection.ts'
import { readRecord } from './traces.ts'
import { copiedSql, type Sql, whereSql } from './where-sql.ts'

/** Summaries read at once: an open cursor would keep every other statement of the connection waiting. */
const pageSize = 200

/** Newest first, then by id. Bodies are opened for the snippet of a search, one trace at a time, and never else. */
export function* summaries(connection: Connection, query: TraceQuery): Generator<TraceSummary> {
  const predicates = predicatesOf(query.where)
  const phrase = searchPhraseOf(predicates)
  const where = whereSql(predicates, rarity(connection))
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
  const chosen = chosenSql(connection, query)
  const rows = connection
    .statement<{ seq: number; tokens: number | null; started: number | null; summary: string }>(
      `SELECT t.seq, t.tokens, t.started, t.summary FROM traces t WHERE t.seq IN (${chosen.text})`,
    )
    .all(...chosen.values)
  const uses = by === 'model' ? usesByTrace(connection, chosen) : undefined
  const scores = new Map<string | number, readonly RecordedScore[]>()
  const members: Member[] = []
  for (const row of rows) {
    const summary = JSON.parse(row.summary) as TraceSummary
    const tokens = row.tokens ?? undefined
    const started = row.started ?? undefined
    scores.set(summary.id, recordedScoresOf(summary))
    members.push(
      ...(by === 'model'
        ? modelMembers(summary, tokens, started, uses?.get(row.seq) ?? [])
        : traceMembers(summary, tokens, started, by)),
    )
  }
  return groupsOf(members, (trace) => scores.get(trace) ?? [])
}

function toolGroups(connection: Connection, query: TraceQuery): readonly TraceGroup[] {
  const chosen = chosenSql(connection, query)
  // What spans carry themselves is asked of them; anything else leads through the traces.
  const own = query.limit === undefined ? copiedSql(predicatesOf(query.where)) : undefined
  const where = own ?? { text: `s.trace IN (${chosen.text})`, values: chosen.values }
  const calls = connection
    .statement<{
      trace: number
      tool: string
      failed: number
      duration: number | null
      started: number | null
    }>(
      `SELECT s.trace, s.tool, s.failed, s.duration, s.trace_started AS started FROM spans s WHERE s.tool IS NOT NULL AND ${where.text}`,
    )
    .all(...where.values)
  const scores = scoresByTrace(connection, chosen)
  return groupsOf(
    calls.map((call) => ({
      key: call.tool,
      trace: call.trace,
      error: call.failed === 1,
      started: call.started ?? undefined,
      durationMs: call.duration ?? undefined,
    })),
    (trace) => scores.get(Number(trace)) ?? [],
  )
}

function scoresByTrace(connection: Connection, chosen: Sql): ReadonlyMap<number, readonly RecordedScore[]> {
  const rows = connection
    .statement<{ trace: number; name: string; passed: number; value: number | null }>(
      `SELECT v.trace, v.name, v.passed, v.value FROM trace_scores v WHERE v.passed IS NOT NULL AND v.trace IN (${chosen.text})`,
    )
    .all(...chosen.values)
  const byTrace = new Map<number, RecordedScore[]>()
  for (const { trace, name, passed, value } of rows) {
    const score = { name, passed: passed === 1, value: value ?? undefined }
    const scores = byTrace.get(trace)
    if (scores === undefined) byTrace.set(trace, [score])
    else scores.push(score)
  }
  return byTrace
}

function usesByTrace(connection: Connection, chosen: Sql): ReadonlyMap<number, readonly ModelUse[]> {
  const rows = connection
    .statement<{
      trace: number
      model: string
      tokens: number | null
      cost: number | null
      unpriced: number | null
    }>(
      `SELECT s.trace, s.model, s.tokens, s.cost, s.unpriced FROM spans s
       WHERE s.model IS NOT NULL AND s.trace IN (${chosen.text}) ORDER BY s.trace, s.position`,
    )
    .all(...chosen.values)
  const byTrace = new Map<number, Parameters<typeof modelUses>[0][number][]>()
  for (const { trace, model, tokens, cost, unpriced } of rows) {
    const use = {
      model,
      tokens: tokens ?? undefined,
      costUsd: cost ?? undefined,
      unpriced: unpriced === 1,
    }
    const spans = byTrace.get(trace)
    if (spans === undefined) byTrace.set(trace, [use])
    else spans.push(use)
  }
  return new Map([...byTrace].map(([trace, spans]) => [trace, modelUses(spans)]))
}

/** The `seq` of the traces a query chooses. */
function chosenSql(connection: Connection, query: TraceQuery): Sql {
  const where = whereSql(predicatesOf(query.where), rarity(connection))
  const all = `SELECT t.seq FROM traces t WHERE ${where.text}`
  if (query.limit === undefined) return { text: all, values: where.values }
  return { text: `${all} ORDER BY t.age, t.id LIMIT ?`, values: [...where.values, query.limit] }
}

/** More rows than this are not rare: asking each trace is then no slower, and ends as soon as enough are found. */
const mostRare = 2000

/** Whether few rows answer a question: they are counted, no further than that. */
function rarity(connection: Connection): (rows: Sql) => boolean {
  return (rows) => {
    const { n = 0 } =
      connection.run(() =>
        connection
          .statement<{ n: number }>(`SELECT count(*) AS n FROM (${rows.text} LIMIT ${mostRare + 1})`)
          .get(...rows.values),
      ) ?? {}
    return n <= mostRare
  }
}
