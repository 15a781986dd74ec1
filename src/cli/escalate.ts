import { isOpen, looksOf } from '../gate/escalation.ts'
import type { Plan } from '../run/plan.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Report } from '../schema/report.ts'
import type { Run } from '../schema/run.ts'
import type { Policy } from '../schema/verdict.ts'
import { type Concluded, conclude, verdictSoFar } from './conclude.ts'
import { beginRun, finishRun, type Playing, playTrials } from './play-run.ts'

/**
 * Trials a case at each look, where a run may play more of them as long as its verdict is open; `undefined` where it may not:
 * a recording played again says what it said, a part of a dataset is not gated, and who names a number of trials wants that
 * number.
 */
export function looksFor(
  policy: Policy,
  { mode, partial, whatIf, shard }: Pick<Plan, 'mode' | 'partial' | 'whatIf' | 'shard'>,
  { trials }: { readonly trials: number | undefined },
): readonly number[] | undefined {
  if (policy.onInconclusive !== 'escalate' || mode.llm !== 'live' || trials !== undefined) return undefined
  return partial || whatIf !== undefined || shard !== undefined ? undefined : looksOf(policy)
}

/**
 * Plays every case some times more, as long as the verdict is open. It is one run: trials of earlier looks count and are not
 * played again, and one that was killed goes on at the look it was in. Where the spend cap is reached after the first look,
 * the verdict is that of the last look that was whole, and the run can be gone on with.
 */
export async function escalate(
  playing: Playing,
  concluding: Omit<Concluded, 'run'>,
  looks: readonly number[],
): Promise<{ report: Report; exit: number }> {
  const { io, project } = playing
  const [first = 1] = looks
  const atLook = (trials: number): Playing => ({ ...playing, plan: { ...playing.plan, trials } })
  let run = await beginRun(atLook(first), looks)
  if (run.status === 'finished') return conclude(project, { ...concluding, run })
  for (;;) {
    const at = looks.indexOf(run.trials)
    const [before, next] = [looks[at - 1], looks[at + 1]]
    try {
      await playTrials(atLook(run.trials), run)
    } catch (error) {
      if (!isCap(error) || before === undefined) throw error
      io.err(`${run.name}: ${error.message}\n`)
      return conclude(project, { ...concluding, run: { ...run, trials: before }, isCut: true })
    }
    if (next === undefined || !isOpen(await verdictSoFar(project, { ...concluding, run }))) break
    io.err(`${run.name}: open after ${trialsOf(run)} a case, going on to ${next}\n`)
    run = { ...run, trials: next }
  }
  return conclude(project, { ...concluding, run: await finishRun(playing, run) })
}

function isCap(error: unknown): error is EvalkitError {
  return EvalkitError.is(error) && error.code === 'EVK_SPEND_CAP'
}

function trialsOf({ trials }: Run): string {
  return `${trials} trial${trials === 1 ? '' : 's'}`
}
