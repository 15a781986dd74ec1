import { defined } from '../lib/defined.ts'
import { sha256 } from '../lib/hash.ts'
import type { Json } from '../schema/json.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Case } from '../schema/case.ts'
import type { Trace } from '../schema/trace.ts'
import type { Answer, Check, Subject } from './check.ts'
import { refuseReserved } from './define-check.ts'
import { paramsFrom } from './params.ts'
import { answerOn, type RunPart, runPart } from './part.ts'

/** What a plain function is asked with: the names that scorers of other libraries use. */
export interface PlainSubject {
  /** The case's input, or its messages. */
  readonly input: unknown
  readonly output: Json | undefined
  readonly expected: Json | undefined
  readonly trace: Trace
  readonly case: Case
}

export interface PlainOptions {
  /** The score's name. Default: the function's own; one without a name needs it. */
  readonly as?: string
  readonly gating?: boolean
  /** The value from which on the answer passes, where the function does not say. Default: 1. */
  readonly passAt?: number
  /** The part of the run it looks at, as if that were the whole. */
  readonly on?: RunPart
}

/**
 * A function as people and other libraries write scorers (autoevals: `({ output, expected }) => ({ name, score,
 * metadata })`). It may return a number, a boolean, or an object with `score` or `value` and, if it likes, `passed`
 * and `reason`; `null`, `undefined` and NaN mean that it cannot say.
 */
export type PlainCheck = PlainFunction | ForeignScorer

export type PlainFunction = (subject: PlainSubject) => unknown

/**
 * Any function, as far as types can see: scorers of other libraries ask for arguments narrower than ours (`output:
 * string`). Without a call signature, so that a function written in place still learns its argument from ours.
 */
export interface ForeignScorer {
  readonly name: string
  readonly length: number
  /** A factory has one, and must be called. */
  readonly definition?: never
}

/**
 * Anything that can be asked, as a check: a check stays as it is, a plain function becomes one under its own name.
 * A name is settled before the function is first asked, so that a trial in which it throws still counts under it.
 * Throws `EVK_CHECK_INVALID` for anything else, a factory that was not called, and a function without a name.
 */
// The first form is for people: a function written in place learns its argument from it.
export function asCheck(value: PlainFunction, options?: PlainOptions): Check
export function asCheck(value: unknown, options?: PlainOptions): Check
export function asCheck(value: unknown, options: PlainOptions = {}): Check {
  if (isCheck(value)) {
    if (Object.keys(options).length === 0) return value
    throw new EvalkitError(
      'EVK_CHECK_INVALID',
      `"${value.name}" is a check already: options are for plain functions.`,
      {
        hint: `Give "as" and "gating" where the check is made.`,
      },
    )
  }
  if (typeof value !== 'function') {
    throw new EvalkitError('EVK_CHECK_INVALID', `A check is needed here, and this is ${kindOf(value)}.`)
  }
  if ('definition' in value) {
    throw new EvalkitError('EVK_CHECK_INVALID', `The check "${value.name}" was not called.`, {
      hint: `Write ${value.name}({ … }) with its parameters.`,
    })
  }
  const name = options.as ?? value.name
  const { gating = true, passAt = 1 } = options
  const on = options.on === undefined ? undefined : paramsFrom(name, runPart, options.on)
  if (name === '') {
    throw new EvalkitError('EVK_CHECK_INVALID', 'A check is a function without a name.', {
      hint: 'Give it one: const polite = ({ output }) => …, or asCheck(fn, { as: "polite" }).',
    })
  }
  refuseReserved(name)
  if (!(passAt >= 0 && passAt <= 1)) {
    throw new EvalkitError(
      'EVK_CHECK_INVALID',
      `The check "${name}" passes at ${passAt}, not within 0 and 1.`,
    )
  }
  const unusual = { ...(gating ? {} : { gating }), ...(passAt === 1 ? {} : { passAt }), ...defined({ on }) }
  const source = sha256(Function.prototype.toString.call(value)).slice(0, 16)
  const ask = async (subject: Subject): Promise<Answer> =>
    answerOf(await (value as PlainFunction)(plainSubject(subject)), passAt)
  return {
    name,
    gating,
    identity: { check: name, source, ...unusual },
    answer: async (subject) => (on === undefined ? ask(subject) : answerOn(on, subject, ask)),
  }
}

function plainSubject({ case: of, outcome }: Subject): PlainSubject {
  return {
    input: of.input ?? of.messages,
    output: outcome.output,
    expected: of.expected,
    trace: outcome.trace,
    case: of,
  }
}

/** What came back, as an answer. `score()` holds the value against [0,1]. */
function answerOf(returned: unknown, passAt: number): Answer {
  if (typeof returned === 'boolean') return { value: returned ? 1 : 0 }
  if (typeof returned === 'number') return numberAnswer(returned, passAt)
  if (returned === null || returned === undefined)
    return { unscored: `the function returned ${String(returned)}` }
  if (typeof returned !== 'object') return { unscored: `the function returned ${kindOf(returned)}` }
  const fields = returned as Readonly<Record<string, unknown>>
  const reason = reasonOf(fields)
  // Some scorers report their own failure as an error beside a score of 0.
  if (fields.error !== undefined && fields.error !== null) {
    return { unscored: `the function reported an error: ${messageOf(fields.error)}` }
  }
  if (typeof fields.unscored === 'string') return { unscored: fields.unscored }
  const value = fields.score === undefined ? fields.value : fields.score
  const number = typeof value === 'boolean' ? Number(value) : value
  if (typeof number !== 'number') {
    const why = reason === undefined ? '' : `: ${reason}`
    return { unscored: `the function returned ${kindOf(value)} as its score${why}` }
  }
  const answer = numberAnswer(number, passAt)
  if ('unscored' in answer) return answer
  return {
    ...answer,
    ...(typeof fields.passed === 'boolean' ? { passed: fields.passed } : {}),
    ...(reason === undefined ? {} : { reason }),
  }
}

function numberAnswer(value: number, passAt: number): Answer {
  if (Number.isNaN(value)) return { unscored: 'the function returned NaN' }
  return { value, passed: value >= passAt }
}

/** `reason`, or the rationale that judges of other libraries put into `metadata`. */
function reasonOf(fields: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof fields.reason === 'string') return fields.reason
  const { metadata } = fields
  if (typeof metadata !== 'object' || metadata === null) return undefined
  const { rationale } = metadata as Readonly<Record<string, unknown>>
  return typeof rationale === 'string' ? rationale : undefined
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message
  return typeof error === 'string' ? error : (JSON.stringify(error) ?? 'unknown')
}

function isCheck(value: unknown): value is Check {
  if (typeof value !== 'object' || value === null) return false
  const { name, gating, identity, answer } = value as Readonly<Record<string, unknown>>
  const named = typeof name === 'string' && name !== '' && identity !== undefined
  return named && typeof gating === 'boolean' && typeof answer === 'function'
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
