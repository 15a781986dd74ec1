import type { Dataset, IndexedCase } from '../dataset/load.ts'
import { type Selection, selects } from '../dataset/select.ts'
import { defined } from '../lib/defined.ts'
import { contentHash } from '../lib/hash.ts'
import { byCodeUnit, sameJson } from '../lib/json.ts'
import { nearestWord } from '../lib/nearest.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Json } from '../schema/json.ts'
import { type KnownTools, knownTools } from '../schema/known-tools.ts'
import { successMetric } from '../schema/metric.ts'
import { defaultReplayPolicy } from '../schema/replay-policy.ts'
import type { Hashes, Mode, Shard } from '../schema/run.ts'
import type { WhatIf } from '../schema/what-if.ts'
import type { Eval } from './define-eval.ts'
import type { RecordingUse } from './estimate.ts'
import { shareOf } from './shard.ts'

/** What is known of a case's fixture before anything runs. */
export interface FixtureFacts {
  /** Of its file. */
  readonly hash: string
  /** Of the world in it: what live models said since does not count. */
  readonly worldHash: string
  readonly recordings: number
  /** Names of the tools it holds calls of. */
  readonly tools?: ReadonlySet<string>
  /** Models that answered in it, and what came out of its first recording. */
  readonly models?: ReadonlySet<string>
  readonly output?: Json
  /** What each recording used. */
  readonly uses?: readonly RecordingUse[]
  /** By recording: why what is to be put in does not fit it. */
  readonly unfit?: readonly (EvalkitError | undefined)[]
}

export interface PlanSettings {
  readonly selection: Selection
  /** Trials per case, where the command line says so. */
  readonly trials?: number | undefined
  /** The metric that gates. */
  readonly metric: string
  /** Metrics that gate beside it. */
  readonly secondary?: readonly string[] | undefined
  /** Where replies come from. Default: all from the recordings. */
  readonly mode?: Mode | undefined
  /** What is known of tools: a part of what was asked, where a check hangs on it. Default: what their names say. */
  readonly known?: KnownTools | undefined
  /** What is put into every trial. Cases it does not fit are left out, and so are those without a recording. */
  readonly whatIf?: WhatIf | undefined
  /** Only this shard's share of the cases. Hashes and trials stay those of the whole. */
  readonly shard?: Shard | undefined
}

/** Everything from the recordings. */
export const recordedMode: Mode = { llm: 'recorded', tools: 'recorded' }

/** What a run will do: decided before the first trial, from facts alone. */
export interface Plan {
  readonly eval: Eval
  readonly dataset: Dataset
  readonly mode: Mode
  readonly hashes: Hashes
  /** Ids of the cases to play. */
  readonly cases: ReadonlySet<string>
  /** Trials per case. */
  readonly trials: number
  /** Cases that are replayed against a fixture, with what was known of it when the run was planned. */
  readonly recorded: ReadonlyMap<string, FixtureFacts>
  /** Whether only a part of the dataset is played: such a run is shown, and not gated. */
  readonly partial: boolean
  /** Which part it is of a whole run of how many cases. Such a plan is partial, too. */
  readonly shard?: Shard & { readonly cases: number }
  /** What is put into every trial: such a run is not gated either. */
  readonly whatIf?: WhatIf
  /** Of these cases, trials that are not played: what is put in does not fit their recording. As `trialKey` names them. */
  readonly leftOut: ReadonlySet<string>
  /** Cases that were selected, and are not played for that reason. */
  readonly unfit: number
}

/**
 * Decides a run. Pure. `fixtures` holds those of all cases of the dataset, selected or not. Throws
 * `EVK_DATASET_EMPTY`, `EVK_CASE_NOT_FOUND` when the selection leaves nothing, `EVK_USAGE` for a number of trials
 * that is none, and `EVK_FIXTURE_TRIALS` when more trials are asked for than a case has recordings: a recording
 * played twice is one observation, not two.
 */
export function planRun(
  of: Eval,
  dataset: Dataset,
  fixtures: ReadonlyMap<string, FixtureFacts>,
  {
    selection,
    trials: asked,
    metric,
    secondary = [],
    mode = recordedMode,
    known = knownTools(),
    whatIf,
    shard,
  }: PlanSettings,
): Plan {
  if (dataset.index.length === 0) {
    throw new EvalkitError('EVK_DATASET_EMPTY', `The dataset "${dataset.name}" has no cases.`)
  }
  const chosen = dataset.index.filter((one) => selects(selection, one))
  if (chosen.length === 0) {
    const what = `None of the ${count(dataset.index.length, 'case')} of "${dataset.name}" is selected.`
    throw new EvalkitError('EVK_CASE_NOT_FOUND', what, { details: whatWasMeant(selection, dataset.index) })
  }
  const trials = trialsOf(chosen, fixtures, asked ?? of.trials, mode)
  const { cases, leftOut } =
    whatIf === undefined ? { cases: chosen, leftOut: none } : fitting(chosen, fixtures, trials)
  const share =
    shard === undefined
      ? undefined
      : shareOf(
          cases.map(({ id }) => id),
          shard,
        )
  return {
    eval: of,
    dataset,
    mode,
    hashes: {
      dataset: dataset.hash,
      checks: checksHash(of, metric, () => factsOf(fixtures, known)),
      ...userHash(of),
      ...secondaryHashes(of, secondary, () => factsOf(fixtures, known)),
      // Of all cases, even where some are selected: only whole runs are compared with a baseline, and there both
      // hashes are over the same files. In a selected run it says which state of the whole it was a part of, so that
      // `--resume` never mixes two; what was selected, `cases` and `partial` tell.
      fixtures: contentHash(
        [...fixtures].map(([id, facts]) => `${id} ${playedHash(facts, mode)}`).sort(byCodeUnit),
      ),
    },
    cases: share ?? new Set(cases.map(({ id }) => id)),
    trials,
    recorded: fixtures,
    partial: shard !== undefined || chosen.length < dataset.index.length,
    ...defined({ whatIf, shard: shard && { ...shard, cases: cases.length } }),
    leftOut,
    unfit: chosen.length - cases.length,
  }
}

const none: ReadonlySet<string> = new Set()

/** A trial of a plan, among its trials. */
export function trialKey(caseId: string, trial: number): string {
  return `${caseId} ${trial}`
}

/** Cases that have a trial into which something can be put. Throws why the first one has none, where none has any. */
function fitting(
  chosen: readonly IndexedCase[],
  fixtures: ReadonlyMap<string, FixtureFacts>,
  trials: number,
): { readonly cases: readonly IndexedCase[]; readonly leftOut: ReadonlySet<string> } {
  const leftOut = new Set<string>()
  let why: EvalkitError | undefined
  const cases = chosen.filter(({ id }) => {
    const { recordings = 0, unfit = [] } = fixtures.get(id) ?? {}
    const reasons = Array.from({ length: trials }, (_, trial) =>
      recordings === 0 ? unrecorded(id) : unfit[trial % recordings],
    )
    // The one that tells most: what is there, and what comes nearest.
    for (const reason of reasons) {
      if (reason !== undefined && !(reason.details.length <= (why?.details.length ?? -1)))
        why = placed(reason, id)
    }
    if (reasons.every((reason) => reason !== undefined)) return false
    for (const [trial, reason] of reasons.entries())
      if (reason !== undefined) leftOut.add(trialKey(id, trial))
    return true
  })
  if (cases.length === 0 && why !== undefined) throw why
  return { cases, leftOut }
}

function unrecorded(id: string): EvalkitError {
  return new EvalkitError('EVK_FIXTURE_MISSING', 'Nothing can be put into a case without a recording.', {
    at: { case: id },
    hint: 'Record it first: evalkit run --llm live --record.',
  })
}

function placed(error: EvalkitError, id: string): EvalkitError {
  const { code, message, hint, details } = error
  return new EvalkitError(code, message, { at: { ...error.at, case: id }, details, ...defined({ hint }) })
}

/** What of a fixture a run stands on: what live models said before is nothing to one whose models are live. */
export function playedHash({ hash, worldHash }: FixtureFacts, { llm }: Pick<Mode, 'llm'>): string {
  return llm === 'recorded' ? hash : worldHash
}

/**
 * Of the checks that decide the gated metric: one that is only shown may come and go without a new baseline. By name,
 * not by place: checks do not see each other, so their order changes nothing that was measured. How a replay answers what
 * its recording does not hold decides too, where it is not the default.
 */
function checksHash({ checks, replay, simulate }: Eval, metric: string, facts: () => string): string {
  const deciding = checks
    .filter(({ name, gating }) => (metric === successMetric ? gating : name === metric))
    .sort((a, b) => byCodeUnit(a.name, b.name))
  const simulated = Object.entries(simulate).map(([name, by]) => [name, contentHash(by.toString())])
  return contentHash({
    metric,
    checks: deciding.map(({ name, identity }) => ({ name, identity })),
    ...(deciding.some(({ usesTools }) => usesTools === true) ? { tools: facts() } : {}),
    ...(sameJson(replay, defaultReplayPolicy) ? {} : { replay }),
    ...(simulated.length === 0
      ? {}
      : { simulated: simulated.sort(([a = ''], [b = '']) => byCodeUnit(a, b)) }),
  })
}

/**
 * Of each secondary metric its own, so that one that is new, or whose check changed, is not comparable alone: the primary
 * metric still is.
 */
function secondaryHashes(
  of: Eval,
  metrics: readonly string[],
  facts: () => string,
): Pick<Hashes, 'secondary'> {
  if (metrics.length === 0) return {}
  const sorted = [...metrics].sort(byCodeUnit)
  return { secondary: Object.fromEntries(sorted.map((metric) => [metric, checksHash(of, metric, facts)])) }
}

/** Of what is known of the tools that the fixtures hold calls of. */
function factsOf(fixtures: ReadonlyMap<string, FixtureFacts>, known: KnownTools): string {
  const names = new Set([...fixtures.values()].flatMap(({ tools = [] }) => [...tools]))
  // Where a fact comes from does not matter: moving it from the code to the file changes nothing that was asked.
  const facts = [...names]
    .sort(byCodeUnit)
    .map((name) => [name, defined({ ...known(name), from: undefined })])
  return contentHash(facts)
}

/** Of what the user of a dialogue is told, where they are told anything: who talks to an agent is measured with it. */
function userHash({ user: { identity } }: Eval): Pick<Hashes, 'user'> {
  return identity === undefined ? {} : { user: contentHash(identity) }
}

/** How many trials a plan has in all. */
export function trialCount({ cases, trials, leftOut = none }: Counted): number {
  return cases.size * trials - leftOut.size
}

type Counted = Pick<Plan, 'cases' | 'trials'> & Partial<Pick<Plan, 'leftOut'>>

function trialsOf(
  cases: readonly IndexedCase[],
  fixtures: ReadonlyMap<string, FixtureFacts>,
  asked: number | undefined,
  { llm }: Mode,
): number {
  const recorded = cases.flatMap(({ id }) => {
    const facts = fixtures.get(id)
    return facts === undefined ? [] : [{ id, recordings: facts.recordings }]
  })
  const fewest = recorded.toSorted((a, b) => a.recordings - b.recordings)[0]
  if (asked !== undefined && !(Number.isInteger(asked) && asked >= 1)) {
    throw new EvalkitError('EVK_USAGE', `The number of trials is a whole number from 1, not ${asked}.`)
  }
  if (asked === undefined) return fewest?.recordings ?? 1
  // A live model says something new each time; a recording played twice is one observation.
  if (llm === 'recorded' && fewest !== undefined && asked > fewest.recordings) {
    throw new EvalkitError(
      'EVK_FIXTURE_TRIALS',
      `${asked} trials are asked for, but the case has ${count(fewest.recordings, 'recording')}.`,
      { at: { case: fewest.id } },
    )
  }
  return asked
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}

function whatWasMeant({ cases, tags }: Selection, index: readonly IndexedCase[]): readonly string[] {
  const ids = index.map(({ id }) => id)
  const known = [...new Set(index.flatMap((one) => one.tags))].sort(byCodeUnit)
  const near = [
    ...cases.map((glob) => nearestWord(glob, ids)),
    ...tags.filter((tag) => !known.includes(tag)).map((tag) => nearestWord(tag, known)),
  ].find((word) => word !== undefined)
  return [
    ...(near === undefined ? [] : [`did you mean "${near}"?`]),
    `its cases: ${someOf(ids)}`,
    ...(tags.length === 0 ? [] : [`its tags: ${known.length === 0 ? 'none' : someOf(known)}`]),
  ]
}

function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 5)
  return `${shown.join(', ')}${names.length > shown.length ? ', …' : ''}`
}
