import { caseIdOf, caseOf } from '../dataset/promote.ts'
import { contentHash } from '../lib/hash.ts'
import { defined } from '../lib/defined.ts'
import { slugOf } from '../lib/slug.ts'
import { caseHash } from '../schema/case.ts'
import type { Run, Trial } from '../schema/run.ts'
import type { Trace } from '../schema/trace.ts'
import type { Store } from '../store/store.ts'

/**
 * Runs produced elsewhere, filed as the trials of a run, so that they are compared and gated like our own. A case
 * has the id and the content that promoting its trace would give it. The same traces make the same run.
 */
export class ImportedRun {
  readonly #name: string
  readonly #trials: Omit<Trial, 'run'>[] = []
  readonly #counts = new Map<string, number>()
  readonly #scores = new Set<string>()
  readonly #models = new Set<string>()
  #agent = ''

  constructor(name: string) {
    this.#name = name
  }

  /** Takes a trace as the next trial of its case. Throws `EVK_TRACE_TASKLESS` for one that names no task. */
  add(trace: Trace): void {
    const id = caseIdOf(trace)
    const trial = this.#counts.get(id) ?? 0
    this.#counts.set(id, trial + 1)
    this.#agent = slugOf(trace.name)
    for (const { name, gating } of trace.scores) if (gating) this.#scores.add(name)
    if (trace.versions.model !== undefined) this.#models.add(trace.versions.model)
    this.#trials.push({
      case: id,
      caseHash: caseHash(caseOf(trace, id)),
      trial,
      tags: trace.tags,
      // An agent that ended in an error has failed; its recorded score says so as well.
      status: 'completed',
      scores: trace.scores,
      fidelity: { share: 1, steps: 0, counts: {} },
      divergences: [],
      ...defined({ usage: trace.usage, costUsd: trace.costUsd }),
      durationMs: trace.durationMs ?? 0,
      trace: trace.id,
    })
  }

  /** Writes the run. `now` in ms since the epoch. */
  async write(
    store: Store,
    now: number,
  ): Promise<{ id: string; name: string; cases: number; trials: number }> {
    const id = `imported-${contentHash([this.#name, this.#trials.map(({ trace }) => trace)])}`
    const hashes = new Map(this.#trials.map((trial) => [trial.case, trial.caseHash]))
    const at = new Date(now).toISOString()
    const earlier = (await store.listRuns()).find((run) => run.id === id)
    const run: Run = {
      v: 1,
      id,
      name: this.#name,
      eval: this.#agent,
      dataset: this.#agent,
      mode: { llm: 'imported', tools: 'imported' },
      hashes: {
        dataset: contentHash([...hashes].map(([name, hash]) => `${name} ${hash}`).sort()),
        checks: contentHash([...this.#scores].sort()),
        fixtures: 'none',
      },
      versions: this.#models.size === 0 ? {} : { model: [...this.#models].sort().join('+') },
      cases: this.#counts.size,
      trials: Math.max(1, ...this.#counts.values()),
      startedAt: earlier?.startedAt ?? at,
      finishedAt: earlier?.finishedAt ?? at,
      status: 'finished',
    }
    await store.putRun(run)
    await store.putTrials(
      this.#trials.map((trial) => ({ ...trial, run: id })),
      [],
    )
    return { id, name: this.#name, cases: run.cases, trials: this.#trials.length }
  }
}
