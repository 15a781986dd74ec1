import { defined } from '../lib/defined.ts'
import type { Judged } from '../schema/judgement.ts'
import { metricOf, type MetricValue, successMetric } from '../schema/metric.ts'
import type { Score } from '../schema/score.ts'
import type { Answer, Check, Subject } from './check.ts'

/** A reason is read by people; a longer one is cut. */
const longestReason = 2_000

/**
 * Asks every check about one outcome: one score each, in their order. Never throws: an error in a check, or an
 * answer that is no answer, is an unscored score with the reason, never a pass and never 0.
 *
 * An aborted outcome is nobody's fault of the agent's: no check is asked, all are unscored. A failed one is worth 0
 * under every check, without asking: an agent that dies early is cheap and quick, and must not pass for it. A check that
 * is about failed runs (`asksFailed`) is asked all the same; what the trial is worth stays 0 (`metricOf`).
 */
export async function score(subject: Subject, checks: readonly Check[]): Promise<Score[]> {
  const { status, reason } = subject.outcome
  const scores: Score[] = []
  for (const check of checks) {
    if (status === 'aborted') scores.push(unscored(check, reason ?? 'the trial was aborted'))
    else if (status === 'failed' && check.asksFailed !== true)
      scores.push(scored(check, 0, false, `the agent failed: ${reason ?? 'no reason'}`))
    else scores.push(await scoreOf(check, subject))
  }
  return scores
}

/** The metric `success` of one trial's scores: `metricOf` with nothing known but them. */
export function success(scores: readonly Score[]): MetricValue {
  return metricOf({ status: 'completed', scores }, successMetric)
}

/** Asks one check, whatever became of the trial. Never throws: an error in it is an unscored score. */
export async function scoreOf(check: Check, subject: Subject): Promise<Score> {
  let answer: Answer
  try {
    answer = await check.answer(subject)
  } catch (error) {
    return unscored(check, `the check threw: ${messageOf(error)}`)
  }
  if (typeof answer !== 'object' || answer === null) return unscored(check, 'the check gave no answer')
  if ('unscored' in answer) return unscored(check, answer.unscored, answer.judged)
  const { value, reason, judged } = answer
  if (typeof value !== 'number' || Number.isNaN(value)) return unscored(check, 'the check gave no number')
  if (value < 0 || value > 1) return unscored(check, `the check gave ${value}, which is not within 0 and 1`)
  return scored(check, value, answer.passed ?? value === 1, reason, judged)
}

/** What was thrown may be anything, even what has no text. */
function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message
  if (typeof error === 'object' && error !== null) {
    return 'message' in error && typeof error.message === 'string'
      ? error.message
      : 'an object that is no error'
  }
  return String(error)
}

function scored(
  check: Check,
  value: number,
  passed: boolean,
  reason: string | undefined,
  judged?: Judged,
): Score {
  const said = reason === undefined ? {} : { reason: bounded(reason) }
  return { ...headOf(check), status: 'scored', value, passed, ...said, ...defined({ judged }) }
}

function unscored(check: Check, reason: string, judged?: Judged): Score {
  return { ...headOf(check), status: 'unscored', reason: bounded(reason), ...defined({ judged }) }
}

function headOf({ name, gating, judge }: Check): Pick<Score, 'name' | 'gating' | 'source'> {
  return { name, source: judge === undefined ? 'check' : 'judge', gating }
}

function bounded(reason: string): string {
  const text = reason.toWellFormed()
  return text.length <= longestReason ? text : `${text.slice(0, longestReason - 1).toWellFormed()}…`
}
