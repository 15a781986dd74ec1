import type { Run, Trial } from '../../schema/run.ts'
import type { Trace } from '../../schema/trace.ts'
import { runNotFound } from '../missing.ts'
import { momentOf } from '../time.ts'
import { freshTraces } from '../trials.ts'
import type { Connection } from './connection.ts'
import { traceAdder } from './traces.ts'

/** Trials read at once: see `summaries`. */
const pageSize = 500

/** Writes a run, or its next state; a finished one stays as it is. */
export function writeRun({ statement }: Connection, run: Run): void {
  statement(
    `INSERT INTO runs (id, name, age, status, body) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, age = excluded.age, status = excluded.status,
       body = excluded.body WHERE runs.status != 'finished'`,
  ).run(run.id, run.name, -(momentOf(run.startedAt) ?? 0), run.status, JSON.stringify(run))
}

/** By id, or the newest of a name. Throws `EVK_RUN_NOT_FOUND`. */
export function readRun({ statement }: Connection, idOrName: string): Run {
  const row =
    statement<{ body: string }>('SELECT body FROM runs WHERE id = ?').get(idOrName) ??
    statement<{ body: string }>('SELECT body FROM runs WHERE name = ? ORDER BY age, seq DESC LIMIT 1').get(
      idOrName,
    )
  if (row !== undefined) return JSON.parse(row.body) as Run
  const names = statement<{ name: string }>('SELECT DISTINCT name FROM runs ORDER BY name').all()
  throw runNotFound(
    idOrName,
    names.map((it) => it.name),
  )
}

/** Newest first. */
export function readRuns({ statement }: Connection): readonly Run[] {
  return statement<{ body: string }>('SELECT body FROM runs ORDER BY age, seq DESC')
    .all()
    .map((row) => JSON.parse(row.body) as Run)
}

/** Inside a transaction: trials that are not there yet, and their traces. Throws `EVK_RUN_NOT_FOUND`. */
export function writeTrials(
  connection: Connection,
  trials: readonly Trial[],
  traces: readonly Trace[],
): void {
  const { statement } = connection
  const insert = statement(
    `INSERT INTO trials (run, case_id, trial, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  )
  const find = statement('SELECT 1 FROM trials WHERE run = ? AND case_id = ? AND trial = ?')
  const runs = new Map<string, number>()
  const runOf = (id: string): number => {
    const known = runs.get(id) ?? statement<{ seq: number }>('SELECT seq FROM runs WHERE id = ?').get(id)?.seq
    if (known === undefined) throw runNotFound(id, [])
    runs.set(id, known)
    return known
  }
  const isKnown = (trial: Trial): boolean => find.get(runOf(trial.run), trial.case, trial.trial) !== undefined
  const add = traceAdder(connection)
  for (const trace of freshTraces(trials, traces, isKnown)) add(trace)
  for (const trial of trials) insert.run(runOf(trial.run), trial.case, trial.trial, JSON.stringify(trial))
}

/** By case, then trial. */
export function* readTrials(connection: Connection, runId: string): Generator<Trial> {
  let last = { case_id: '', trial: -1 }
  for (;;) {
    const after = last
    const rows = connection.run(() =>
      connection
        .statement<{ case_id: string; trial: number; body: string }>(
          `SELECT case_id, trial, body FROM trials WHERE run = (SELECT seq FROM runs WHERE id = ?)
           AND (case_id, trial) > (?, ?) ORDER BY case_id, trial LIMIT ?`,
        )
        .all(runId, after.case_id, after.trial, pageSize),
    )
    for (const row of rows) {
      yield JSON.parse(row.body) as Trial
      last = row
    }
    if (rows.length < pageSize) return
  }
}
