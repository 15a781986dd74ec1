import * as z from 'zod'
import type { InlineCase } from '../dataset/load.ts'
import { defined } from '../lib/defined.ts'
import { nearestWord } from '../lib/nearest.ts'
import { isTarget, type Target } from '../replay/target.ts'
import type { Simulated } from '../replay/tool-fallback.ts'
import { functionTarget, type TargetFunction } from '../replay/targets/function.ts'
import { isUser, type UserKind } from '../replay/user.ts'
import { type PlainUser, plainUsers, userKind } from '../replay/users/index.ts'
import { slug } from '../schema/case.ts'
import { EvalkitError } from '../schema/errors.ts'
import { successMetric } from '../schema/metric.ts'
import { recordFrom } from '../schema/read.ts'
import {
  defaultReplayPolicy,
  type ReplayPolicy,
  type ReplayPolicyInput,
  replayPolicy,
} from '../schema/replay-policy.ts'
import { type Policy, type PolicyInput, policy, policyRules } from '../schema/verdict.ts'
import type { Check } from '../score/check.ts'
import { asCheck, type PlainCheck } from '../score/plain-check.ts'

/** An eval as its file writes it. */
export interface EvalInput {
  /** What it is called: on the command line, in the store, in its baseline's file name. */
  readonly name: string
  readonly description?: string
  /** The name of a dataset (`datasets/<name>.jsonl`), or the cases themselves. */
  readonly dataset: string | readonly InlineCase[]
  /** The system under test: a function of a case's input, or a target such as `loop({ … })`. */
  readonly target: TargetFunction | Target
  /** What is asked of every outcome: checks, or plain functions (one without a name is `check-<place>`). */
  readonly checks: readonly (Check | PlainCheck)[]
  /** Who answers the agent's turns. Default: `script()`, the recorded turns. */
  readonly user?: UserKind | PlainUser
  /** Trials per case. Default: as many as the case with the fewest recordings has; without recordings 1. */
  readonly trials?: number
  /** When this eval says no. Default: no drop of `success` by 5 points or more. */
  readonly gate?: PolicyInput
  /** How a replay answers what its recording does not hold. Default: not at all, the trial is aborted. */
  readonly replay?: ReplayPolicyInput
  /** What stands in for tools that read, where the recording has no answer: by name, a function of the arguments. */
  readonly simulate?: Readonly<Record<string, Simulated>>
  /** Milliseconds a trial may take before the agent has failed. Default: 300,000. */
  readonly timeoutMs?: number
  /** Trials that run at once. Default: 8. */
  readonly concurrency?: number
}

/** An eval that was checked. */
export interface Eval {
  readonly name: string
  readonly description: string | undefined
  readonly dataset: string | readonly InlineCase[]
  readonly target: Target
  readonly checks: readonly Check[]
  readonly user: UserKind
  readonly trials: number | undefined
  /** The eval's own rules; what it leaves open comes from the config, then from the defaults. */
  readonly gate: PolicyInput
  readonly replay: ReplayPolicy
  readonly simulate: Readonly<Record<string, Simulated>>
  readonly timeoutMs: number
  readonly concurrency: number
}

const callable = z.custom<TargetFunction>((value) => typeof value === 'function')

const shape = z.strictObject({
  name: slug,
  description: z.string().optional(),
  dataset: z.union([slug, z.array(z.looseObject({}))], {
    error:
      'expected the name of a dataset (lower-case letters, digits, ".", "_" and "-"), or a list of cases',
  }),
  target: z.union([callable, z.custom<Target>(isTarget)], {
    error: 'expected a function, or a target such as loop({ … })',
  }),
  checks: z
    .array(z.unknown(), { error: 'expected a list of checks' })
    .min(1, { error: 'an eval without checks proves nothing' }),
  user: z
    .union([z.enum(Object.keys(plainUsers) as [PlainUser, ...PlainUser[]]), z.custom<UserKind>(isUser)], {
      error: 'expected script(), simulated({ … }) or none()',
    })
    .default('script'),
  trials: z.number().int().min(1).max(1000).optional(),
  gate: policyRules.default({}),
  replay: replayPolicy.default(defaultReplayPolicy),
  simulate: z
    .record(
      z.string(),
      z.custom<Simulated>((value) => typeof value === 'function', { error: 'expected a function' }),
    )
    .default({}),
  timeoutMs: z
    .number()
    .positive()
    .max(2 ** 31 - 1)
    .default(300_000),
  concurrency: z.number().int().min(1).max(1000).default(8),
})

const brand = Symbol.for('evalkit.eval')

/**
 * Defines an eval: the default export of `evals/<name>.eval.ts`. Throws `EVK_EVAL_INVALID`, naming what is wrong and
 * where, and `EVK_CHECK_INVALID` for something in `checks` that is no check.
 *
 * @example
 * export default defineEval({
 *   name: 'greeting',
 *   dataset: [{ input: 'World', expected: 'Hello World!' }],
 *   target: (name: string) => `Hello ${name}!`,
 *   checks: [equals()],
 * })
 */
export function defineEval(input: EvalInput): Eval {
  const read = recordFrom(shape, input, {}, 'eval', 'EVK_EVAL_INVALID')
  const checks = read.checks.map((check, at) =>
    asCheck(check, isNameless(check) ? { as: `check-${at + 1}` } : {}),
  )
  const names = checks.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) {
    throw new EvalkitError('EVK_EVAL_INVALID', `Two checks are called "${twice}".`, {
      hint: 'Give one of them another name: as: "…".',
    })
  }
  refuseUnknownMetric(read.gate.metric, names, 'gate.metric')
  for (const metric of Object.keys(read.gate.secondary ?? {}))
    refuseUnknownMetric(metric, names, 'gate.secondary')
  return Object.assign(
    { [brand]: true },
    {
      name: read.name,
      description: read.description,
      dataset: input.dataset,
      target: isTarget(read.target) ? read.target : functionTarget(read.target),
      checks,
      user: userKind(read.user),
      trials: read.trials,
      gate: read.gate,
      replay: read.replay,
      simulate: read.simulate,
      timeoutMs: read.timeoutMs,
      concurrency: read.concurrency,
    },
  )
}

/** A function written in its place: it is called by that place. */
function isNameless(check: unknown): boolean {
  return typeof check === 'function' && check.name === ''
}

/** Whether a value came from `defineEval`, of this copy of the package or another. */
export function isEval(value: unknown): value is Eval {
  return typeof value === 'object' && value !== null && brand in value
}

/**
 * The rules an eval is gated by. The first layer wins: command line, eval file, config; then the defaults. A rule that
 * a layer does not name, or names `undefined`, comes from the next. Throws `EVK_USAGE` for rules nobody checked yet.
 */
export function policyOf(...layers: readonly PolicyInput[]): Policy {
  const rules = Object.assign({}, ...layers.toReversed().map((layer) => defined(layer))) as PolicyInput
  return recordFrom(policy, rules, {}, 'set of rules', 'EVK_USAGE')
}

/** A gate on a metric nobody measures would be found out after the run; here it costs nothing. */
function refuseUnknownMetric(metric: string | undefined, checks: readonly string[], path: string): void {
  const known = [successMetric, ...checks]
  if (metric === undefined || known.includes(metric)) return
  const nearest = nearestWord(metric, known)
  throw new EvalkitError('EVK_EVAL_INVALID', `No check is called "${metric}".`, {
    at: { path },
    details: [nearest === undefined ? `it can be ${known.join(', ')}` : `did you mean "${nearest}"?`],
    hint: `A metric is "${successMetric}", or the name of a check of this eval.`,
  })
}
