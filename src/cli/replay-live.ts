import { hasFixture, readFixture } from '../dataset/fixture-file.ts'
import { caseIdOf } from '../dataset/promote.ts'
import { diffTraces } from '../replay/diff/diff-traces.ts'
import { type Play, play } from '../replay/play.ts'
import type { Check } from '../score/check.ts'
import { score } from '../score/score.ts'
import { type LiveTrial, showLiveTrials } from '../report/show-live.ts'
import { keepTrial } from '../run/rerecord.ts'
import { slug } from '../schema/case.ts'
import { type ErrorCode, EvalkitError } from '../schema/errors.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import { metricOf, successMetric } from '../schema/metric.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { Trace } from '../schema/trace.ts'
import { type Io, outJson } from './io.ts'
import type { ModeFlags, Modes } from './modes.ts'
import type { Project } from './project.ts'

/** What a command line says of live trials. */
export interface LiveOptions extends ModeFlags {
  readonly trials?: string
  readonly dataset?: string
}

/** A recorded run that is played with other models than the recorded ones. */
export interface LiveReplay {
  readonly trace: Trace
  /** Made anew for each trial: same requests are counted in it. */
  readonly trial: (index: number) => Play
  readonly trials: number
  readonly checks: readonly Check[]
  readonly known: KnownTools
  readonly document: (outcome: Outcome) => object
  /** Keeps a trial in a fixture; `undefined` where that is not asked for. */
  readonly keep: ((outcome: Outcome, index: number) => void) | undefined
}

/**
 * Plays a recorded run so many times with live models and recorded tools: is the new prompt or model better on this
 * very run? Each trial leaves a trace in the store, which `evalkit diff` compares and `evalkit replay` plays again. Gives
 * the exit code: 1 where the agent failed, or a check that gates did, in any trial; 3 where a trial could not be played
 * to its end; else 0. Throws what keeps models from being asked at all.
 */
export async function replayLive(
  io: Io,
  { store }: Project,
  replay: LiveReplay,
  { json }: { readonly json?: boolean },
): Promise<number> {
  const played: LiveTrial[] = []
  for (let index = 0; index < replay.trials && !io.signal.aborted; index++) {
    const trial = replay.trial(index)
    const outcome = await play(trial)
    if (io.signal.aborted) break
    const { code, reason = '' } = outcome
    if (outcome.status === 'aborted' && code?.startsWith('EVK_') === true && isOurs(code)) {
      if (played.length > 0 && json !== true) io.out(showLiveTrials(replay.trace, played, io.style))
      throw new EvalkitError(code as ErrorCode, reason)
    }
    await store.putTraces([outcome.trace])
    replay.keep?.(outcome, index)
    const scores = await score({ case: trial.case, outcome }, replay.checks)
    const diff = diffTraces(replay.trace, outcome.trace, replay.known)
    played.push({ outcome, scores, writes: diff.writes, severity: diff.severity })
  }
  if (json === true) {
    outJson(io, {
      trace: replay.trace.id,
      trials: played.map(({ outcome, ...rest }) => ({
        ...replay.document(outcome),
        result: outcome.status,
        saved: outcome.trace.id,
        ...rest,
      })),
    })
  } else io.out(showLiveTrials(replay.trace, played, io.style))
  if (io.signal.aborted) return 4
  return exitOfTrials(played, replay.checks.length > 0)
}

/** Keeps trial i beside recording i of the fixture that was promoted from this trace. Throws `EVK_USAGE` for none. */
export function keeperOf(
  { path, config }: Project,
  trace: Trace,
  { record, mode }: Modes,
  dataset: string | undefined,
): ((outcome: Outcome) => void) | undefined {
  if (!record) return undefined
  const fixtures = path(config.fixtures)
  const id = caseIdOf(trace)
  const known =
    dataset !== undefined && slug.safeParse(dataset).success && hasFixture(fixtures, dataset, id)
      ? readFixture(fixtures, dataset, id).fixture.recordings.findIndex((one) => one.trace === trace.id)
      : -1
  if (dataset === undefined || known === -1) {
    throw new EvalkitError('EVK_USAGE', `There is no fixture with a recording of trace ${trace.id}.`, {
      hint: 'evalkit promote <trace-id> --dataset <name>, then --record --dataset <name>.',
    })
  }
  return ({ status, fidelity, trace: made }) => {
    const trial = { case: id, trial: known, status, fidelity }
    keepTrial({ trial, trace: made }, { fixtures, dataset, mode, isNew: () => false })
  }
}

function exitOfTrials(played: readonly LiveTrial[], checked: boolean): number {
  const failed = played.some(({ outcome, scores }) => {
    if (outcome.status === 'failed') return true
    const worth = metricOf({ ...outcome, scores }, successMetric)
    return checked && 'passed' in worth && !worth.passed
  })
  if (failed) return 1
  return played.some(({ outcome }) => outcome.status === 'aborted') ? 3 : 0
}

/** Whether every further trial would end so too: a missing key, a reached cap, a provider that is down. */
export function isOurs(code: string): boolean {
  return /^EVK_(?:KEY|PRICE|PROVIDER|SPEND)_/.test(code)
}
