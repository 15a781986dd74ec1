import { byCodeUnit } from '../lib/json.ts'
import type { CachedReply } from '../schema/cached-reply.ts'
import type { Run, Trial } from '../schema/run.ts'
import type { Score } from '../schema/score.ts'
import type { Trace } from '../schema/trace.ts'
import { jsonLength } from '../schema/trace-length.ts'
import type { GroupKey, TraceGroup, TraceQuery, TraceSummary } from '../schema/trace-query.ts'
import { factsOf, type TraceFacts, textsOf } from './facts.ts'
import { groupsOf } from './groups.ts'
import { membersOf, recordedScoresOf } from './members.ts'
import { runNotFound, traceAmbiguous, traceNotFound } from './missing.ts'
import { holdsAll, searchPhraseOf } from './holds.ts'
import { predicatesOf } from './predicate.ts'
import type { Store, TraceWeight } from './store.ts'
import { momentOf } from './time.ts'
import { freshTraces } from './trials.ts'
import { searchText, snippetOf } from './words.ts'

interface Kept {
  readonly trace: Trace
  readonly facts: TraceFacts
  /** Made when the first search asks for it. */
  searchable?: string
}

/**
 * A store that lives as long as its process: for tests, and for runs nobody keeps. Values are kept as they are
 * handed in; nouns are never changed after they were made.
 */
export function memoryStore(): Store {
  const traces = new Map<string, Kept>()
  const runs = new Map<string, { readonly run: Run; readonly order: number }>()
  const trials = new Map<string, Map<string, Trial>>()

  const replies = new Map<string, CachedReply>()
  const scores = new Map<string, Score>()

  const add = (batch: Iterable<Trace>): { added: number; known: number } => {
    let added = 0
    let known = 0
    for (const trace of batch) {
      if (traces.has(trace.id)) known++
      else {
        traces.set(trace.id, { trace, facts: factsOf(trace) })
        added++
      }
    }
    return { added, known }
  }
  const select = (query: TraceQuery): readonly Kept[] => {
    const predicates = predicatesOf(query.where)
    const found = [...traces.values()].filter((kept) =>
      holdsAll(predicates, kept.facts, () => {
        kept.searchable ??= searchText(textsOf(kept.trace))
        return kept.searchable
      }),
    )
    return found.sort(newestFirst).slice(0, query.limit)
  }
  const isKnown = (trial: Trial): boolean => trials.get(trial.run)?.has(keyOf(trial)) === true
  const newestRuns = (): Run[] =>
    [...runs.values()]
      .sort(
        (a, b) => (momentOf(b.run.startedAt) ?? 0) - (momentOf(a.run.startedAt) ?? 0) || b.order - a.order,
      )
      .map((it) => it.run)

  return {
    async putTraces(batch) {
      return add(batch)
    },
    async replaceTraces(changes) {
      let added = 0
      let known = 0
      for (const { trace, replaces } of changes) {
        for (const id of replaces) if (id !== trace.id) traces.delete(id)
        const done = add([trace])
        added += done.added
        known += done.known
      }
      return { added, known }
    },
    async indexWords() {
      // They are made when the first search asks for them.
      return 0
    },
    async getTrace(idOrPrefix) {
      const exact = traces.get(idOrPrefix)
      if (exact !== undefined) return exact.trace
      const ids = idOrPrefix === '' ? [] : [...traces.keys()].filter((id) => id.startsWith(idOrPrefix))
      const [id] = ids
      if (id === undefined) throw traceNotFound(idOrPrefix)
      if (ids.length > 1) throw traceAmbiguous(idOrPrefix, ids.sort(byCodeUnit))
      return (traces.get(id) as Kept).trace
    },
    async *listTraces(query): AsyncGenerator<TraceSummary> {
      const phrase = searchPhraseOf(predicatesOf(query.where))
      for (const { trace, facts } of select(query)) {
        const snippet =
          phrase === undefined ? undefined : snippetOf(textsOf(trace), phrase.words, phrase.open)
        yield snippet === undefined ? facts.summary : { ...facts.summary, snippet }
      }
    },
    async *weighTraces(): AsyncGenerator<TraceWeight> {
      for (const { trace, facts } of [...traces.values()].sort(newestFirst)) {
        const { started, summary } = facts
        const bytes = jsonLength(trace)
        yield { id: trace.id, tags: summary.tags, bytes, ...(started === undefined ? {} : { started }) }
      }
    },
    async removeTraces(ids) {
      let removed = 0
      for (const id of ids) if (traces.delete(id)) removed++
      return removed
    },
    async groupTraces(query: TraceQuery, by: GroupKey): Promise<readonly TraceGroup[]> {
      const found = select(query)
      const scores = new Map(found.map(({ trace, facts }) => [trace.id, recordedScoresOf(facts.summary)]))
      return groupsOf(
        found.flatMap(({ facts }) => membersOf(facts, by)),
        (trace) => scores.get(String(trace)) ?? [],
      )
    },
    async putRun(run) {
      const before = runs.get(run.id)
      if (before?.run.status === 'finished') return
      runs.set(run.id, { run, order: before?.order ?? runs.size })
    },
    async getRun(idOrName) {
      const exact = runs.get(idOrName)
      if (exact !== undefined) return exact.run
      const all = newestRuns()
      const found = all.find((run) => run.name === idOrName)
      if (found === undefined) throw runNotFound(idOrName, new Set(all.map((run) => run.name)))
      return found
    },
    async listRuns() {
      return newestRuns()
    },
    async putTrials(batch, itsTraces) {
      for (const trial of batch) {
        if (!runs.has(trial.run)) throw runNotFound(trial.run, runs.keys())
      }
      add(freshTraces(batch, itsTraces, isKnown))
      for (const trial of batch) {
        const ofRun = trials.get(trial.run) ?? new Map<string, Trial>()
        trials.set(trial.run, ofRun)
        if (!ofRun.has(keyOf(trial))) ofRun.set(keyOf(trial), trial)
      }
    },
    async *listTrials(runId): AsyncGenerator<Trial> {
      const ofRun = [...(trials.get(runId)?.values() ?? [])]
      yield* ofRun.sort((a, b) => byCodeUnit(a.case, b.case) || a.trial - b.trial)
    },
    async getReply(key) {
      return replies.get(key)
    },
    async putReply(key, reply) {
      replies.set(key, reply)
    },
    async getScore(key) {
      return scores.get(key)
    },
    async putScores(given) {
      for (const [key, score] of given) if (!scores.has(key)) scores.set(key, score)
    },
    async close() {
      // Nothing to give back: the maps go with the store.
    },
  }
}

function newestFirst(a: Kept, b: Kept): number {
  const left = a.facts.started ?? Number.NEGATIVE_INFINITY
  const right = b.facts.started ?? Number.NEGATIVE_INFINITY
  if (left !== right) return right > left ? 1 : -1
  return byCodeUnit(a.trace.id, b.trace.id)
}

function keyOf(trial: Trial): string {
  return `${trial.trial} ${trial.case}`
}
