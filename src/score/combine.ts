import { canonicalJson } from '../lib/json.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Score } from '../schema/score.ts'
import type { Answer, Check, Subject } from './check.ts'
import { refuseReserved } from './define-check.ts'
import { asCheck, type PlainCheck } from './plain-check.ts'
import { scoreOf } from './score.ts'
import { count, listed, twoDecimals } from './show.ts'

/** What a combined check is called, and whether it decides `success`. */
export interface CombinedOptions {
  /** The score's name. Default: the word, `not <check>` for `not`. */
  readonly as?: string
  readonly gating?: boolean
}

export interface WeightedOptions extends CombinedOptions {
  /** The value from which on it passes. Default: 1. */
  readonly min?: number
}

export type CheckOrFunction = Check | PlainCheck

/**
 * Passes where a check fails, with 1 less its value; what the check cannot say, this cannot say either. Throws
 * `EVK_CHECK_INVALID` for what is no check.
 *
 * ```ts
 * not(contains({ text: 'as an AI' }))
 * ```
 */
export function not(check: CheckOrFunction, options: CombinedOptions = {}): Check {
  const member = memberOf(check, 'not', 0)
  return combined('not', `not ${member.name}`, [member], options, {}, ([score]) => {
    if (score?.status !== 'scored') return { unscored: score?.reason ?? 'the check gave no answer' }
    const { value, passed, reason } = score
    const why = reason === undefined ? '' : `: ${reason}`
    return {
      value: 1 - value,
      passed: !passed,
      reason: `${member.name} ${passed ? 'passed' : 'failed'}${why}`,
    }
  })
}

/**
 * Passes where all checks pass. One that fails decides it, even where another cannot say; else one that cannot say
 * leaves it open. The value is the least of those known: a chain is as strong as its weakest link. For a mean, see
 * `weighted`.
 */
export function all(checks: readonly CheckOrFunction[], options: CombinedOptions = {}): Check {
  return combined('all', 'all', membersOf(checks, 'all'), options, {}, (scores) => {
    const { known, open, failed } = sorted(scores)
    if (failed.length === 0 && open.length > 0) return { unscored: reasonsOf(open) }
    const value = Math.min(...known.map((score) => score.value))
    if (failed.length === 0) return { value, passed: true }
    return {
      value,
      passed: false,
      reason: `${failed.length} of ${count(scores.length, 'check')} failed: ${reasonsOf(failed)}`,
    }
  })
}

/**
 * Passes where at least one check passes, even where another cannot say. Fails where all fail; where none passes and one
 * cannot say, it is open. The value is the greatest of those known.
 */
export function any(checks: readonly CheckOrFunction[], options: CombinedOptions = {}): Check {
  return combined('any', 'any', membersOf(checks, 'any'), options, {}, (scores) => {
    const { known, open, passed } = sorted(scores)
    if (passed.length === 0 && open.length > 0) return { unscored: reasonsOf(open) }
    const value = Math.max(...known.map((score) => score.value))
    if (passed.length > 0)
      return {
        value,
        passed: true,
        reason: `${listed(
          passed.map(({ name }) => name),
          4,
        )} passed`,
      }
    return {
      value,
      passed: false,
      reason: `none of ${count(scores.length, 'check')} passed: ${reasonsOf(known)}`,
    }
  })
}

/**
 * The mean of the values of several checks, each as heavy as the number beside it; passes from `min` on, whether or not
 * each of them does. A mean with a hole is none: where one cannot say, this cannot.
 *
 * ```ts
 * weighted([[jsonDiff(), 3], [maxSteps({ steps: 5 }), 1]], { min: 0.8, as: 'right and short' })
 * ```
 */
export function weighted(
  checks: readonly (readonly [check: CheckOrFunction, weight: number])[],
  options: WeightedOptions = {},
): Check {
  const { min = 1 } = options
  if (!Array.isArray(checks) || !checks.every((pair) => Array.isArray(pair)))
    throw invalid('weighted() needs a list of pairs: [check, weight].')
  const members = membersOf(
    checks.map(([check]) => check),
    'weighted',
  )
  const weights = checks.map(([, weight]) => weight)
  for (const weight of weights) {
    if (!(weight > 0 && Number.isFinite(weight)))
      throw invalid(`A weight is ${weight}: it must be a number above 0.`)
  }
  if (!(min >= 0 && min <= 1)) throw invalid(`A weighted check passes at ${min}, not within 0 and 1.`)
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return combined('weighted', 'weighted', members, options, { weights, min }, (scores) => {
    const { open, known } = sorted(scores)
    if (open.length > 0) return { unscored: reasonsOf(open) }
    const mean = known.reduce((total, { value }, at) => total + value * (weights[at] ?? 0), 0) / sum
    const value = Math.min(1, mean)
    // Weights such as 0.1 are not what they look like in binary: a mean must not miss its mark by that.
    const passed = value >= min - 1e-12
    const parts = known.map((score, at) => `${score.name} ${twoDecimals(score.value)} × ${weights[at]}`)
    const less = passed ? '' : `, less than ${min}`
    const failed = known.filter((score) => score.value < 1 && score.reason !== undefined)
    const why = passed || failed.length === 0 ? '' : `: ${reasonsOf(failed)}`
    return { value, passed, reason: `${twoDecimals(value)}${less} (${listed(parts, 6)})${why}` }
  })
}

type Scored = Extract<Score, { status: 'scored' }>
type Unscored = Exclude<Score, { status: 'scored' }>

function sorted(scores: readonly Score[]) {
  const known = scores.filter((score): score is Scored => score.status === 'scored')
  return {
    known,
    open: scores.filter((score): score is Unscored => score.status !== 'scored'),
    passed: known.filter(({ passed }) => passed),
    failed: known.filter(({ passed }) => !passed),
  }
}

function reasonsOf(scores: readonly Score[]): string {
  return listed(
    scores.map(({ name, reason }) => (reason === undefined ? name : `${name}: ${reason}`)),
    4,
  )
}

function combined(
  word: string,
  byDefault: string,
  members: readonly Check[],
  { as, gating = true }: CombinedOptions,
  params: { readonly weights?: readonly number[]; readonly min?: number },
  decide: (scores: readonly Score[]) => Answer,
): Check {
  const name = as ?? byDefault
  if (name === '' || name.length > 100)
    throw invalid(`The name of a check has 1 to 100 characters, not ${name.length}: give it one with "as".`)
  refuseReserved(name)
  const { weights, min } = params
  const parts = members.map(({ identity }, at) =>
    weights === undefined ? identity : [identity, weights[at]],
  )
  const unusual = { ...(as === undefined ? {} : { as }), ...(gating ? {} : { gating }) }
  return {
    name,
    gating,
    // Another order asks the same.
    identity: {
      check: word,
      checks: parts.toSorted((one, other) => (canonicalJson(one) < canonicalJson(other) ? -1 : 1)),
      ...(min === undefined ? {} : { min }),
      ...unusual,
    },
    ...(members.some(({ usesTools }) => usesTools === true) ? { usesTools: true } : {}),
    // One that is not about failed runs must not be asked of them.
    ...(members.every(({ asksFailed }) => asksFailed === true) ? { asksFailed: true } : {}),
    async answer(subject: Subject) {
      const scores: Score[] = []
      for (const member of members) scores.push(await scoreOf(member, subject))
      return decide(scores)
    },
  }
}

function membersOf(checks: readonly CheckOrFunction[], word: string): readonly Check[] {
  if (!Array.isArray(checks) || checks.length === 0) throw invalid(`${word}() needs a list of checks.`)
  return checks.map((check, at) => memberOf(check, word, at))
}

/** What stands within says its part; whether that decides `success` is the whole's to say. */
function memberOf(value: CheckOrFunction, word: string, at: number): Check {
  const nameless = typeof value === 'function' && value.name === ''
  const check = asCheck(value, nameless ? { as: `check-${at + 1}` } : {})
  if (check.judge !== undefined) {
    throw new EvalkitError('EVK_CHECK_INVALID', `The judge "${check.name}" stands within ${word}().`, {
      hint: 'A judge stands alone, so that it can be calibrated and shown not to gate; several are a judge.panel().',
    })
  }
  if (check.gating) return check
  throw new EvalkitError(
    'EVK_CHECK_INVALID',
    `The check "${check.name}" within ${word}() says "gating: false".`,
    {
      hint: `Only the whole decides or not: ${word}(…, { gating: false }).`,
    },
  )
}

function invalid(message: string): EvalkitError {
  return new EvalkitError('EVK_CHECK_INVALID', message)
}
