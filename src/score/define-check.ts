import * as z from 'zod'
import { defined } from '../lib/defined.ts'
import { canonicalJson } from '../lib/json.ts'
import { EvalkitError } from '../schema/errors.ts'
import { successMetric } from '../schema/metric.ts'
import type { Check, CheckDefinition } from './check.ts'
import { paramsFrom } from './params.ts'
import { answerOn, runPart } from './part.ts'

/** What every check takes beside its own parameters. */
export const commonOptions = z.strictObject({
  gating: z
    .boolean()
    .default(true)
    .describe('Whether this check decides `success`. One that does not is shown and never gates.'),
  as: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe(
      "The score's name, where a check is asked twice or a plainer word helps. Default: the check's.",
    ),
  on: runPart
    .optional()
    .describe(
      'The part of the run it looks at, as if that were the whole: `{ agent: name }`, what that agent did itself, or ' +
        '`{ span: kind, name, nth }`, single spans. Default: the whole run.',
    ),
})
export type CommonOptions = Readonly<z.input<typeof commonOptions>>

export type CheckOptions<S extends z.ZodObject> = z.input<S> & CommonOptions

/** A check waiting for its parameters. One whose parameters all have defaults is called with none. */
export interface CheckFactory<S extends z.ZodObject = z.ZodObject> {
  (
    ...options: Partial<z.input<S>> extends z.input<S>
      ? [options?: CheckOptions<S>]
      : [options: CheckOptions<S>]
  ): Check
  readonly definition: CheckDefinition<S>
}

/** Any factory, where only its definition matters: registries, docs, contract tests. */
export interface AnyCheckFactory {
  (options: never): Check
  readonly definition: CheckDefinition<z.ZodObject>
}

/**
 * Makes a check: `contains({ text: 'refund' })` reads its parameters and gives a question ready to be asked.
 * Wrong parameters throw `EVK_CHECK_INVALID` where the check is made, not where it is asked.
 *
 * ```ts
 * const polite = defineCheck({
 *   name: 'polite',
 *   group: 'answer',
 *   description: 'The answer says the word.',
 *   params: z.strictObject({ word: z.string().default('please') }),
 *   examples: [],
 *   answer: ({ outcome }, { word }) => ({ value: String(outcome.output).includes(word) ? 1 : 0 }),
 * })
 * polite({ word: 'thanks', as: 'says thanks', gating: false })
 * ```
 */
export function defineCheck<S extends z.ZodObject>(definition: CheckDefinition<S>): CheckFactory<S> {
  const make = (...options: readonly unknown[]): Check => checkOf(definition, options[0])
  Object.defineProperty(make, 'name', { value: definition.name })
  return Object.assign(make, { definition })
}

/** A check from its definition and options that nothing is known of. Throws `EVK_CHECK_INVALID`. */
export function checkOf<S extends z.ZodObject>(definition: CheckDefinition<S>, options: unknown = {}): Check {
  // One schema for all keys, so that a wrong one is told the nearest of them all; then the check's own, which may
  // ask more than shapes.
  const all = z.strictObject({ ...definition.params.shape, ...commonOptions.shape })
  const { gating, as, on } = commonOptions.parse(commonOf(paramsFrom(definition.name, all, options)))
  const params = paramsFrom(definition.name, definition.params, withoutCommon(options))
  const name = as ?? definition.name
  refuseReserved(name)
  // Name and gating change what `success` and the metrics mean; where they are the usual ones they go unsaid.
  const unusual = { ...defined({ as, on }), ...(gating ? {} : { gating }) }
  return {
    name,
    gating,
    identity: JSON.parse(canonicalJson({ check: definition.name, params, ...unusual })),
    definition,
    ...(definition.usesTools === undefined ? {} : { usesTools: definition.usesTools }),
    ...(definition.asksFailed === undefined ? {} : { asksFailed: definition.asksFailed }),
    answer: (subject) =>
      on === undefined
        ? definition.answer(subject, params)
        : answerOn(on, subject, (part) => definition.answer(part, params)),
  }
}

/** Throws `EVK_CHECK_INVALID` for a name that already means something else. */
export function refuseReserved(name: string): void {
  if (name !== successMetric) return
  throw new EvalkitError('EVK_CHECK_INVALID', `A check cannot be called "${successMetric}".`, {
    hint: `"${successMetric}" is the metric of all gating checks together; name the check with "as".`,
  })
}

function commonOf(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([key]) => key in commonOptions.shape))
}

function withoutCommon(options: unknown): unknown {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return options
  return Object.fromEntries(Object.entries(options).filter(([key]) => !(key in commonOptions.shape)))
}
